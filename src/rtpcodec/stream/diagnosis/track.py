"""The diagnoses of the payloads of one track."""

from __future__ import annotations

from collections import deque
from typing import Final

from rtpcodec.audio.resample import Resampler
from rtpcodec.codecs import Decoder, codec, codec_names
from rtpcodec.errors import PayloadError
from rtpcodec.kernels.levels import peak
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, payload_format
from rtpcodec.stream.diagnosis import kinds
from rtpcodec.stream.diagnosis._readings import (
    FOUND_NOISE,
    FOUND_NOISE_HERE,
    FOUND_READING,
    FOUND_RTP,
    FOUND_STEREO,
    FOUND_TEXT,
    NAMES,
    Readings,
)
from rtpcodec.stream.diagnosis._watch_states import EVEN_OCTETS, MP4_BRAND, VerdictsState
from rtpcodec.stream.diagnosis.arrival import Arrival
from rtpcodec.stream.events import Audio, Diagnosis
from rtpcodec.stream.messages import MediaFormat

_SAMPLES: Final = frozenset(name for name in codec_names() if codec(name).kind == "sample")
_FRAME_CODECS: Final = sorted(
    (name for name in codec_names() if codec(name).kind == "frame"),
    key=lambda name: not isinstance(payload_format(codec(name)), AdaptivePayloadFormat),
)
"""Adaptive codecs first: their payloads are validated in full."""
_FRAME_READERS: Final = [(name, payload_format(codec(name))) for name in _FRAME_CODECS]
_ACCEPT_ANY: Final = frozenset(name for name, reader in _FRAME_READERS if not isinstance(reader, AdaptivePayloadFormat))
ADAPTIVE: Final = "G722"
"""The sample codec whose octets are noise in every other codec: each octet depends on all before it."""
NARROW_HZ: Final = 8000
"""Its audio is judged at this rate: at 16 kHz, noise in the lower band alone is predictable."""
FRAMES: Final = 10
"""This many payloads in a row must be frames of one codec."""
UNREFUSED_FRAMES: Final = 25
"""The same for a declared codec that accepts nearly any octets: its payloads may be valid in another codec."""
FRAMES_STEP: Final = 5
"""Number of payloads before the next try."""
QUIET_PEAK: Final = 100
"""-50 dBov: line noise has lower peaks."""
PAIRS_SHARE: Final = 0.9
"""Share of the segments with sound in which all samples are doubled: two equal channels."""
SEGMENTS: Final = 15
"""Segments with sound that are needed to rely on the gain in the declared codec."""
SPEECH_GAIN_DB: Final = 3.0
"""Minimum mean prediction gain of speech in the right codec."""


class TrackVerdicts(VerdictsState):
    """Judges one track since the last change. Use from one thread at a time."""

    __slots__ = (
        "_declared",
        "_frames",
        "found_codec",
        "name",
    )

    def __init__(self, name: str, media_format: MediaFormat, byte_order: str) -> None:
        """Start to judge a track.

        Args:
            name: Name of the track.
            media_format: The declared format.
            byte_order: Byte order of L16 in the plan.
        """
        self.name = name
        self.found_codec = ""
        """The codec that was found in place of the declared one."""
        encoding = media_format.encoding
        ordered = f"{encoding} {byte_order}"
        self._declared = ordered if ordered in NAMES else encoding
        self._is_samples = encoding in _SAMPLES
        self._accepts_any = encoding in _ACCEPT_ANY
        mono = media_format.channels in (None, 1) or not self._is_samples
        self._readings = Readings(self._declared)
        self._arrival: Arrival | None = Arrival(media_format) if self._is_samples else None
        self._frames: deque[bytes] = deque(maxlen=UNREFUSED_FRAMES if self._accepts_any else FRAMES)
        self._adaptive: tuple[Decoder, Resampler, Readings] | None = None
        self._reported = not mono
        self._reads_declared = self._declared in NAMES
        self._segments = self._sound = 0

    def take(self, audio: Audio, now_ms: float) -> Diagnosis | None:
        """Judge the next chunk. Returns a diagnosis if there is enough evidence now."""
        payload = audio.payload
        if self._reported or not payload:
            return None
        return self._judge(audio, self._readings.take(payload), now_ms)

    def _judge(self, audio: Audio, found: int, now_ms: float) -> Diagnosis | None:
        """Judge a chunk. found: the bits of `Readings.take`."""
        payload = audio.payload
        # 1. A file that begins with zeros? 2. Evidence in its octets or samples?
        if payload[4:8] == MP4_BRAND:
            return kinds.file_in_payload(self.name, "an MP4 file")
        if found & ~(FOUND_NOISE | FOUND_NOISE_HERE):
            diagnosis = self._verdict(found)
            if diagnosis is not None:
                self._reported = True
                return diagnosis
        # 3. Noise in every sample codec? Then frames or G.722. 4. May it be frames of another codec?
        if found & FOUND_NOISE and self._declared != ADAPTIVE:
            diagnosis = self._noise(payload, bool(found & FOUND_NOISE_HERE))
        elif self._accepts_any or (self._is_samples and len(payload) % EVEN_OCTETS):
            diagnosis = self._odd(payload)
        else:
            diagnosis = None
        if self._adaptive is not None and not found & FOUND_NOISE:
            self._adaptive = None
        # 5. Does the audio arrive as fast as it plays?
        if diagnosis is None and self._arrival is not None:
            diagnosis = self._other_rate(self._arrival, self._arrival.take(audio.duration_ms, now_ms, audio.timestamp))
        self._reported = diagnosis is not None
        return diagnosis

    def has_sound(self, audio: Audio) -> bool:
        """Return whether the last chunk is not quiet; True if unknown."""
        if self._reads_declared:
            before, self._segments = self._segments, self._readings.segments
            is_sound = self._segments > before
        else:
            is_sound = not audio.pcm or peak(audio.pcm) > QUIET_PEAK
        self._sound += is_sound
        return is_sound

    def _wrong(self, found: str, evidence: str) -> Diagnosis:
        self.found_codec = found.partition(" ")[0]
        return kinds.wrong_reading(self._declared, found, evidence, self.name)

    def _verdict(self, found: int) -> Diagnosis | None:
        if found & FOUND_RTP:
            return kinds.rtp_header(self.name)
        if found & FOUND_TEXT:
            return kinds.base64_twice(self.name)
        better = self._readings.better if found & FOUND_READING else None
        if better is not None:
            name, gain_db, than_db = better
            evidence = f"prediction removes {gain_db:.1f} dB of these samples, and {than_db:.1f} dB as declared"
            if not self._reads_declared:
                evidence = f"prediction removes {gain_db:.1f} dB of these samples"
            return self._wrong(name, evidence)
        if found & FOUND_STEREO and better is None:
            return kinds.stereo_as_mono(
                self.name, "each sample is predicted by the second one before it, not by the one before it"
            )
        return None

    def _noise(self, payload: bytes, is_noise: bool) -> Diagnosis | None:
        """Judge octets that are noise in every sample codec: frames of a codec, or G.722.

        is_noise: Whether this payload is noise; False: only earlier ones were. The end of a burst of noise in G.711 is
            a fall in level in any codec. Octets of G.722 are noise after such a fall as well as before it.
        """
        # 1. Frames of a codec? 2. Decode them as G.722. 3. Is the result predictable, as speech is?
        diagnosis = self._odd(payload)
        if diagnosis is not None or len(payload) % EVEN_OCTETS:
            return diagnosis
        if self._adaptive is None:
            decoder = codec(ADAPTIVE).decoder()
            self._adaptive = decoder, Resampler(decoder.sample_rate_hz, NARROW_HZ), Readings("")
        decoder, resampler, readings = self._adaptive
        pcm = resampler.resample(decoder.decode(payload))
        found = readings.take(pcm) if is_noise else 0
        better = readings.better if found & FOUND_READING else None
        if better is None or better[0] != NATIVE:
            return None
        evidence = f"as declared they are noise, prediction removes {better[1]:.1f} dB of these samples"
        return self._wrong(ADAPTIVE, evidence)

    def _odd(self, payload: bytes) -> Diagnosis | None:
        """Judge octets that may be frames of another codec."""
        frames = self._frames
        frames.append(payload)
        if len(frames) < (frames.maxlen or 0):
            return None
        name = frames_of(frames)
        if name is None or name == self._declared:
            if self._accepts_any:
                frames.clear()  # most streams are as declared
            else:
                for _ in range(FRAMES_STEP):
                    frames.popleft()
            return None
        evidence = f"the last {len(frames)} are valid frames of it, with one duration"
        return self._wrong(name, evidence)

    def _other_rate(self, arrival: Arrival, ratio: float) -> Diagnosis | None:
        """Judge a rate of arrival, once the declared codec is known to be right. ratio 0: the rate is right."""
        if not ratio or self._sound < SEGMENTS:
            return None
        if self._reads_declared:
            readings = self._readings
            if readings.segments < SEGMENTS or readings.gain_db < SPEECH_GAIN_DB:
                return None
            if ratio > 1.5 and readings.equal_pairs > PAIRS_SHARE * readings.segments:
                return kinds.stereo_as_mono(self.name, f"each sample is doubled, and {ratio:.2f} s arrive per second")
        return kinds.wrong_rate(self.name, arrival.declared_hz, ratio, round(arrival.declared_hz * ratio))


NATIVE: Final = "L16 little" if memoryview(b"\1\0").cast("H")[0] == 1 else "L16 big"
"""The format of PCM that a decoder returns."""


def frames_of(payloads: deque[bytes]) -> str | None:
    """Return the frame codec in which all payloads are valid, with one duration and one mode; None: none is certain.

    Codecs with several packings are validated by lengths and padding. OPUS accepts nearly any octets, so its first
    octet, the TOC (RFC 6716 section 3.1), must be the same in all payloads, and the next ones must differ.
    """
    for name, reader in _FRAME_READERS:
        try:
            ticks = {reader.ticks(payload) for payload in payloads}
        except PayloadError:
            continue
        if len(ticks) != 1:
            continue
        tocs, contents = {payload[:1] for payload in payloads}, {payload[1:3] for payload in payloads}
        if isinstance(reader, AdaptivePayloadFormat) or (len(tocs) == 1 and len(contents) > FRAMES // 2):
            return name
    return None

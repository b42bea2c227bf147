"""One track that is received: payloads to audio, and its media time."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from rtpcodec.audio.resample import Resampler
from rtpcodec.codecs import Decoder, FecDecoder
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, PayloadFormat, SampleFormat
from rtpcodec.stream._receive_states import Ticks, TrackState
from rtpcodec.stream.media_time import Timeline, TrackClock
from rtpcodec.stream.receive_codec import ReceiveCodec

ASSUMED_CHUNK_MS: Final = 20.0
"""Length of a chunk whose codec is unknown: its payload does not say it, and nearly all have this one."""


class ReceivedTrack(TrackState):
    """One track: its payload format, decoder, resampler and media time.

    doubtful_chunks: missing while the numbering was learnt; reported when it has proved to be loss.
    lost_chunks: lost since the last audio; reported as soon as audio follows.
    watched: whether payloads that fit are of interest as well, because others did not.
    """

    __slots__ = ("_declared", "codec")

    clock: TrackClock
    payloads: PayloadFormat | None
    _made: Decoder | None

    def __init__(self, name: str, codec: ReceiveCodec, timeline: Timeline) -> None:
        self.name = name
        """All its chunks share this one str, so that those that wait do not hold a copy each."""
        self._declared = codec, codec.new_payloads()
        self.clock = TrackClock(timeline)
        self.last_ms = ASSUMED_CHUNK_MS
        """How long the last valid payload plays. A payload that does not fit is taken to be as long."""
        self.retune(codec)

    def retune(self, codec: ReceiveCodec) -> None:
        """Read the payloads from now on in this codec. Raises MissingLibrary, and changes nothing."""
        decoder = codec.new_decoder()
        self.decodes = decoder is not None
        # OPUS has 20 kB, which a call without audio does not need: it is made again for the first payload.
        self._made = None if codec.info is not None and codec.info.kind == "frame" else decoder
        self.codec = codec
        # The sending chain follows what the declared format has learnt, so that it returns with the declared codec.
        declared, payloads = self._declared
        self.payloads = payloads if codec is declared else codec.new_payloads()
        self.adapts = isinstance(self.payloads, AdaptivePayloadFormat)
        self.rate_hz = codec.pcm_hz or codec.rate_hz
        self.resampler: Resampler | None = None
        self._ticks = Ticks(codec.clock_hz)
        if isinstance(self.payloads, SampleFormat) and codec.info is not None and codec.info.unit is not None:
            unit = codec.info.unit
            self._ticks = Ticks(
                codec.clock_hz, unit.octets, unit.samples, self.payloads.clock_hz, self.payloads.sample_rate_hz
            )
        if decoder is not None and codec.pcm_hz not in (None, decoder.sample_rate_hz):
            self.resampler = Resampler(decoder.sample_rate_hz, codec.pcm_hz)

    @property
    def decoder(self) -> Decoder | None:
        """The decoder; None: payloads only."""
        if self._made is None and self.decodes:
            self._made = self.codec.new_decoder()
        return self._made

    def duration_ms(self, payload: bytes) -> float:
        """Return how long a payload plays. PayloadError: not a valid payload of the codec."""
        return ASSUMED_CHUNK_MS if self.payloads is None else self.payloads.ticks(payload) * 1000 / self._ticks.clock_hz

    def pcm_of(self, payload: bytes, duration_ms: float) -> bytes:
        """Return the audio of a payload; b"" if it does not fit the codec, which was reported when it came."""
        if self.payloads is None:
            return b""
        # Also where nothing is decoded: an adaptive payload format learns from what it reads.
        try:
            frames = self.payloads.frames(payload)
        except PayloadError:
            return b""
        decoder = self._made or self.decoder
        if decoder is None:
            return b""
        try:
            pcm = decoder.decode(frames[0]) if len(frames) == 1 else b"".join(map(decoder.decode, frames))
        except PayloadError:
            # The framing is good, but the library cannot decode its content: conceal it like a lost chunk.
            pcm = self._concealed(decoder, duration_ms)
        return pcm if self.resampler is None else self.resampler.resample(pcm)

    def concealed(self, duration_ms: float, following: bytes | None) -> bytes:
        """Return audio for a lost chunk; following: the payload right after it, which may hold a copy."""
        decoder = self.decoder
        if decoder is None:
            return b""
        pcm = None
        if following is not None and self.payloads is not None and isinstance(decoder, FecDecoder):
            samples = round(duration_ms * decoder.sample_rate_hz / 1000)
            with suppress(ValueError):  # PayloadError; or a gap that is not whole frames, by its timestamps
                pcm = decoder.decode_fec(self.payloads.frames(following)[0], samples)
        if pcm is None:
            pcm = self._concealed(decoder, duration_ms)
        return pcm if self.resampler is None else self.resampler.resample(pcm)

    @staticmethod
    def _concealed(decoder: Decoder, duration_ms: float) -> bytes:
        """The decoder is asked for a second at most, which is what frame codecs give; by then all have faded."""
        samples = round(duration_ms * decoder.sample_rate_hz / 1000)
        concealed = min(samples, decoder.sample_rate_hz)
        try:
            pcm = decoder.conceal(concealed)
        except ValueError:
            # Frame codecs give whole frames, up to a length; timestamps may say any other one.
            frame_samples = round(ASSUMED_CHUNK_MS * decoder.sample_rate_hz / 1000)
            frames = -(-concealed // frame_samples)
            pcm = b"".join(decoder.conceal(frame_samples) for _ in range(frames))[: 2 * concealed]
        return pcm + bytes(2 * samples - len(pcm))

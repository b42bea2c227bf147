"""One received track: payloads to audio, and its media time."""

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
"""Assumed duration of a chunk in an unknown codec: nearly all chunks have this duration."""


class ReceivedTrack(TrackState):
    """One track: its payload format, decoder, resampler and media time.

    doubtful_chunks: Missing while the numbering was learnt; reported when it has proved to be loss.
    lost_chunks: Lost since the last audio; reported as soon as audio follows.
    watched: Whether valid payloads are reported to the codec detector too, because others were not valid.
    """

    __slots__ = ("_declared", "codec")

    clock: TrackClock
    payloads: PayloadFormat | None
    _made: Decoder | None

    def __init__(self, name: str, codec: ReceiveCodec, timeline: Timeline) -> None:
        self.name = name
        """All its chunks share this str, so that waiting chunks do not hold one copy each."""
        self._declared = codec, codec.new_payloads()
        self.clock = TrackClock(timeline)
        self.last_ms = ASSUMED_CHUNK_MS
        """Duration of the last valid payload. It is assumed for payloads that are not valid."""
        self.retune(codec)

    def retune(self, codec: ReceiveCodec) -> None:
        """Read the payloads in this codec from now on. Raises MissingLibrary, and then changes nothing."""
        decoder = codec.new_decoder()
        self.decodes = decoder is not None
        # An OPUS decoder has 20 kB, which a call without audio does not need: it is made for the first payload.
        self._made = None if codec.info is not None and codec.info.kind == "frame" else decoder
        self.codec = codec
        # The send chain follows the payload format of the declared codec, so that object is kept for its return.
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
        """Return the duration of a payload. Raises PayloadError if it is not valid in the codec."""
        return ASSUMED_CHUNK_MS if self.payloads is None else self.payloads.ticks(payload) * 1000 / self._ticks.clock_hz

    def pcm_of(self, payload: bytes, duration_ms: float) -> bytes:
        """Return the PCM of a payload; b"" if it is not valid in the codec, which was reported on arrival."""
        if self.payloads is None:
            return b""
        # Even if nothing is decoded: an adaptive payload format learns from the payloads.
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
            # The framing is valid, but the library cannot decode the content: conceal it like a lost chunk.
            pcm = self._concealed(decoder, duration_ms)
        return pcm if self.resampler is None else self.resampler.resample(pcm)

    def concealed(self, duration_ms: float, following: bytes | None) -> bytes:
        """Return PCM for a lost chunk. following: the next payload, which may contain a copy (FEC)."""
        decoder = self.decoder
        if decoder is None:
            return b""
        pcm = None
        if following is not None and self.payloads is not None and isinstance(decoder, FecDecoder):
            samples = round(duration_ms * decoder.sample_rate_hz / 1000)
            with suppress(ValueError):  # PayloadError; or by the timestamps, the gap is not a multiple of frames
                pcm = decoder.decode_fec(self.payloads.frames(following)[0], samples)
        if pcm is None:
            pcm = self._concealed(decoder, duration_ms)
        return pcm if self.resampler is None else self.resampler.resample(pcm)

    @staticmethod
    def _concealed(decoder: Decoder, duration_ms: float) -> bytes:
        """Return generated PCM, silent after one second: by then every decoder has faded out."""
        samples = round(duration_ms * decoder.sample_rate_hz / 1000)
        concealed = min(samples, decoder.sample_rate_hz)
        try:
            pcm = decoder.conceal(concealed)
        except ValueError:
            # Frame codecs conceal whole frames up to a length, but by timestamps a gap may have any duration.
            frame_samples = round(ASSUMED_CHUNK_MS * decoder.sample_rate_hz / 1000)
            frames = -(-concealed // frame_samples)
            pcm = b"".join(decoder.conceal(frame_samples) for _ in range(frames))[: 2 * concealed]
        return pcm + bytes(2 * samples - len(pcm))

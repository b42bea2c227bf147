"""Packings of mode rtp: PCM and payloads that are due become the payloads of messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from typing_extensions import Buffer

from rtpcodec.codecs import CodecInfo
from rtpcodec.codecs.info import Encoder, FrameEncoder
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, PayloadFormat, payload_format
from rtpcodec.stream.items import Item, Packing, SendEncoding
from rtpcodec.stream.plan import MIN_MESSAGE_MS, MP3_RATES_HZ, StreamPlan
from rtpcodec.stream.send_encoding import RtpEncoding

__all__ = ["FramePacking", "Item", "Packing", "SamplePacking", "encoding_of"]

FRAME_MS: Final = float(MIN_MESSAGE_MS)
"""Of sample codecs: the shortest chunk that the carrier takes is the finest cut for an interruption."""
SAMPLES_TURN_MS: Final = 1000.0
"""Audio of a sample codec that one turn of an event loop may send: 50 messages, some 10 us each."""
FRAMES_TURN_MS: Final = 100.0
"""The same of a frame codec, whose encoders take up to 0.6 ms per frame of 20 ms."""


class SamplePacking:
    """Sample codecs: encode, and collect octets until a frame of 20 ms is complete."""

    __slots__ = (
        "_encoder",
        "_frame_ms",
        "_frame_octets",
        "_info",
        "_octets",
        "_part_of_unit",
        "frame_samples",
        "sample_rate_hz",
        "turn_ms",
        "unit_octets",
        "unit_samples",
    )

    def __init__(self, info: CodecInfo, encoder: Encoder) -> None:
        self._info = info
        self._encoder = encoder
        self.sample_rate_hz = encoder.sample_rate_hz
        self.turn_ms = SAMPLES_TURN_MS
        self.unit_octets = info.octets_per_unit
        self.unit_samples = info.samples_per_unit
        units = int(self.sample_rate_hz * FRAME_MS / 1000) // self.unit_samples
        self.frame_samples = units * self.unit_samples
        self._frame_ms = self.frame_samples * 1000 / self.sample_rate_hz
        self._frame_octets = units * self.unit_octets
        self._octets = b""  # of a frame that is not complete
        self._part_of_unit = b""  # samples of a unit that is not complete, where units have several

    def put_pcm(self, pcm: Buffer) -> Item | None:
        """Encode PCM of this frame; the frame if it is complete now."""
        if self.unit_samples > 1:
            samples = self._part_of_unit + bytes(memoryview(pcm))
            end = len(samples) - len(samples) % (2 * self.unit_samples)
            pcm, self._part_of_unit = samples[:end], samples[end:]
        return self.put_octets(self._encoder.encode(pcm))

    def put_octets(self, octets: bytes) -> Item | None:
        """Add units of this frame; the frame if it is complete now."""
        if self._octets:
            octets = self._octets + octets
        if len(octets) < self._frame_octets:
            self._octets = octets
            return None
        self._octets = b""
        return octets, self._frame_ms

    def payload_ms(self, payload: Buffer) -> float:
        """Return their samples as time."""
        return self._info.samples_in(payload) * 1000 / self.sample_rate_hz

    def reset(self) -> None:
        """Do nothing: the encoder's state is that of the octets before, from which a far end's decoder continues."""

    def follow(self, heard: PayloadFormat | None) -> None:
        """Do nothing: octets of samples have one packing."""

    def describe(self) -> str:
        """Return codec and rate."""
        return f"{self._info.name} {self.sample_rate_hz} Hz"


class FramePacking:
    """Frame codecs: collect, then encode. A message carries one payload of one frame, as none could be cut again."""

    __slots__ = (
        "_adaptive",
        "_clock_hz",
        "_frame_ms",
        "_heard",
        "_info",
        "_made",
        "_new_encoder",
        "_payloads",
        "_pcm",
        "frame_samples",
        "sample_rate_hz",
        "turn_ms",
        "unit_octets",
        "unit_samples",
    )

    def __init__(
        self, info: CodecInfo, encoder: FrameEncoder, payloads: PayloadFormat, new_encoder: Callable[[], FrameEncoder]
    ) -> None:
        """Make a packing.

        info: the codec.
        encoder: an encoder to learn its frames from. It is not kept: OPUS has 30 kB, which a silent call does not need.
        payloads: the payload format.
        new_encoder: makes the same encoder again, when the first frame is due.
        """
        self._info = info
        self._new_encoder = new_encoder
        self._made: FrameEncoder | None = None
        self._payloads = payloads
        self._adaptive = payloads if isinstance(payloads, AdaptivePayloadFormat) else None
        self._heard: PayloadFormat | None = None
        self._clock_hz = info.rtp_clock_hz(encoder.sample_rate_hz)
        self.sample_rate_hz = encoder.sample_rate_hz
        self.turn_ms = FRAMES_TURN_MS
        self.unit_octets = 0
        self.unit_samples: int | None = None
        self.frame_samples = encoder.frame_samples
        self._frame_ms = encoder.frame_samples * 1000 / self.sample_rate_hz
        self._pcm = b""  # of a frame that is not complete

    def put_pcm(self, pcm: Buffer) -> Item | None:
        """Add PCM of this frame; its payload if it is complete now."""
        octets = bytes(memoryview(pcm))
        if self._pcm:
            octets = self._pcm + octets
        if len(octets) < 2 * self.frame_samples:
            self._pcm = octets
            return None
        self._pcm = b""
        self._adopt()
        # Frames of silence from an encoder that may say nothing (DTX) go out, too. On this wire no timestamp says how
        # long a pause is, payloads alone move the far end's clock: what was left out would shorten the pause.
        return self._payloads.payload([self._encoder.encode(octets)]), self._frame_ms

    def put_octets(self, octets: bytes) -> Item | None:
        """Refuse: a payload of a frame codec is an item of its own."""
        raise TypeError(f"payloads of {self._info.name} cannot be cut, {len(octets)} octets were given")

    def payload_ms(self, payload: Buffer) -> float:
        """Return its duration by the RTP clock. PayloadError: not exactly one payload, or one that must not be sent."""
        duration_ms = self._payloads.ticks(payload) * 1000 / self._clock_hz
        if self._adaptive is not None:
            self._adaptive.require_sendable(payload)
        return duration_ms

    def reset(self) -> None:
        """Drop the encoder's history where the codec is better off without it (docs/adr/0011)."""
        if self._made is not None and not self._info.keeps_history:
            self._made.reset()

    def follow(self, heard: PayloadFormat | None) -> None:
        """Follow the far end from now on; what the payload format before this one has learnt is adopted first."""
        self._adopt()
        self._heard = heard

    def describe(self) -> str:
        """Return codec and rate, and the packing where there are several."""
        coded = f"{self._info.name} {self.sample_rate_hz} Hz"
        return coded if self._adaptive is None else f"{coded} {self._adaptive.packing}"

    @property
    def _encoder(self) -> FrameEncoder:
        if self._made is None:
            self._made = self._new_encoder()
        return self._made

    def _adopt(self) -> None:
        if self._heard is not None and self._adaptive is not None:
            self._adaptive.adopt(self._heard, self._encoder)


def encoding_of(plan: StreamPlan, pcm_hz: int | None, max_queue_ms: float) -> SendEncoding:
    """Return the encoding for what a plan sends. MissingLibrary, ValueError: the rate."""
    if plan.mode == "mp3":
        from rtpcodec.stream.packing_mp3 import Mp3Encoding  # noqa: PLC0415 -- it loads numpy

        # A file says its rate, so PCM of any that MP3 has needs no resampler.
        if pcm_hz is not None and pcm_hz not in MP3_RATES_HZ:
            raise ValueError(f"send_pcm_hz is {pcm_hz!r}, MP3 has {', '.join(map(str, MP3_RATES_HZ))}")
        return Mp3Encoding(pcm_hz or plan.send_sample_rate_hz, max_queue_ms)
    info = plan.send_info
    encoder = plan.new_encoder()
    if not isinstance(encoder, FrameEncoder):
        return RtpEncoding(SamplePacking(info, encoder), pcm_hz)
    payloads = payload_format(info, plan.send_sample_rate_hz, **plan.payload_options(info.name))
    new_encoder = cast("Callable[[], FrameEncoder]", plan.new_encoder)
    return RtpEncoding(FramePacking(info, encoder, payloads, new_encoder), pcm_hz)

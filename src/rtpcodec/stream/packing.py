"""Packings of mode rtp: PCM and payloads that are due become the payloads of messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, cast

from typing_extensions import Buffer

from rtpcodec.codecs import CodecInfo
from rtpcodec.codecs.info import Encoder, FrameEncoder
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, PayloadFormat, payload_format
from rtpcodec.stream.items import Coding, Kind, Packing, Piece
from rtpcodec.stream.plan import MIN_MESSAGE_MS, StreamPlan

__all__ = ["FramePacking", "Packing", "SamplePacking", "packing_of"]

FRAME_MS: Final = float(MIN_MESSAGE_MS)
"""Of sample codecs: the shortest chunk that the carrier takes is the finest cut for an interruption."""
SAMPLES_TURN_MS: Final = 1000.0
"""Audio of a sample codec that one turn of an event loop may send: 50 messages, some 10 us each."""
FRAMES_TURN_MS: Final = 100.0
"""The same of a frame codec, whose encoders take up to 0.6 ms per frame of 20 ms."""


class SamplePacking:
    """Sample codecs: a message holds any number of units."""

    __slots__ = (
        "_encoder",
        "_info",
        "coding",
        "frame_samples",
        "sample_rate_hz",
        "turn_ms",
        "unit_octets",
        "unit_samples",
    )

    def __init__(self, info: CodecInfo, encoder: Encoder) -> None:
        self._info = info
        self._encoder = encoder
        self.coding: Coding | None = getattr(encoder, "coding", None)
        self.sample_rate_hz = encoder.sample_rate_hz
        self.turn_ms = SAMPLES_TURN_MS
        self.unit_octets = info.octets_per_unit
        self.unit_samples = info.samples_per_unit
        units = int(self.sample_rate_hz * FRAME_MS / 1000) // self.unit_samples
        self.frame_samples = units * self.unit_samples

    def encode(self, pieces: Sequence[Piece]) -> bytes:
        """Encode the pieces of one message: PCM, and octets that are encoded already."""
        if len(pieces) == 1:
            kind, octets = pieces[0]
            return octets if kind is Kind.OCTETS else self._encoder.encode(octets)
        parts: list[bytes] = []
        pcm = b""  # of a unit that is not complete, where units have several samples
        for kind, octets in pieces:
            if kind is Kind.OCTETS:
                parts.append(octets)
                continue
            pcm += octets
            end = len(pcm) - len(pcm) % (2 * self.unit_samples)
            parts.append(self._encoder.encode(pcm[:end]))
            pcm = pcm[end:]
        return b"".join(parts)

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
    """Frame codecs: a message carries one payload of one frame, as none could be cut again."""

    __slots__ = (
        "_adaptive",
        "_clock_hz",
        "_heard",
        "_info",
        "_made",
        "_new_encoder",
        "_payloads",
        "coding",
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

        Args:
            info: The codec.
            encoder: An encoder to learn its frames from. It is not kept: OPUS has 30 kB, which a silent call does not
                need.
            payloads: The payload format.
            new_encoder: Makes the same encoder again, when the first frame is due.
        """
        self._info = info
        self._new_encoder = new_encoder
        self._made: FrameEncoder | None = None
        self._payloads = payloads
        self._adaptive = payloads if isinstance(payloads, AdaptivePayloadFormat) else None
        self._heard: PayloadFormat | None = None
        self._clock_hz = info.rtp_clock_hz(encoder.sample_rate_hz)
        self.sample_rate_hz = encoder.sample_rate_hz
        self.coding: Coding | None = None
        self.turn_ms = FRAMES_TURN_MS
        self.unit_octets = 0
        self.unit_samples: int | None = None
        self.frame_samples = encoder.frame_samples

    def encode(self, pieces: Sequence[Piece]) -> bytes:
        """Encode the PCM of one frame, or return the payload that is a message of its own."""
        kind, octets = pieces[0]
        if kind is Kind.ITEM:
            return octets
        if len(pieces) > 1:
            octets = b"".join([pcm for _, pcm in pieces])
        self._adopt()
        # Frames of silence from an encoder that may say nothing (DTX) go out, too. On this wire no timestamp says how
        # long a pause is, payloads alone move the far end's clock: what was left out would shorten the pause.
        return self._payloads.payload([self._encoder.encode(octets)])

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


def packing_of(plan: StreamPlan) -> Packing:
    """Return the packing for what a plan of mode rtp sends. MissingLibrary."""
    info = plan.send_info
    encoder = plan.new_encoder()
    if not isinstance(encoder, FrameEncoder):
        return SamplePacking(info, encoder)
    payloads = payload_format(info, plan.send_sample_rate_hz, **plan.payload_options(info.name))
    return FramePacking(info, encoder, payloads, cast("Callable[[], FrameEncoder]", plan.new_encoder))

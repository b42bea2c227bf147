"""Packings of mode rtp: due PCM and payloads to the payloads of messages."""

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
"""Message duration of sample codecs: the shortest chunk that the carrier accepts gives the finest interruption."""
SAMPLES_TURN_MS: Final = 1000.0
"""Audio of a sample codec that one turn of an event loop may send: 50 messages of about 10 us each."""
FRAMES_TURN_MS: Final = 100.0
"""The same for frame codecs, whose encoders take up to 0.6 ms per frame of 20 ms."""


class SamplePacking:
    """Packing of sample codecs: a message contains any number of units."""

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
        """Encode the pieces of one message: PCM, and octets that are already encoded."""
        if len(pieces) == 1:
            kind, octets = pieces[0]
            return octets if kind is Kind.OCTETS else self._encoder.encode(octets)
        parts: list[bytes] = []
        pcm = b""  # of an incomplete unit, for codecs with several samples per unit
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
        """Return the duration of encoded octets."""
        return self._info.samples_in(payload) * 1000 / self.sample_rate_hz

    def reset(self) -> None:
        """Do nothing: the far end's decoder continues from the octets before, and so does the encoder."""

    def follow(self, heard: PayloadFormat | None) -> None:
        """Do nothing: sample codecs have only one packing."""

    def describe(self) -> str:
        """Return codec and rate."""
        return f"{self._info.name} {self.sample_rate_hz} Hz"


class FramePacking:
    """Packing of frame codecs: a message contains one payload with one frame, because payloads cannot be cut."""

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
            encoder: An encoder, for facts about its frames. It is not kept: OPUS needs 30 kB, which a silent call
                saves.
            payloads: The payload format.
            new_encoder: Makes the same encoder again when the first frame is due.
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
        """Encode the PCM of one frame, or return a payload that is already one message."""
        kind, octets = pieces[0]
        if kind is Kind.ITEM:
            return octets
        if len(pieces) > 1:
            octets = b"".join([pcm for _, pcm in pieces])
        self._adopt()
        # Frames of silence from an encoder with DTX are sent too. Our messages have no timestamps: payloads alone
        # advance the far end's clock, so an omitted frame would shorten the pause.
        return self._payloads.payload([self._encoder.encode(octets)])

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration by the RTP clock. Raises PayloadError if it is not one payload, or must not be sent."""
        duration_ms = self._payloads.ticks(payload) * 1000 / self._clock_hz
        if self._adaptive is not None:
            self._adaptive.require_sendable(payload)
        return duration_ms

    def reset(self) -> None:
        """Clear the encoder's history, unless the codec keeps it (docs/adr/0011-packings-and-mode-mp3.md)."""
        if self._made is not None and not self._info.keeps_history:
            self._made.reset()

    def follow(self, heard: PayloadFormat | None) -> None:
        """Follow the far end from now on. The previous payload format is adopted first, with all that it has learnt."""
        self._adopt()
        self._heard = heard

    def describe(self) -> str:
        """Return codec and rate, and the packing if the codec has several."""
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
    """Return the packing for the send codec of a plan of mode rtp. Raises MissingLibrary."""
    info = plan.send_info
    encoder = plan.new_encoder()
    if not isinstance(encoder, FrameEncoder):
        return SamplePacking(info, encoder)
    payloads = payload_format(info, plan.send_sample_rate_hz, **plan.payload_options(info.name))
    return FramePacking(info, encoder, payloads, cast("Callable[[], FrameEncoder]", plan.new_encoder))

"""The payload format of the codec ZIP16: 1 or 2 frames after lengths of 2 octets, in one of two byte orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from typing_extensions import Buffer

from rtpcodec.codecs.info import Encoder
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads import PayloadFormat
from tests.codecs.example_codec import Zip16Encoder

FRAME_TICKS = 1800
"""20 ms by a clock of 90000 Hz."""


class Zip16Format:
    """Detects the byte order of the lengths: a frame is far shorter than 256 octets times 256."""

    def __init__(self) -> None:
        self.packing: Literal["little", "big"] = "big"
        self.wants_level: int | None = None

    def frames(self, payload: Buffer, /) -> list[bytes]:
        packing, frames = self._read(bytes(memoryview(payload)))
        self.packing = packing
        self.wants_level = 0 if len(frames) > 1 else None
        return frames

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        return b"".join(len(frame).to_bytes(2, self.packing) + frame for frame in frames)

    def ticks(self, payload: Buffer, /) -> int:
        return FRAME_TICKS * len(self._read(bytes(memoryview(payload)))[1])

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        for number, frame in enumerate(self.frames(payload)):
            if len(frame) + 2 > max_octets:
                raise PayloadError(f"ZIP16 frame has {len(frame)} octets, max_octets is {max_octets}")
            yield self.payload([frame]), number * FRAME_TICKS

    def adopt(self, heard: PayloadFormat, encoder: Encoder, /) -> None:
        if isinstance(heard, Zip16Format):
            self.packing = heard.packing
            if heard.wants_level is not None and isinstance(encoder, Zip16Encoder):
                encoder.level = heard.wants_level

    def require_sendable(self, payload: Buffer, /) -> None:
        if self._read(bytes(memoryview(payload)))[0] != "big":
            raise PayloadError("ZIP16 payload is in little-endian packing, which others write by mistake")

    @staticmethod
    def _read(octets: bytes) -> tuple[Literal["little", "big"], list[bytes]]:
        orders: tuple[Literal["big"], Literal["little"]] = ("big", "little")
        for packing in orders:
            frames, at = [], 0
            while at + 2 <= len(octets):
                end = at + 2 + int.from_bytes(octets[at : at + 2], packing)
                frames.append(octets[at + 2 : end])
                at = end
            if at == len(octets) and frames:
                return packing, frames
        raise PayloadError(f"ZIP16 payload of {len(octets)} octets is not made of whole frames")

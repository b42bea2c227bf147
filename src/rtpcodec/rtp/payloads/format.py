"""The contracts of payload formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from typing_extensions import Buffer

from rtpcodec.codecs.info import Encoder


class PayloadFormat(Protocol):
    """How frames lie in the payloads of one direction of one stream. Use from one thread at a time."""

    def frames(self, payload: Buffer, /) -> list[bytes]:
        """Return what a decoder takes one by one, in order. PayloadError: not a valid payload of this codec."""

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        """Return one payload of frames as an encoder gives them. PayloadError: no payload can hold them."""

    def ticks(self, payload: Buffer, /) -> int:
        """Return how long a payload lasts by the codec's RTP clock. PayloadError as for frames."""

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        """Yield payloads of at most so many octets, and where each begins, in ticks from the start of the whole.

        PayloadError: not a valid payload of this codec, or one that cannot be cut so small.
        """


@runtime_checkable
class AdaptivePayloadFormat(PayloadFormat, Protocol):
    """A payload format with several packings: it learns from what it reads, and the other direction adopts that."""

    @property
    def packing(self) -> str:
        """The packing that payloads are made in now."""

    def adopt(self, heard: PayloadFormat, encoder: Encoder, /) -> None:
        """Send as the far end asks.

        heard: the payload format that reads the far end's payloads, with what it has learnt so far. One of another
            codec says nothing and changes nothing.
        encoder: makes the frames that this format packs; its settings follow the far end's requests.
        """

    def require_sendable(self, payload: Buffer, /) -> None:
        """Check a payload that somebody else packed. PayloadError: it can be read here, but must not be sent."""

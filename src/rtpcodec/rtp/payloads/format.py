"""The contracts of payload formats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from typing_extensions import Buffer

from rtpcodec.codecs.info import Encoder


class PayloadFormat(Protocol):
    """Converts frames to payloads and back, for one direction of one stream. Use from one thread at a time."""

    def frames(self, payload: Buffer, /) -> list[bytes]:
        """Return the frames of a payload in order, for the decoder. PayloadError: not a valid payload of this codec."""

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        """Return one payload with frames of an encoder. PayloadError: a payload cannot hold them."""

    def ticks(self, payload: Buffer, /) -> int:
        """Return the duration of a payload in ticks of the codec's RTP clock. PayloadError: as for `frames`."""

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        """Yield payloads of at most max_octets, each with its begin in ticks from the start of the whole.

        Raises:
            PayloadError: not a valid payload of this codec, or it cannot be split into pieces of max_octets.
        """


@runtime_checkable
class AdaptivePayloadFormat(PayloadFormat, Protocol):
    """A payload format with several packings: it detects the received packing, and the sending direction adopts it."""

    @property
    def packing(self) -> str:
        """The current packing of `payload`."""

    def adopt(self, heard: PayloadFormat, encoder: Encoder, /) -> None:
        """Adopt the packing and the requests of the far end.

        Args:
            heard: the payload format that reads the far end's payloads. One of another codec changes nothing.
            encoder: the encoder of the frames that this format packs; its mode follows the far end's requests.
        """

    def require_sendable(self, payload: Buffer, /) -> None:
        """Check a payload packed elsewhere. PayloadError: it can be read, but must not be sent."""

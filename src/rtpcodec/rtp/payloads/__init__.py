"""How frames lie in payloads: what a decoder takes one by one, and what one RTP packet or one message carries.

sample         sample codecs: any run of octets (RFC 3551)
opus           one packet a payload (RFC 7587)
amrwb          AMR-WB, and which packing a stream has (RFC 4867)
amrwb_packing  the packings themselves
amrwb_file     storage files
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from typing_extensions import Buffer

from rtpcodec.codecs.info import CodecInfo
from rtpcodec.errors import UnknownCodec
from rtpcodec.rtp.payloads.amrwb import AmrWbFormat
from rtpcodec.rtp.payloads.opus import OpusFormat
from rtpcodec.rtp.payloads.sample import SampleFormat

__all__ = ["AmrWbFormat", "OpusFormat", "PayloadFormat", "SampleFormat", "payload_format"]


class PayloadFormat(Protocol):
    """How frames lie in the payloads of one direction of one stream. Use from one thread at a time."""

    def frames(self, payload: Buffer, /) -> list[bytes]:
        """What a decoder takes one by one, in order. PayloadError: octets that are no payload of this codec."""

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        """Frames as an encoder gives them in one payload. PayloadError: frames that no payload can hold."""

    def ticks(self, payload: Buffer, /) -> int:
        """How long a payload lasts by the codec's RTP clock. PayloadError as for frames."""

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        """Payloads of at most so many octets, and where each begins, in ticks from the start of the whole.

        PayloadError: no payload of this codec, or one that cannot be cut so small.
        """


_FRAME_FORMATS: dict[str, Callable[..., PayloadFormat]] = {"OPUS": OpusFormat, "AMR-WB": AmrWbFormat}


def payload_format(info: CodecInfo, sample_rate_hz: int | None = None, **options: Any) -> PayloadFormat:
    """A new payload format for one direction of one stream; options are those of AmrWbFormat, others have none.

    TypeError: an option that this codec does not have. ValueError: a sample rate or a value that it does not have.
    UnknownCodec: a frame codec whose payloads are not known here.

    >>> payload_format(codec("G722")).ticks(bytes(160))
    160
    >>> amrwb = payload_format(codec("AMR-WB"), packing="octet-aligned")
    >>> amrwb.payload([bytes.fromhex("7c")]).hex()
    'f07c'
    """
    rate_hz = info.sample_rate_hz(sample_rate_hz)
    if info.kind == "sample":
        return SampleFormat(info, rate_hz, **options)
    format_of = _FRAME_FORMATS.get(info.name)
    if format_of is None:
        raise UnknownCodec(f"no payload format is known for {info.name}, only for {', '.join(_FRAME_FORMATS)}")
    return format_of(**options)

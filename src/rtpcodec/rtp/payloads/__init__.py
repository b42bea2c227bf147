"""Frames to payloads and back: a decoder takes frames one by one, an RTP packet or a message carries a payload.

format           the contracts: PayloadFormat, and AdaptivePayloadFormat for codecs with several packings
sample           sample codecs: any run of octets (RFC 3551 section 4.5)
opus             one packet per payload (RFC 7587 section 4.2)
amrwb            AMR-WB, and the packing of a stream (RFC 4867 section 4)
amrwb_packing    the packings themselves
amrwb_file       storage files (RFC 4867 section 5)
telephone_event  digits to packets, packets to digits (RFC 4733 section 2)
key_press        which packets belong to one key press
comfort_noise    noise measured, sent and generated (RFC 3389)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rtpcodec.codecs.info import CodecInfo
from rtpcodec.errors import UnknownCodec
from rtpcodec.lazy import public_names
from rtpcodec.rtp.payloads.amrwb import AmrWbFormat
from rtpcodec.rtp.payloads.format import AdaptivePayloadFormat, PayloadFormat
from rtpcodec.rtp.payloads.opus import OpusFormat
from rtpcodec.rtp.payloads.sample import SampleFormat

if TYPE_CHECKING:
    from rtpcodec.rtp.payloads import amrwb_file as amrwb_file
    from rtpcodec.rtp.payloads import comfort_noise as comfort_noise
    from rtpcodec.rtp.payloads import telephone_event as telephone_event

__all__ = [
    "AdaptivePayloadFormat",
    "AmrWbFormat",
    "OpusFormat",
    "PayloadFormat",
    "SampleFormat",
    "amrwb_file",
    "comfort_noise",
    "payload_format",
    "telephone_event",
]

__getattr__ = public_names(__name__, ("amrwb_file", "comfort_noise", "telephone_event"))

FRAME_FORMATS: dict[str, Callable[..., PayloadFormat]] = {"OPUS": OpusFormat, "AMR-WB": AmrWbFormat}
"""The payload formats of frame codecs by the codec's name. A new frame codec has one line here."""


def payload_format(info: CodecInfo, sample_rate_hz: int | None = None, **options: Any) -> PayloadFormat:
    """Return a new payload format for one direction of one stream.

    Args:
        info: the codec.
        sample_rate_hz: sample rate of the audio in Hz, by default the codec's.
        options: those of AmrWbFormat for AMR-WB; other codecs do not have options.

    Raises:
        TypeError: an option that this codec does not have.
        ValueError: a sample rate or a value that it does not have.
        UnknownCodec: a frame codec without a payload format.

    >>> payload_format(codec("G722")).ticks(bytes(160))
    160
    >>> amrwb = payload_format(codec("AMR-WB"), packing="octet-aligned")
    >>> amrwb.payload([bytes.fromhex("7c")]).hex()
    'f07c'
    """
    rate_hz = info.sample_rate_hz(sample_rate_hz)
    if info.kind == "sample":
        return SampleFormat(info, rate_hz, **options)
    format_of = FRAME_FORMATS.get(info.name)
    if format_of is None:
        raise UnknownCodec(f"no payload format is known for {info.name}, only for {', '.join(FRAME_FORMATS)}")
    return format_of(**options)

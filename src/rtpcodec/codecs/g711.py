"""PCMU and PCMA: one code per sample, without state between calls (ITU-T G.711, RFC 3551 section 4.5.14)."""

from __future__ import annotations

from typing import Final, Self

from rtpcodec.codecs._stateless import PcmaDecoder, PcmuDecoder
from rtpcodec.codecs.info import CodecInfo, Unit
from rtpcodec.kernels import g711
from rtpcodec.pickling import Value


class _Stateless(Value):
    """Base of both encoders."""

    __slots__ = ("info", "sample_rate_hz")

    def __init__(self, info: CodecInfo, sample_rate_hz: int) -> None:
        self.info = info
        self.sample_rate_hz = sample_rate_hz

    def reset(self) -> None:
        """Do nothing: there is no state."""

    def copy(self) -> Self:
        """Return a copy."""
        return type(self)(self.info, self.sample_rate_hz)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.sample_rate_hz} Hz>"


class PcmuEncoder(_Stateless):
    """Encodes PCM to mu-law octets."""

    __slots__ = ()
    coding: Final = "pcmu"
    """The coding of `MediaText` (kernels/media_text) that gives the same octets."""
    encode = staticmethod(g711.pcmu_encode)
    encode_into = staticmethod(g711.pcmu_encode_into)


class PcmaEncoder(_Stateless):
    """Encodes PCM to A-law octets."""

    __slots__ = ()
    coding: Final = "pcma"
    """As `PcmuEncoder.coding`."""
    encode = staticmethod(g711.pcma_encode)
    encode_into = staticmethod(g711.pcma_encode_into)


PCMU = CodecInfo(
    name="PCMU",
    sample_rates_hz=(8000,),
    payload_type=0,
    unit=Unit(octets=1, samples=1, silent=(b"\xff", b"\x7f")),
    encoder_of=PcmuEncoder,
    decoder_of=PcmuDecoder,
)
PCMA = CodecInfo(
    name="PCMA",
    sample_rates_hz=(8000,),
    payload_type=8,
    unit=Unit(octets=1, samples=1, silent=(b"\xd5", b"\x55")),
    encoder_of=PcmaEncoder,
    decoder_of=PcmaDecoder,
)

"""L16: uncompressed 16-bit samples in one of two byte orders (RFC 3551 section 4.5.11).

RTP requires big-endian. WebSocket carriers differ, so the order is a required argument: the payload does not contain
it, and a wrong guess is loud noise. The decoder is `_stateless.L16Decoder`.
"""

from __future__ import annotations

import sys
from typing import Literal, Self

from typing_extensions import Buffer

from rtpcodec.codecs._stateless import L16Decoder
from rtpcodec.codecs.info import ByteOrder, CodecInfo, Setting, Unit
from rtpcodec.kernels import pcm as samples_of
from rtpcodec.pickling import Value


class L16Encoder(Value):
    """Encodes PCM to L16: copies the samples, or swaps the octets of each."""

    __slots__ = ("_foreign", "byte_order", "info", "sample_rate_hz")

    def __init__(self, info: CodecInfo, sample_rate_hz: int, *, byte_order: ByteOrder) -> None:
        if byte_order not in ("little", "big"):
            raise ValueError(f"byte_order is {byte_order!r}, 'little' or 'big' is needed")
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        self.byte_order: ByteOrder = byte_order
        self._foreign = byte_order != sys.byteorder

    @property
    def coding(self) -> Literal["l16_little", "l16_big"]:
        """The coding of `MediaText` (kernels/media_text) that gives the same octets."""
        return "l16_little" if self.byte_order == "little" else "l16_big"

    def encode(self, pcm: Buffer, /) -> bytes:
        """Return two octets per sample, in this encoder's byte order."""
        return samples_of.swap_bytes(pcm) if self._foreign else samples_of.copy_samples(pcm)

    def encode_into(self, pcm: Buffer, out: Buffer, /) -> int:
        """Encode into the start of a writable buffer; return the number of octets."""
        turn_into = samples_of.swap_bytes_into if self._foreign else samples_of.copy_samples_into
        return 2 * turn_into(pcm, out)

    def reset(self) -> None:
        """Do nothing: there is no state."""

    def copy(self) -> Self:
        """Return a copy."""
        return type(self)(self.info, self.sample_rate_hz, byte_order=self.byte_order)

    def __repr__(self) -> str:
        return f"<L16Encoder {self.sample_rate_hz} Hz {self.byte_order}>"


L16 = CodecInfo(
    name="L16",
    # 16000 is what carriers document; the others are in the streaming command's list, 44100 in RFC 3551 section 6.
    sample_rates_hz=(16000, 8000, 22050, 24000, 44100, 48000),
    payload_type=None,
    unit=Unit(octets=2, samples=1, silent=(b"\0\0", b"\xff\xff")),
    encoder_of=L16Encoder,
    decoder_of=L16Decoder,
    encoder_options=("byte_order",),
    coder_settings=(Setting("byte_order", "l16_byte_order", "{}-endian"),),
)

"""L16: 16-bit samples as they are, in one of two byte orders (RFC 3551 4.5.11).

RTP says big-endian. What carriers send over a WebSocket is disputed in the field, so the order is a required argument:
nothing in a payload tells, and a wrong guess is loud noise.
"""

from __future__ import annotations

import sys
from typing import Self

from typing_extensions import Buffer

from rtpcodec.codecs.info import ByteOrder, CodecInfo, Unit
from rtpcodec.kernels import pcm as samples_of


class _L16:
    """Both directions are the same operation: copy, or exchange the octets of each sample."""

    __slots__ = ("_foreign", "byte_order", "info", "sample_rate_hz")

    def __init__(self, info: CodecInfo, sample_rate_hz: int, *, byte_order: ByteOrder) -> None:
        if byte_order not in ("little", "big"):
            raise ValueError(f"byte_order is {byte_order!r}, 'little' or 'big' is needed")
        self.info = info
        self.sample_rate_hz = sample_rate_hz
        self.byte_order: ByteOrder = byte_order
        self._foreign = byte_order != sys.byteorder

    def _turned(self, samples: Buffer) -> bytes:
        return samples_of.swap_bytes(samples) if self._foreign else samples_of.copy_samples(samples)

    def _turned_into(self, samples: Buffer, out: Buffer) -> int:
        turn_into = samples_of.swap_bytes_into if self._foreign else samples_of.copy_samples_into
        return turn_into(samples, out)

    def reset(self) -> None:
        """Nothing to forget: each sample stands alone."""

    def copy(self) -> Self:
        """A twin; without history the two are alike for ever."""
        return type(self)(self.info, self.sample_rate_hz, byte_order=self.byte_order)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.sample_rate_hz} Hz {self.byte_order}>"


class L16Encoder(_L16):
    """L16 octets of PCM."""

    __slots__ = ()

    def encode(self, pcm: Buffer, /) -> bytes:
        """Two octets for each sample, in this encoder's byte order."""
        return self._turned(pcm)

    def encode_into(self, pcm: Buffer, out: Buffer, /) -> int:
        """Like encode, written to the start of a writable buffer; how many octets."""
        return 2 * self._turned_into(pcm, out)


class L16Decoder(_L16):
    """PCM of L16 octets."""

    __slots__ = ()

    def decode(self, payload: Buffer, /) -> bytes:
        """A sample for each two octets. ValueError: an odd number of octets."""
        return self._turned(payload)

    def decode_into(self, payload: Buffer, out: Buffer, /) -> int:
        """Like decode, written to the start of a writable buffer; how many samples."""
        return self._turned_into(payload, out)


L16 = CodecInfo(
    name="L16",
    # 16000 is what carriers document; the others are in the streaming command's list, 44100 in RFC 3551.
    sample_rates_hz=(16000, 8000, 22050, 24000, 44100, 48000),
    payload_type=None,
    unit=Unit(octets=2, samples=1),
    encoder_of=L16Encoder,
    decoder_of=L16Decoder,
    encoder_options=("byte_order",),
)

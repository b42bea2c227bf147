"""Writes raw payloads: mu-law, A-law, G.722, L16."""

from __future__ import annotations

from typing import BinaryIO

from typing_extensions import Buffer

from rtpcodec.codecs import codec
from rtpcodec.codecs.info import ByteOrder, Encoder


class RawTarget:
    """Writes the octets of a sample codec, one encoder per file."""

    __slots__ = ("_encoder", "_file", "_held", "_unit_octets")

    def __init__(self, file: BinaryIO, encoder: Encoder) -> None:
        self._file = file
        self._encoder = encoder
        self._unit_octets = 2 * encoder.info.samples_per_unit
        self._held = b""  # the first sample of a G.722 octet

    def write(self, pcm: Buffer) -> None:
        """Encode and write native int16 PCM, mono."""
        if self._unit_octets > 2:
            pcm = self._held + memoryview(pcm).tobytes()
            whole = len(pcm) // self._unit_octets * self._unit_octets
            pcm, self._held = pcm[:whole], pcm[whole:]
        self._file.write(self._encoder.encode(pcm))

    def finish(self) -> None:
        """Write the sample that is held, followed by silence."""
        if self._held:
            self._file.write(self._encoder.encode(self._held.ljust(self._unit_octets, b"\0")))
            self._held = b""


def open_target(
    file: BinaryIO, sample_rate_hz: int, channels: int, *, codec_name: str, byte_order: ByteOrder | None = None
) -> RawTarget:
    """Begin a file of a codec's octets.

    Args:
        file: written in order, and left open.
        sample_rate_hz: not contained in the file; 16000 for G722.
        channels: 1.
        codec_name: PCMU, PCMA, G722 or L16.
        byte_order: byte order of L16, `big` (RFC 3551 section 4.5.11) or `little`.

    Raises:
        ValueError: several channels, or a byte order for another codec.
    """
    if channels != 1:
        raise ValueError(f"channels is {channels}, {codec_name} has 1")
    info = codec(codec_name)
    if codec_name == "L16":
        return RawTarget(file, info.encoder(byte_order=byte_order or "big"))
    if byte_order is not None:
        raise ValueError(f"byte_order is for L16, {codec_name} has none")
    # The codes of G.711 are the same at every rate.
    return RawTarget(file, info.encoder())

"""Reads raw files: payloads of one codec, without a header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from rtpcodec.codecs import codec
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.rates import require_file_rate
from rtpcodec.files.source import PIECE_FRAMES
from rtpcodec.pickling import Live

_PIECE_OCTETS: Final = {
    "PCMU": PIECE_FRAMES, "PCMA": PIECE_FRAMES, "G722": PIECE_FRAMES // 2, "L16": PIECE_FRAMES * 2,
}  # fmt: skip
"""Octets of PIECE_FRAMES samples."""


class RawSource(Live):
    """Reads a raw file; an incomplete last sample is dropped. Use from one thread at a time."""

    __slots__ = ("_decoder", "_file", "facts")

    def __init__(self, file: BinaryIO, codec_name: str, sample_rate_hz: int, byte_order: ByteOrder | None) -> None:
        """Begin to read.

        Args:
            file: the file at its first payload.
            codec_name: PCMU, PCMA, G722 or L16.
            sample_rate_hz: sample rate in Hz, 1 to 192000; 16000 for G722.
            byte_order: byte order, required for L16.

        Raises:
            ValueError: another rate.
        """
        info = codec(codec_name)
        require_file_rate("sample_rate_hz", sample_rate_hz)
        # Samples of PCMU, PCMA and L16 are decoded independently, so their rate only appears in the facts.
        rate_hz = sample_rate_hz if codec_name == "G722" else info.sample_rates_hz[0]
        options = {"byte_order": byte_order} if codec_name == "L16" else {}
        self._decoder = info.decoder(rate_hz, **options)
        self._file = file
        self.facts = AudioFacts(container="raw", codec=codec_name, sample_rate_hz=sample_rate_hz, channels=1)

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples. OSError."""
        samples = 0
        octets = _PIECE_OCTETS[self.facts.codec]
        while found := self._file.read(octets):
            if self.facts.codec == "L16" and len(found) % 2:
                found = found[:-1]
                notes = (*self.facts.notes, "the last sample is cut after one octet; it is left out")
                self.facts = replace(self.facts, notes=notes)
            pcm = self._decoder.decode(found)
            samples += len(pcm) // 2
            yield pcm
        self.facts = replace(self.facts, samples=samples)

    def close(self) -> None:
        """Do nothing, because the reader does not own the file."""

"""The contract of a format's reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from rtpcodec.files.facts import AudioFacts

MAX_PIECE_FRAMES: Final = 48_000
"""Limit of samples per channel and piece, so memory does not grow with the file."""
PIECE_FRAMES: Final = 24_000
"""The usual piece of mono. At twice the rate it is still one piece, and malloc does not ask the kernel for memory each
time, which would cost three times as much as decoding G.711."""


class SoundSource(Protocol):
    """Reads one audio file once, from its beginning. Use from one thread at a time."""

    @property
    def facts(self) -> AudioFacts:
        """Facts so far; after the last piece, `samples` is the number read."""

    def pieces(self) -> Iterator[bytes]:
        """Yield native int16 PCM, `facts.channels` interleaved, each piece of at most MAX_PIECE_FRAMES frames.

        Raises:
            AudioFileError: the file breaks a rule of its format; all audio before it has been yielded.
            OSError: the file cannot be read.
        """

    def close(self) -> None:
        """Release the reader's resources, but not the file. Further calls do nothing."""

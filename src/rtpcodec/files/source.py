"""The contract of a format's reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from rtpcodec.files.facts import AudioFacts

MAX_PIECE_FRAMES: Final = 48_000
"""No piece has more samples per channel: memory does not grow with the file."""
PIECE_FRAMES: Final = 24_000
"""An ordinary piece of mono: also at twice the rate one piece, and small enough that malloc does not ask the kernel for
each, which would cost three times as much as decoding G.711 does."""


class SoundSource(Protocol):
    """Reads one audio file once, from its beginning. Use from one thread at a time."""

    @property
    def facts(self) -> AudioFacts:
        """Facts known so far; after the last piece, `samples` counts what was read."""

    def pieces(self) -> Iterator[bytes]:
        """Yield native int16 PCM, `facts.channels` interleaved, each piece of at most MAX_PIECE_FRAMES frames.

        Raises:
            AudioFileError: the file breaks a rule of its format; what came before it has been yielded.
            OSError: the file cannot be read.
        """

    def close(self) -> None:
        """Release what the reader holds, but not the file. More than once does nothing."""

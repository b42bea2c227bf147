"""A file of any length, read from its beginning through a window of bounded size."""

from __future__ import annotations

import zlib
from gzip import BadGzipFile
from typing import BinaryIO, Final

from rtpcodec.errors import PacketFileError

PIECE_OCTETS: Final = 256 * 1024
"""Octets per read."""
MAX_WINDOW_OCTETS: Final = 512 * 1024
"""Limit of `fill`: whatever lengths a file claims, memory stays bounded."""


class OctetWindow:
    """The next octets of a file: `octets` from `at` on. Use from one thread at a time."""

    __slots__ = ("_read", "_start", "at", "broken_off", "name", "octets")

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Begin at the file's current position. A pipe returns what it has, without waiting for a whole piece."""
        self._read = getattr(file, "read1", file.read)
        self._start = 0
        self.name = name
        self.octets = b""
        self.at = 0
        self.broken_off = False
        """Whether compressed data are truncated."""

    @property
    def offset_octets(self) -> int:
        """The position in the file; in a compressed one, in the uncompressed data."""
        return self._start + self.at

    @property
    def left(self) -> int:
        """The number of octets in the window."""
        return len(self.octets) - self.at

    def more(self) -> bool:
        """Read another piece. Return whether the file had one."""
        try:
            piece = self._read(PIECE_OCTETS)
        except EOFError:
            self.broken_off = True
            return False
        except (BadGzipFile, zlib.error) as error:
            raise PacketFileError(
                self.name, self._start + len(self.octets), f"the gzip data are not valid: {error}"
            ) from None
        if piece is None:
            raise BlockingIOError(f"{self.name} has nothing to read now; a blocking file is needed")
        if not piece:
            return False
        self._start += self.at
        self.octets = self.octets[self.at :] + piece if self.left else bytes(piece)
        self.at = 0
        return True

    def fill(self, octets: int) -> bool:
        """Read until the window has so many octets, at most MAX_WINDOW_OCTETS. Return whether it has."""
        while self.left < octets:
            if not self.more():
                return False
        return True

    def skip(self, octets: int) -> int:
        """Skip any number of octets. Return how many of them the file does not have."""
        while octets > self.left:
            octets -= self.left
            self.at = len(self.octets)
            if not self.more():
                return octets
        self.at += octets
        return 0

    def fault(self, rule: str, behind: int = 0) -> PacketFileError:
        """Return the error of a broken rule, `behind` octets after the current position."""
        return PacketFileError(self.name, self.offset_octets + behind, rule)

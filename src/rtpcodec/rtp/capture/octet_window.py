"""A file of any length, read from its beginning through a window of bounded size."""

from __future__ import annotations

import zlib
from gzip import BadGzipFile
from typing import BinaryIO, Final

from rtpcodec.errors import PacketFileError

PIECE_OCTETS: Final = 256 * 1024
"""Read at once, and again whenever what is in the window does not suffice."""
MAX_WINDOW_OCTETS: Final = 512 * 1024
"""No more can be asked for at once: whatever lengths a file claims, memory stays bounded."""


class OctetWindow:
    """The next octets of a file: `octets` from `at` on. Use from one thread at a time."""

    __slots__ = ("_read", "_start", "at", "broken_off", "name", "octets")

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Begin at the file's present place. A pipe hands out what it has, without waiting for a whole piece."""
        self._read = getattr(file, "read1", file.read)
        self._start = 0
        self.name = name
        self.octets = b""
        self.at = 0
        self.broken_off = False
        """Whether compressed data ended before their end."""

    @property
    def offset_octets(self) -> int:
        """The place in the file; in a compressed one, in what it holds."""
        return self._start + self.at

    @property
    def left(self) -> int:
        """Octets in the window."""
        return len(self.octets) - self.at

    def more(self) -> bool:
        """Read on. Returns whether there was more."""
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
        """Read until so many octets are in the window, at most MAX_WINDOW_OCTETS. Returns whether they are."""
        while self.left < octets:
            if not self.more():
                return False
        return True

    def skip(self, octets: int) -> int:
        """Drop so many octets, however many they are. Returns how many of them the file does not have."""
        while octets > self.left:
            octets -= self.left
            self.at = len(self.octets)
            if not self.more():
                return octets
        self.at += octets
        return 0

    def fault(self, rule: str, behind: int = 0) -> PacketFileError:
        """Return the error of a broken rule, `behind` octets after the present place."""
        return PacketFileError(self.name, self.offset_octets + behind, rule)

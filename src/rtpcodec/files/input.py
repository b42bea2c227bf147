"""The input of readers: positions from its beginning, complete reads, and a look at its first octets.

A path, an open file, a pipe and any object with `read` have the same interface from here on.
"""

from __future__ import annotations

import io
import os
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Final

from typing_extensions import Buffer

HEAD_OCTETS: Final = 8192
"""The first octets, by which a kind is recognised: more than four of the longest MP3 frames."""
READ_OCTETS: Final = 64 * 1024
"""Octets per read."""
UNNAMED: Final = "the file"


class _Raw(io.RawIOBase):
    """A file read from its current position. `close` leaves a file of the caller open."""

    def __init__(self, file: BinaryIO, *, owned: bool) -> None:
        super().__init__()
        self._file = file
        self._owned = owned
        self._kept = b""
        """Octets of a stream that `head` has read, and `readinto` returns first."""
        seekable = getattr(file, "seekable", None)
        self._seekable = bool(seekable is not None and seekable())
        self._begins = file.tell() if self._seekable else 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._seekable

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if not self._seekable:
            raise io.UnsupportedOperation("the file is a stream, it cannot go back")
        if whence == os.SEEK_SET:
            offset += self._begins
        return self._file.seek(offset, whence) - self._begins

    def tell(self) -> int:
        if not self._seekable:
            raise io.UnsupportedOperation("the file is a stream, it has no position")
        return self._file.tell() - self._begins

    def readinto(self, room: Buffer, /) -> int:
        view = memoryview(room).cast("B")
        if self._kept:
            found, self._kept = self._kept[: len(view)], self._kept[len(view) :]
        else:
            found = self._read(len(view))
        view[: len(found)] = found
        return len(found)

    def head(self) -> bytes:
        """Return the first octets without a change of position."""
        found = b""
        while len(found) < HEAD_OCTETS and (more := self._read(HEAD_OCTETS - len(found))):
            found += more
        if self._seekable:
            self.seek(0)
        else:
            self._kept = found
        return found

    def close(self) -> None:
        if not self.closed and self._owned:
            self._file.close()
        super().close()

    def _read(self, octets: int) -> bytes:
        found: object = self._file.read(octets)
        if found is None:
            raise BlockingIOError("the file is non-blocking and has no octets now, a blocking one is needed")
        if not isinstance(found, bytes | bytearray | memoryview):
            raise TypeError(f"the file gives {type(found).__name__}, a file opened in binary mode is needed")
        if len(found) > octets:
            raise OSError(f"the file gives {len(found)} octets, {octets} were asked for")
        return bytes(found)


class InputFile(io.BufferedReader):
    """The input of a reader; `read` returns fewer octets only at the end."""

    def __init__(self, source: str | PathLike[str] | BinaryIO, name: str | None = None) -> None:
        """Open a path, or wrap a file.

        Args:
            source: path; or a binary file, read from its current position and left open.
            name: name of the file, for errors and its suffix; None: that of the path or the file object.

        Raises:
            TypeError: source is neither.
            OSError: the file cannot be opened or read.
        """
        found: object
        if isinstance(source, str | PathLike):
            found = source
            raw = _Raw(Path(source).open("rb", buffering=0), owned=True)  # noqa: SIM115 -- closed by close
        elif callable(getattr(source, "read", None)):
            found = getattr(source, "name", None) or getattr(source, "path", None)
            raw = _Raw(source, owned=False)
        else:
            raise TypeError(f"source is {type(source).__name__}, a path or a binary file is needed")
        self.file_name = name or (Path(found).name if isinstance(found, str | PathLike) else UNNAMED)
        try:
            self.head = raw.head()
            """The first octets, at most HEAD_OCTETS."""
            super().__init__(raw, READ_OCTETS)
        except BaseException:
            raw.close()
            raise

    def octets_at(self, at: int, octets: int) -> bytes:
        """Return octets at a position, and return to the beginning; b"" for a stream. Call before the first read."""
        if not self.seekable():
            return b""
        self.seek(at)
        found = self.read(octets)
        self.seek(0)
        return found

"""libsndfile over a file that is read once, forward, and over one that is written.

It asks for the length and seeks, which a stream cannot; and an exception does not pass through C, so it is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any, BinaryIO, Final, TypeVar

from rtpcodec.errors import MissingExtra

_Result = TypeVar("_Result")
ENDLESS_OCTETS: Final = 2**60
"""The length that libsndfile gets: it then reads until nothing comes."""
KEPT_OCTETS: Final = 16 * 1024
"""Octets behind the place of reading that it can go back to; it reads its first 12 octets twice."""


def soundfile(purpose: str) -> ModuleType:
    """Import soundfile, a library of 2 MB, when it is first needed. MissingExtra: it cannot be; `purpose` needs it."""
    try:
        return import_module("soundfile")
    except (ImportError, OSError) as error:  # OSError: a build of it without libsndfile, on a system without that
        raise MissingExtra(purpose, "soundfile", "files") from error


class Feed:
    """The file that libsndfile sees. An error of the real one is kept in `error`: C could not carry it."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """Begin to read; `read` returns up to so many octets, none at the end only."""
        self._read = read
        self._kept = b""
        self._ends = 0
        self._at = 0
        self.error: BaseException | None = None

    @property
    def octets(self) -> int:
        """How many were read."""
        return self._ends

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset; whether it can be read there is seen when it is."""
        begins = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: ENDLESS_OCTETS}[whence]
        self._at = begins + offset
        return self._at

    def tell(self) -> int:
        """Return the offset."""
        return self._at

    def read(self, octets: int) -> bytes:
        """Return up to so many octets from here on."""
        if self._at == self._ends:
            try:
                found = self._read(octets)
            except BaseException as error:  # KeyboardInterrupt as well: C would take it for the end of the file
                self.error = error
                return b""
            self._ends += len(found)
            self._kept = (self._kept + found)[-KEPT_OCTETS:]
        else:
            begins = len(self._kept) - (self._ends - self._at)
            found = self._kept[begins : begins + octets] if begins >= 0 else b""
        self._at += len(found)
        return found

    def write(self, _octets: bytes) -> int:
        """Write nothing."""
        return 0


class Drain:
    """The seekable file that libsndfile writes, from where it stands. After an error of it nothing more is written.

    To libsndfile every call succeeds: it then ends in order, and `require` raises the error.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._begins = file.tell()
        self._has_failed = False
        self._error: BaseException | None = None

    def require(self) -> None:
        """Raise the error of the file, once, if there was one: OSError, or what interrupted a call."""
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback has this frame

    def write(self, octets: bytes) -> int:
        """Write octets."""
        self._called(self._file.write, octets)
        return len(octets)

    def read(self, octets: int) -> bytes:
        """Return octets that were written."""
        return self._called(self._file.read, octets) or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset."""
        if whence == os.SEEK_SET:
            offset += self._begins
        return (self._called(self._file.seek, offset, whence) or self._begins) - self._begins

    def tell(self) -> int:
        """Return the offset."""
        return (self._called(self._file.tell) or self._begins) - self._begins

    def _called(self, method: Callable[..., _Result], *args: Any) -> _Result | None:
        if not self._has_failed:
            try:
                return method(*args)
            except BaseException as error:  # KeyboardInterrupt as well
                self._has_failed = True
                # Its frames have buffers that C is using: a collector that frees them in another order crashes.
                self._error = error.with_traceback(None)
        return None


def open_forward(library: ModuleType, feed: Feed) -> Any:
    """Open the feed as a SoundFile that does not seek after each of its reads. LibsndfileError; errors of the feed."""
    try:
        reader = library.SoundFile(feed)
    except library.LibsndfileError:
        if feed.error is not None:
            raise feed.error from None
        raise
    reader.seekable = lambda: False
    return reader


def frames_of(library: ModuleType, feed: Feed, reader: Any, block_frames: int, expected_frames: int) -> Iterator[bytes]:
    """Yield interleaved int16 blocks up to the end.

    block_frames: of a read. An error loses the read that it happens in.
    expected_frames: a read ends there as well, so that what follows the end costs none of them; 0: not known.
    Raises: LibsndfileError; errors of the feed.
    """
    found = 0
    while True:
        wanted = min(block_frames, expected_frames - found) if found < expected_frames else block_frames
        try:
            block = reader.read(wanted, dtype="int16", always_2d=True)
        except library.LibsndfileError:
            if feed.error is not None:
                raise feed.error from None
            raise
        if feed.error is not None:
            raise feed.error
        if not len(block):
            return
        found += len(block)
        yield block.tobytes()


def said_by(error: Any) -> str:
    """Return what a LibsndfileError says, without its trimmings."""
    return str(error.error_string).removeprefix("Error : ").rstrip(".")

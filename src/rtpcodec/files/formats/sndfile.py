"""Adapts libsndfile to files that are read once, forward, and to files that are written.

libsndfile needs the length and seeks, which a stream does not support. Exceptions cannot pass through C, so they are
stored and raised afterwards.
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
"""The length reported to libsndfile, which then reads to the end of the stream."""
KEPT_OCTETS: Final = 16 * 1024
"""Octets that libsndfile can go back; it reads its first 12 octets twice."""


def soundfile(purpose: str) -> ModuleType:
    """Import soundfile, a library of 2 MB, when first needed. MissingExtra: it is missing, and `purpose` needs it."""
    try:
        return import_module("soundfile")
    except (ImportError, OSError) as error:  # OSError: a build of it without libsndfile, on a system without that
        raise MissingExtra(purpose, "soundfile", "files") from error


class Feed:
    """The input of libsndfile. An error of the real file is stored in `error`, because it cannot pass through C."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """Begin to read; `read` returns up to so many octets, b"" only at the end."""
        self._read = read
        self._kept = b""
        self._ends = 0
        self._at = 0
        self.error: BaseException | None = None

    @property
    def octets(self) -> int:
        """The number of octets read."""
        return self._ends

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the offset; `read` fails if it cannot go back so far."""
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
            except BaseException as error:  # also KeyboardInterrupt: to C it would be the end of the file
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
    """The seekable output of libsndfile, from its current position. After an error nothing more is written.

    To libsndfile every call succeeds, so that it ends normally; `require` raises the error.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._begins = file.tell()
        self._has_failed = False
        self._error: BaseException | None = None

    def require(self) -> None:
        """Raise the error of the file once, if one has occurred: OSError, or the interruption of a call."""
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
        """Return written octets."""
        return self._called(self._file.read, octets) or b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the offset."""
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
    """Yield interleaved int16 blocks up to the end. LibsndfileError; errors of the feed.

    Args:
        library: the module soundfile.
        feed: input of the reader.
        reader: open SoundFile.
        block_frames: frames per read. An error loses the block in which it occurs.
        expected_frames: a read ends there as well, so that octets after the end lose no frames; 0: not known.
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
    """Return the text of a LibsndfileError, without prefix and full stop."""
    return str(error.error_string).removeprefix("Error : ").rstrip(".")

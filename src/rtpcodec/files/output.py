"""A raw file written whole: its `write` may take fewer octets than it gets."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast

from typing_extensions import Buffer


class _WholeWrites:
    """An unbuffered file, a socket or a pipe, whose `write` returns when it has taken all octets."""

    def __init__(self, file: io.RawIOBase) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, octets: Buffer) -> int:
        """Write all octets. OSError; BlockingIOError: the file is non-blocking and full."""
        left = memoryview(octets).cast("B")
        total = len(left)
        while left:
            taken = self._file.write(left)
            if taken is None:
                raise BlockingIOError("the file is non-blocking and takes no octets now, a blocking one is needed")
            left = left[taken:]
        return total


def output_file(file: BinaryIO) -> BinaryIO:
    """Return a file whose `write` takes all octets: the file itself unless it is raw."""
    return cast("BinaryIO", _WholeWrites(file)) if isinstance(file, io.RawIOBase) else file

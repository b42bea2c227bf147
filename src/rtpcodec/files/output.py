"""Files whose `write` takes all octets; that of a raw file may take fewer."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast

from typing_extensions import Buffer


class _WholeWrites:
    """Wraps an unbuffered file, a socket or a pipe; `write` returns after all octets are written."""

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
    """Return a file whose `write` takes all octets: the file itself, unless it is raw."""
    return cast("BinaryIO", _WholeWrites(file)) if isinstance(file, io.RawIOBase) else file

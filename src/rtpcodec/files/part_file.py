"""The temporary name of an incomplete file, which one writer at a time can have."""

from __future__ import annotations

import errno
import os
from typing import Final

try:
    import fcntl
except ImportError:  # Windows, which neither removes nor renames an open file
    fcntl = None  # type: ignore[assignment]

PART_SUFFIX: Final = ".part"
"""The suffix of an incomplete file. It is always the same, so the next run replaces the file of a killed process."""
_FLAGS: Final = os.O_RDWR | os.O_CREAT


class PartLock:
    """Holds the temporary name of a file until it is released, or the process ends."""

    __slots__ = ("_held",)

    def __init__(self, part: str) -> None:
        """Create the file if it is missing, and lock it. FileExistsError: another writer has it. OSError."""
        self._held: int | None = None
        if fcntl is None:
            return
        while self._held is None:
            file = os.open(part, _FLAGS, 0o666)
            try:
                if _is_locked(file, part):
                    self._held, file = file, -1
            finally:
                if file >= 0:
                    os.close(file)

    def release(self) -> None:
        """Release the name, after the file was renamed or removed. Further calls do nothing."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held)

    def __del__(self) -> None:
        self.release()


def _is_locked(file: int, part: str) -> bool:
    """Lock the file. False: it was renamed or removed in the meantime. FileExistsError: another writer has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FileExistsError(errno.EEXIST, "is being written by another process or thread", part) from None
    except OSError:
        return True  # a filesystem without locks
    try:
        return os.path.samestat(os.fstat(file), os.stat(part))  # noqa: PTH116 -- paths as objects take longer
    except FileNotFoundError:
        return False

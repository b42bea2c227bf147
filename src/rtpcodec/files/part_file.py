"""The temporary name of a file that is not complete, which one writer at a time has."""

from __future__ import annotations

import errno
import os
from typing import Final

try:
    import fcntl
except ImportError:  # Windows, which neither removes nor renames an open file
    fcntl = None  # type: ignore[assignment]

PART_SUFFIX: Final = ".part"
"""Behind the name of a file that is not complete. The name is always the same: the next run replaces what a killed
process left."""
_FLAGS: Final = os.O_RDWR | os.O_CREAT


class PartLock:
    """Holds the temporary name of a file until it is released, or the process ends."""

    __slots__ = ("_held",)

    def __init__(self, part: str) -> None:
        """Create the file if there is none, and lock it.

        Raises: FileExistsError: another process or thread is writing it. OSError.
        """
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
        """Let others have the name, once the file has its own or is removed. More than once does nothing."""
        held, self._held = self._held, None
        if held is not None:
            os.close(held)

    def __del__(self) -> None:
        self.release()


def _is_locked(file: int, part: str) -> bool:
    """Lock the file. False: it got its own name meanwhile, or was removed. FileExistsError: another writer has it."""
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

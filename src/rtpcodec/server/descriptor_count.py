"""File descriptors of the process: each call needs one, a recorder more."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_FOLDERS: Final = (Path("/proc/self/fd"), Path("/dev/fd"))
"""List the open descriptors, on Linux and on BSD and macOS."""


def open_descriptors() -> int | None:
    """Return how many descriptors the process has open; None: the system does not list them."""
    for folder in _FOLDERS:
        try:
            return sum(1 for _ in folder.iterdir()) - 1  # without the one that lists them
        except OSError:
            continue
    return None


def descriptor_limit() -> int | None:
    """Return how many descriptors the process may open (RLIMIT_NOFILE); None: no limit, or the system has none."""
    try:
        import resource  # noqa: PLC0415 -- POSIX only
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft

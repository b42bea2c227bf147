"""Which worker this process is."""

from __future__ import annotations

import multiprocessing

_number: int | None = None


def become_worker(number: int) -> None:
    """Make this process a worker; logging's `%(processName)s` shows it as worker-1 and so on."""
    global _number  # noqa: PLW0603 -- a process is one worker
    _number = number
    multiprocessing.current_process().name = f"worker-{number}"


def worker_number() -> int | None:
    """Return the number of the worker that this process is, from 1; None: it is not a worker."""
    return _number

"""The number of this worker process."""

from __future__ import annotations

import logging
import multiprocessing
from typing import Any

_number: int | None = None


def become_worker(number: int) -> None:
    """Set the number of this worker. Log records get it as `worker`, and %(processName)s is worker-1 and so on."""
    global _number  # noqa: PLW0603 -- a process is one worker
    _number = number
    multiprocessing.current_process().name = f"worker-{number}"
    make_record = logging.getLogRecordFactory()

    def record_of_worker(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make_record(*arguments, **named)
        record.worker = number
        return record

    logging.setLogRecordFactory(record_of_worker)


def worker_number() -> int | None:
    """Return the number of the worker that this process is, from 1; None: it is not a worker."""
    return _number

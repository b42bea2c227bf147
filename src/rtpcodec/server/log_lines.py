"""Log lines of a whole program: plain text, or JSON for log collectors. The library itself never configures logging."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from rtpcodec.server.workers.identity import worker_number

__all__ = ["JsonLines", "log_to", "logging_to"]

TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TEXT_OF_WORKER: Final = "%(asctime)s %(levelname)s worker %(worker)d %(name)s: %(message)s"

_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""Attributes that logging itself sets in a record; all others were passed as `extra`."""


class JsonLines(logging.Formatter):
    """Format each record as one line of JSON.

    Members: `time` (UTC, RFC 3339 section 5.6), `level`, `logger`, `message`, each `extra` of the record
    such as `call_id`, and `exception`, its traceback.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line without its line end."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _OWN and name not in line}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        # ASCII only, because a stream of another encoding would write invalid JSON.
        try:
            return json.dumps(line, default=str, allow_nan=False)
        except (TypeError, ValueError):  # an `extra` with NaN, with keys that are not strings, or with a cycle
            return json.dumps({name: value if isinstance(value, str) else repr(value) for name, value in line.items()})


@contextmanager
def logging_to(stream: TextIO, level: str, *, as_json: bool) -> Iterator[None]:
    """Log to a stream within the block.

    Args:
        stream: takes the lines, such as `sys.stderr`.
        level: the lowest level that is logged, such as "info".
        as_json: whether lines are JSON.
    """
    root = logging.getLogger()
    before = root.level
    handler = log_to(stream, level, as_json=as_json)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def log_to(stream: TextIO, level: str, *, as_json: bool) -> logging.Handler:
    """Log to a stream until the process ends; lines of a worker show its number. Returns the handler.

    Args:
        stream: takes the lines, such as `sys.stderr`.
        level: the lowest level that is logged, such as "info".
        as_json: whether lines are JSON.
    """
    text = TEXT if worker_number() is None else TEXT_OF_WORKER
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if as_json else logging.Formatter(text))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    return handler

"""Loggers for WebSocket libraries: only WARNING and above."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any


class LibraryLog(logging.LoggerAdapter[logging.Logger]):
    """A library's logger for records at WARNING and above.

    At lower levels, libraries log lines per connection, which anyone can open, and requests with their tokens.
    """

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 -- logging's name
        """Return whether records of a level are logged."""
        return level >= logging.WARNING and super().isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Return message and arguments as they are."""
        return msg, kwargs

"""Log records of one call. Each shows the call's ids, and never a phone number, digit, payload or secret."""

from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping
from typing import Any, Final

from rtpcodec.stream.events import Started
from rtpcodec.stream.no_items import NO_NAMES

logger: Final = logging.getLogger("rtpcodec.server")

MAX_ID_CHARACTERS: Final = 200
"""Longer than any documented id; the rest is cut off."""

MAX_TOPICS: Final = 50
"""Warnings per call. Some topics contain numbers that the other side chooses, and these must not fill memory or log."""

_UNSAFE = re.compile(r"[^\w.:+/=@-]", re.ASCII)


class CallLog(logging.LoggerAdapter[logging.Logger]):
    """Add the call's ids to each message and to its record, as call_id, stream_id and call_control_id."""

    def __init__(self, call_id: str) -> None:
        super().__init__(logger, {"call_id": call_id, "stream_id": None, "call_control_id": None})
        self.call_id = call_id
        self._prefix = f"call {call_id}: "
        self._told: frozenset[str] = NO_NAMES

    def name_stream(self, started: Started) -> None:
        """Add the carrier's ids."""
        ids = {"stream_id": _plain(started.stream_id), "call_control_id": _plain(started.call_control_id)}
        self.extra = {**(self.extra or {}), **ids}
        self._prefix = f"call {self.extra['call_id']} ({', '.join(f'{name} {value}' for name, value in ids.items())}): "

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the ids to one record."""
        kwargs["extra"] = self.extra
        return f"{self._prefix}{msg}", kwargs

    def warn_once(self, topic: str, message: str, *args: object) -> None:
        """Log a warning, once per topic and for at most MAX_TOPICS topics.

        topic: the kind of warning.
        message, args: as for `warning`.
        """
        if topic not in self._told and len(self._told) < MAX_TOPICS:
            self._told |= {topic}
            self.warning(message, *args)


def _plain(identifier: str | None) -> str | None:
    """Return an id from the wire without characters that could forge a log line or a format."""
    return None if identifier is None else _UNSAFE.sub("?", identifier[:MAX_ID_CHARACTERS])

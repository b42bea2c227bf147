"""Log records of one call. Each contains the call's ids, and never a phone number, digit, payload or secret."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from rtpcodec.stream.empty_collections import NO_NAMES
from rtpcodec.stream.events import Started

logger: Final = logging.getLogger("rtpcodec.server")

MAX_ID_CHARACTERS: Final = 200
"""Longer than any documented id; the rest is cut off."""

MAX_TOPICS: Final = 50
"""Warnings per call. Some topics contain numbers that the peer chooses, which must not fill memory or log."""

WARNINGS_AT_ONCE: Final = 50
"""Warnings that the peers of an endpoint may cause in a burst."""
WARNING_PERIOD_S: Final = 1.0
"""Time per further warning, so that peers that break a rule and reconnect cause at most some 15 MB of log per day."""

REFUSALS_PERIOD_S: Final = 1.0
"""Time between two log records about refusals with the same status, because anyone can cause refusals."""

_UNSAFE = re.compile(r"[^\w.:+/=@-]", re.ASCII)


class WarningQuota:
    """Limits the warnings that peers cause, over all calls of an endpoint. Use it in the event loop's thread only."""

    __slots__ = ("_clock", "_full_s", "_left_out")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with a full quota. clock returns the time in s."""
        self._clock = clock
        self._full_s = clock()  # when the quota is full again
        self._left_out = 0

    def take(self) -> int | None:
        """Take one warning. Returns how many were suppressed before it; None: the quota is used up, suppress it too."""
        now_s = self._clock()
        full_s = max(self._full_s, now_s) + WARNING_PERIOD_S
        if full_s - now_s > WARNINGS_AT_ONCE * WARNING_PERIOD_S:
            self._left_out += 1
            return None
        self._full_s = full_s
        left_out, self._left_out = self._left_out, 0
        return left_out


class CallLog(logging.LoggerAdapter[logging.Logger]):
    """Add the call's ids to each message and to its record, as call_id, stream_id and call_control_id."""

    def __init__(self, call_id: str, quota: WarningQuota | None = None) -> None:
        """Make the log of a call. quota: the quota of its endpoint; None: without a quota."""
        super().__init__(logger, {"call_id": call_id, "stream_id": None, "call_control_id": None})
        self.call_id = call_id
        self._quota = quota
        self._prefix = f"call {call_id}: "
        self._warned: frozenset[str] = NO_NAMES

    def name_stream(self, started: Started) -> None:
        """Add the carrier's ids."""
        ids = {"stream_id": plain(started.stream_id), "call_control_id": plain(started.call_control_id)}
        self.extra = {**(self.extra or {}), **ids}
        self._prefix = f"call {self.extra['call_id']} ({', '.join(f'{name} {value}' for name, value in ids.items())}): "

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Add the ids to one record."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return f"{self._prefix}{msg}", kwargs

    def warn_of_peer(self, message: str, *args: object) -> None:
        """Log a warning that the peer can cause, within the quota. Arguments as for `warning`."""
        left_out = 0 if self._quota is None else self._quota.take()
        if left_out is None:
            return
        if left_out:
            message, args = f"{message}; %d earlier warnings about calls were suppressed", (*args, left_out)
        self.warning(message, *args)

    def warn_once(self, topic: str, message: str, *args: object) -> None:
        """Log a warning that the peer can cause, once per topic and for at most MAX_TOPICS topics.

        Args:
            topic: the kind of warning.
            message, args: as for `warning`.
        """
        if topic not in self._warned and len(self._warned) < MAX_TOPICS:
            self._warned |= {topic}
            self.warn_of_peer(message, *args)


class RefusalLog:
    """Log refused requests with address and reason, at most one record per status in REFUSALS_PERIOD_S."""

    __slots__ = ("_quiet_until_s", "_unlogged")

    def __init__(self) -> None:
        self._quiet_until_s: dict[HTTPStatus, float] = {}
        self._unlogged: dict[HTTPStatus, int] = {}

    def refused(self, status: HTTPStatus, now_s: float, address: str = "", why: str = "") -> None:
        """Log one refusal, or count it for the next record of its status.

        Args:
            status: the answer.
            now_s: the time.
            address: the address of the client, which may be a proxy; "": unknown.
            why: the rule that the request broke; no secret and no path.
        """
        if now_s < self._quiet_until_s.get(status, now_s):
            self._unlogged[status] = self._unlogged.get(status, 0) + 1
            return
        self._quiet_until_s[status] = now_s + REFUSALS_PERIOD_S
        unlogged = self._unlogged.pop(status, 0)
        more = f", and {unlogged} more since the last report" if unlogged else ""
        source = f", from {plain(address)}" if address else ""
        reason = f": {why}" if why else ""
        logger.info("request refused: %d %s%s%s%s", status, status.phrase, source, reason, more)


def plain(identifier: str | None) -> str | None:
    """Return an id of the peer without characters that could forge a log line or a format."""
    return None if identifier is None else _UNSAFE.sub("?", identifier[:MAX_ID_CHARACTERS])

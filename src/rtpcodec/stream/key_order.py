"""Keys in the order in which they were pressed: messages may be out of order, their times are not."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from typing import Final

from rtpcodec.stream.events import Dtmf

MAX_WAIT_MS: Final = 150.0
"""How long a key waits for one that was pressed before it."""
MAX_HELD: Final = 64
"""No one presses as many keys in that time; beyond it the first one waits no longer."""
MAX_TIME_CHARACTERS: Final = 64
"""A time of ISO 8601 has 35 at most. A key with a longer text ends all waiting, so that long texts are not held."""


class KeyOrder:
    """Holds each key for MAX_WAIT_MS, and returns keys by `occurred_at`.

    A key without a time, or with one that is not ISO 8601, keeps its place behind the keys that wait already.
    """

    __slots__ = ("_held", "deadline_ms")

    def __init__(self) -> None:
        self._held: list[tuple[float, float, Dtmf]] = []
        self.deadline_ms = inf
        """When `due` has something to return."""

    def put(self, key: Dtmf, now_ms: float) -> None:
        """Take a key."""
        pressed_ms = _milliseconds(key.occurred_at)
        if pressed_ms is None:
            # Nothing says that it is early, so it does not wait for itself, only for those before it.
            pressed_ms, until_ms = self._held[-1][:2] if self._held else (-inf, now_ms)
            if _is_long(key.occurred_at):
                until_ms = -inf
        else:
            until_ms = now_ms + MAX_WAIT_MS
        at = len(self._held)
        while at and self._held[at - 1][0] > pressed_ms:
            at -= 1
        self._held.insert(at, (pressed_ms, until_ms, key))
        if len(self._held) > MAX_HELD:
            self._held[0] = (self._held[0][0], -inf, self._held[0][2])
            until_ms = -inf
        self.deadline_ms = min(self.deadline_ms, until_ms)

    def due(self, now_ms: float) -> list[Dtmf]:
        """Remove and return the keys whose time is over, and all that were pressed before them."""
        count = 0
        for at, (_, until_ms, _) in enumerate(self._held):
            if until_ms <= now_ms:
                count = at + 1
        return self._take(count)

    def drain(self) -> list[Dtmf]:
        """Remove and return all keys, because no more will come."""
        return self._take(len(self._held))

    def _take(self, count: int) -> list[Dtmf]:
        taken = [key for _, _, key in self._held[:count]]
        del self._held[:count]
        self.deadline_ms = min((until_ms for _, until_ms, _ in self._held), default=inf)
        return taken


def _milliseconds(occurred_at: str | None) -> float | None:
    """Return a time in ms since 1970, None if it is not ISO 8601. Without a zone it is UTC."""
    if occurred_at is None or _is_long(occurred_at):
        return None
    try:
        time = datetime.fromisoformat(occurred_at)
        return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp() * 1000
    except (ValueError, OverflowError):
        return None


def _is_long(occurred_at: str | None) -> bool:
    return occurred_at is not None and len(occurred_at) > MAX_TIME_CHARACTERS

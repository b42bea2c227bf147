"""Keys in the order of their presses, each once. Messages may be out of order or doubled, but their times are right.

One `occurred_at` is one press, so a second message of the same key with the same time is a double. The carrier's times
have microseconds. If times have only seconds or tenths, two presses may have the same time: then the second message is
a double only if it has no sequence number or the same one.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import UTC, datetime
from math import inf
from typing import Final

from rtpcodec.stream._receive_states import KeysState
from rtpcodec.stream.events import Dtmf

MAX_WAIT_MS: Final = 150.0
"""Time that a key waits for keys that were pressed before it."""
MAX_HELD: Final = 64
"""Limit on waiting keys: nobody presses as many in that time. Beyond it, the first one stops waiting."""
MAX_TIME_CHARACTERS: Final = 64
"""A time in ISO 8601 has at most 35 characters. A key with a longer text ends all waiting, so that it is not stored."""
DOUBLES_MS: Final = 10_000.0
"""Time after a key in which its double is detected. Carriers repeat a message within seconds."""
MAX_REMEMBERED: Final = 64
"""Limit on stored keys: nobody presses as many in that time. Beyond it, the oldest ones are dropped."""

_FINE: Final = re.compile(r"[.,]\d\d")
"""A time with hundredths of seconds distinguishes two presses: pressing one key twice takes about 50 ms."""


class KeyOrder(KeysState):
    """Holds each key for MAX_WAIT_MS, and returns keys by `occurred_at`.

    A key without a time, or with one that is not ISO 8601, stays behind the keys that already wait, and is never a
    double.
    """

    __slots__ = ("_held", "_remembered")

    def __init__(self) -> None:
        self._held: list[tuple[float, float, Dtmf]] = []
        # Keys and their times, with the sequence number and the arrival of the message.
        self._remembered: OrderedDict[tuple[str, float], tuple[int | None, float]] | None = None
        self.deadline_ms = inf
        """The time of the next `due`; infinite: none is needed."""

    def __len__(self) -> int:
        return len(self._held)

    def put(self, key: Dtmf, now_ms: float, sequence_number: int | None = None) -> bool:
        """Put a key in order.

        Args:
            key: The received key press.
            now_ms: The time.
            sequence_number: Sequence number of its message; None: it has none.

        Returns:
            False if it is a double, which is dropped.
        """
        # 1. A double? Drop it.
        pressed_ms = _milliseconds(key.occurred_at)
        if pressed_ms is not None and self._is_double(key, pressed_ms, sequence_number, now_ms):
            return False
        if pressed_ms is None:
            # 2. Without a time, it does not wait itself, but stays behind the waiting keys.
            pressed_ms, until_ms = self._held[-1][:2] if self._held else (-inf, now_ms)
            if _is_long(key.occurred_at):
                until_ms = -inf
        else:
            until_ms = now_ms + MAX_WAIT_MS
        # 3. Insert it by its time. 4. Too many keys? Then the first one stops waiting.
        at = len(self._held)
        while at and self._held[at - 1][0] > pressed_ms:
            at -= 1
        self._held.insert(at, (pressed_ms, until_ms, key))
        if len(self._held) > MAX_HELD:
            self._held[0] = (self._held[0][0], -inf, self._held[0][2])
            until_ms = -inf
        self.deadline_ms = min(self.deadline_ms, until_ms)
        return True

    def due(self, now_ms: float) -> list[Dtmf]:
        """Remove and return the keys that have waited long enough, and all keys that were pressed before them."""
        count = 0
        for at, (_, until_ms, _) in enumerate(self._held):
            if until_ms <= now_ms:
                count = at + 1
        return self._take(count)

    def drain(self) -> list[Dtmf]:
        """Remove and return all keys, because no more will arrive."""
        return self._take(len(self._held))

    def _is_double(self, key: Dtmf, pressed_ms: float, sequence_number: int | None, now_ms: float) -> bool:
        """Return whether this press was received before. If not, store it."""
        if self._remembered is None:
            self._remembered = OrderedDict()
        remembered = self._remembered
        # 1. Drop old presses.
        while remembered and now_ms - next(iter(remembered.values()))[1] > DOUBLES_MS:
            remembered.popitem(last=False)
        # 2. The same key with the same time? It is a double, unless times are coarse and sequence numbers differ.
        press = key.digit, pressed_ms
        before = remembered.get(press)
        if before is not None:
            same_message = None in (before[0], sequence_number) or before[0] == sequence_number
            if same_message or _FINE.search(key.occurred_at or ""):
                return True
            del remembered[press]  # it is stored again as the newest one
        # 3. Store it. Beyond the limit, drop the oldest one.
        elif len(remembered) >= MAX_REMEMBERED:
            remembered.popitem(last=False)
        remembered[press] = sequence_number, now_ms
        return False

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

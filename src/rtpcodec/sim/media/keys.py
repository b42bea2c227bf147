"""The caller's keys: which are pressed when, and the message of each."""

from __future__ import annotations

import bisect
from datetime import UTC, datetime
from operator import itemgetter

from rtpcodec.stream import messages

_moment = itemgetter(0)


class KeyPresses:
    """Keys that are still to be pressed, in the order of time. `utc_ms` is the same moment as now_ms."""

    __slots__ = ("_pending", "_utc_offset_ms")

    def __init__(self, dtmf: tuple[tuple[float, str], ...], *, now_ms: float, utc_ms: float) -> None:
        self._utc_offset_ms = utc_ms - now_ms
        self._pending = sorted(((now_ms + at_ms, digit) for at_ms, digit in dtmf), key=_moment)

    @property
    def next_ms(self) -> float | None:
        """The moment of the next key; None: no key is left."""
        return self._pending[0][0] if self._pending else None

    def press(self, digit: str, at_ms: float) -> None:
        """Press a key at that moment."""
        bisect.insort(self._pending, (at_ms, digit), key=_moment)

    def pop(self, stream_id: str) -> messages.Dtmf:
        """Take the message of the next key, which is due."""
        due_ms, digit = self._pending.pop(0)
        moment = datetime.fromtimestamp((due_ms + self._utc_offset_ms) / 1000, UTC)
        occurred_at = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return messages.Dtmf(digit, occurred_at, stream_id=stream_id)

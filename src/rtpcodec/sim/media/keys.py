"""The caller's keys: when each is pressed, and its messages, which may be late and repeated."""

from __future__ import annotations

import bisect
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from operator import attrgetter

from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.stream import messages


@dataclass(frozen=True, slots=True)
class _Press:
    digit: str = field(repr=False)
    pressed_ms: float
    due_ms: float  # of its message


_due = attrgetter("due_ms")


class KeyPresses:
    """Messages of keys that are still to be sent, in the order of time. `utc_ms` is the same moment as now_ms."""

    __slots__ = (
        "_delays",
        "_doubles",
        "_duplicate",
        "_latest_ms",
        "_max_delay_ms",
        "_pending",
        "_utc_offset_ms",
        "duplicated",
        "reordered",
    )

    def __init__(
        self,
        dtmf: tuple[tuple[float, str], ...],
        *,
        now_ms: float,
        utc_ms: float,
        faults: Faults | None = None,
        seed: str = "",
    ) -> None:
        """Plan the messages of a call's keys.

        Args:
            dtmf: at which ms of the stream each is pressed, and the digit.
            now_ms: the begin of the stream.
            utc_ms: the same moment, for `occurred_at`.
            faults: which messages are late or repeated; None: none.
            seed: the same seed gives the same faults.
        """
        self._utc_offset_ms = utc_ms - now_ms
        # One random generator per fault, so that one never changes the effect of another.
        self._delays = self._doubles = None
        self._max_delay_ms = self._duplicate = 0.0
        if faults is not None and faults.key_delay_ms:
            self._max_delay_ms = faults.key_delay_ms
            self._delays = random.Random(f"{seed}/keys/delay")  # noqa: S311 -- for tests: the seed must repeat it
        if faults is not None and faults.key_duplicate:
            self._duplicate = faults.key_duplicate
            self._doubles = random.Random(f"{seed}/keys/duplicate")  # noqa: S311 -- as above
        self._pending: list[_Press] = []
        self._latest_ms = -inf
        self.duplicated = 0
        """Keys whose message was sent twice."""
        self.reordered = 0
        """Messages that were sent after that of a later key."""
        for at_ms, digit in dtmf:
            self.press(digit, now_ms + at_ms)

    @property
    def next_ms(self) -> float | None:
        """The moment of the next message; None: no key is left."""
        return self._pending[0].due_ms if self._pending else None

    def press(self, digit: str, at_ms: float) -> None:
        """Press a key at that moment."""
        bisect.insort(self._pending, _Press(digit, at_ms, at_ms + self._delay_ms()), key=_due)
        if self._doubles is not None and self._doubles.random() < self._duplicate:
            self.duplicated += 1
            bisect.insort(self._pending, _Press(digit, at_ms, at_ms + self._delay_ms()), key=_due)

    def pop(self, stream_id: str) -> messages.Dtmf:
        """Take the next message, which is due."""
        press = self._pending.pop(0)
        self.reordered += press.pressed_ms < self._latest_ms
        self._latest_ms = max(self._latest_ms, press.pressed_ms)
        moment = datetime.fromtimestamp((press.pressed_ms + self._utc_offset_ms) / 1000, UTC)
        occurred_at = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return messages.Dtmf(press.digit, occurred_at, stream_id=stream_id)

    def end(self, now_ms: float) -> None:
        """End the stream: keys pressed by now are due now, later ones are dropped."""
        self._pending = [
            _Press(press.digit, press.pressed_ms, now_ms) for press in self._pending if press.pressed_ms <= now_ms
        ]

    def _delay_ms(self) -> float:
        return 0.0 if self._delays is None else self._delays.uniform(0.0, self._max_delay_ms)

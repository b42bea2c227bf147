"""Links at run time: when a message arrives, and how fast the carrier reads."""

from __future__ import annotations

import random
from collections import deque
from typing import Generic, TypeVar

from rtpcodec.sim.media.timing import Link, Timing, end_of

Item = TypeVar("Item")


class LinkClock:
    """Arrival times of one direction, in the order of sending."""

    __slots__ = ("_last_ms", "_link", "_rng", "_start_ms")

    def __init__(self, link: Link, seed: str, start_ms: float) -> None:
        self._link = link
        # Chance for tests, no secrets: the seed must repeat it.
        self._rng = random.Random(seed)  # noqa: S311
        self._start_ms = start_ms
        self._last_ms = float("-inf")

    def arrival_ms(self, sent_ms: float) -> float:
        """The arrival of the next message."""
        link = self._link
        arrival_ms = sent_ms + link.delay_ms
        if link.jitter_ms:
            arrival_ms += self._rng.random() * link.jitter_ms
        arrival_ms = max(arrival_ms, self._last_ms)
        if link.stalls_ms:
            arrival_ms = self._start_ms + end_of(link.stalls_ms, arrival_ms - self._start_ms)
        self._last_ms = arrival_ms
        return arrival_ms


class Uplink(Generic[Item]):
    """The app's messages on their way to the carrier, and the socket that a slow carrier does not read."""

    __slots__ = ("_clock", "_free_ms", "_now_ms", "_paused_until_ms", "_queue", "_start_ms", "_timing")

    def __init__(self, timing: Timing, seed: str, start_ms: float) -> None:
        self._timing = timing
        self._clock = LinkClock(timing.from_app, f"{seed}/from_app", start_ms)
        self._start_ms = start_ms
        self._queue: deque[tuple[float, Item]] = deque()
        self._free_ms = start_ms  # when everything so far has been read
        self._paused_until_ms = start_ms
        self._now_ms = start_ms

    def put(self, item: Item, octets: int, now_ms: float) -> None:
        """Take a message that came over the socket."""
        arrival_ms = self._clock.arrival_ms(now_ms)
        read_ms = self._after_pause(max(arrival_ms, self._free_ms))
        if self._timing.read_octets_per_s is not None:
            read_ms = self._after_pause(read_ms + octets * 1000 / self._timing.read_octets_per_s)
        self._free_ms = read_ms
        # Delay and stalls of the link are not the carrier's slowness: the socket is read meanwhile.
        self._paused_until_ms = max(self._paused_until_ms, now_ms + read_ms - arrival_ms)
        self._queue.append((read_ms, item))

    @property
    def next_ms(self) -> float | None:
        """When the carrier has read the next message; None: none is on its way."""
        return self._queue[0][0] if self._queue else None

    def pop(self) -> Item:
        """Take the next message, which has been read."""
        return self._queue.popleft()[1]

    def reading_paused(self, now_ms: float) -> bool:
        """Whether the socket must not be read now."""
        self._now_ms = now_ms
        return now_ms < self._paused_until_ms or self._after_pause(now_ms) > now_ms

    @property
    def next_change_ms(self) -> float | None:
        """When the answer of `reading_paused` may change next; None: not by itself."""
        now_ms = self._now_ms
        moments = [self._start_ms + moment for interval in self._timing.read_pauses_ms for moment in interval]
        return min((moment for moment in (self._paused_until_ms, *moments) if moment > now_ms), default=None)

    def _after_pause(self, at_ms: float) -> float:
        pauses_ms = self._timing.read_pauses_ms
        return self._start_ms + end_of(pauses_ms, at_ms - self._start_ms) if pauses_ms else at_ms

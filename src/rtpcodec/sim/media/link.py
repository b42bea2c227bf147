"""The links of a running stream: when a message arrives, and how fast the carrier reads."""

from __future__ import annotations

import random
from collections import deque
from typing import Generic, TypeVar

from rtpcodec.sim.media.timing import Interval, Link, Timing, end_of

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
        """Return when the next message arrives."""
        link = self._link
        outages_ms = link.outages_ms
        if outages_ms:
            sent_ms = self._start_ms + end_of(outages_ms, sent_ms - self._start_ms)
        arrival_ms = sent_ms + link.delay_ms
        if link.jitter_ms:
            arrival_ms += self._rng.random() * link.jitter_ms
        arrival_ms = max(arrival_ms, self._last_ms)
        if link.stalls_ms or outages_ms:
            arrival_ms = self._start_ms + end_of(link.stalls_ms + outages_ms, arrival_ms - self._start_ms)
        self._last_ms = arrival_ms
        return arrival_ms


class Uplink(Generic[Item]):
    """The app's frames on the link to the carrier, and the socket that a slow carrier does not read."""

    __slots__ = (
        "_changes_ms",
        "_clock",
        "_free_ms",
        "_now_ms",
        "_octets_per_s",
        "_outages_ms",
        "_paused_until_ms",
        "_queue",
        "_start_ms",
        "_unread_ms",
        "_up_outages_ms",
    )

    def __init__(self, timing: Timing, seed: str, start_ms: float) -> None:
        self._octets_per_s = timing.read_octets_per_s
        self._unread_ms = timing.unread_ms
        self._up_outages_ms = timing.from_app.outages_ms
        self._outages_ms = timing.all_outages_ms
        intervals = self._unread_ms + self._outages_ms
        self._changes_ms = sorted(start_ms + moment for interval in intervals for moment in interval)
        self._clock = LinkClock(timing.from_app, f"{seed}/from_app", start_ms)
        self._start_ms = start_ms
        self._queue: deque[tuple[float, Item]] = deque()
        self._free_ms = start_ms  # when everything so far has been read
        self._paused_until_ms = start_ms
        self._now_ms = start_ms

    def put(self, item: Item, octets: int, now_ms: float) -> None:
        """Queue a message that arrived on the socket."""
        arrival_ms = self._clock.arrival_ms(now_ms)
        read_ms = self._after_pause(max(arrival_ms, self._free_ms))
        if self._octets_per_s is not None:
            read_ms = self._after_pause(read_ms + octets * 1000 / self._octets_per_s)
        self._free_ms = read_ms
        # Delay and stalls belong to the link, not to a slow carrier: the socket is read meanwhile.
        self._paused_until_ms = max(self._paused_until_ms, now_ms + read_ms - arrival_ms)
        self._queue.append((read_ms, item))

    @property
    def next_ms(self) -> float | None:
        """When the carrier has read the next message; None: none is queued."""
        return self._queue[0][0] if self._queue else None

    def pop(self) -> Item:
        """Take the next message, which has been read."""
        return self._queue.popleft()[1]

    def reading_paused(self, now_ms: float) -> bool:
        """Return whether the socket must not be read now."""
        self._now_ms = now_ms
        return now_ms < self._paused_until_ms or self._within(self._unread_ms + self._up_outages_ms, now_ms)

    def acknowledges(self, now_ms: float) -> bool:
        """Return whether what the app sends now is acknowledged."""
        return not self._within(self._outages_ms, now_ms)

    @property
    def next_change_ms(self) -> float | None:
        """When `reading_paused` or `acknowledges` may change next; None: not by time alone."""
        now_ms = self._now_ms
        return min((moment for moment in (self._paused_until_ms, *self._changes_ms) if moment > now_ms), default=None)

    def _within(self, intervals: tuple[Interval, ...], at_ms: float) -> bool:
        return bool(intervals) and end_of(intervals, at_ms - self._start_ms) > at_ms - self._start_ms

    def _after_pause(self, at_ms: float) -> float:
        return self._start_ms + end_of(self._unread_ms, at_ms - self._start_ms) if self._unread_ms else at_ms

"""Timing: delays, jitter, stalls, outages, holds, slow reading and clock skew of one call.

All times are ms since the WebSocket of the stream was opened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Interval = tuple[float, float]
"""Begin and end in ms; the end is not part of it."""

MAX_CLOCK_PPM: Final = 100_000.0
"""Limit of a clock's error: a tenth. Real clocks are a hundred times better."""


def _require_intervals(name: str, intervals: Iterable[Interval]) -> None:
    for from_ms, to_ms in intervals:
        if not 0 <= from_ms < to_ms < float("inf"):
            raise ValueError(f"{name} is {from_ms} to {to_ms}, an end after a begin of at least 0 is needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One direction of the connection between carrier and app. TCP loses nothing and keeps the order.

    Raises:
        ValueError: a time is negative or an interval does not end after it begins.
    """

    delay_ms: float = 0.0
    """Delay of each message."""
    jitter_ms: float = 0.0
    """Additional random delay of each message, at most this, drawn from the seed. No message overtakes another."""
    stalls_ms: tuple[Interval, ...] = ()
    """Nothing arrives in these intervals; at the end of each, everything that waits arrives at once. It waits behind
    the sender's system, as at a proxy: for the app, everything counts as acknowledged."""
    outages_ms: tuple[Interval, ...] = ()
    """Nothing passes in these intervals, and messages of the app are not acknowledged. A message that would arrive
    within one arrives at its end; a message that is sent within it arrives delay_ms after its end. The order is kept.

    On a real network the carrier can only stop reading: its system acknowledges until its buffers are full, some
    100 kB. On a virtual clock the app's `unacknowledged_octets` grow from the begin of the outage.
    """

    def __post_init__(self) -> None:
        for name in ("delay_ms", "jitter_ms"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} is {getattr(self, name)}, at least 0 is needed")
        _require_intervals("stalls_ms", self.stalls_ms)
        _require_intervals("outages_ms", self.outages_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The call is on hold: no media is sent, and the caller's speech waits. The caller still hears the app.

    Raises:
        ValueError: the hold does not end after it begins.
    """

    from_ms: float
    """Begin of the hold."""
    to_ms: float
    """End of the hold."""
    timestamps: Literal["jump", "stand_still"] = "jump"
    """The first timestamp after the hold: "jump" counts through the hold, "stand_still" continues as without it."""

    def __post_init__(self) -> None:
        _require_intervals("from_ms, to_ms", ((self.from_ms, self.to_ms),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When messages pass between carrier and app, and how exact the clocks of the call are.

    Raises:
        ValueError: a number is outside its range or an interval does not end after it begins.
    """

    to_app: Link = Link()
    """The direction from the carrier to the app."""
    from_app: Link = Link()
    """The direction from the app to the carrier."""
    read_octets_per_s: float | None = None
    """How fast the carrier reads the app's messages; the socket is not read while it is behind. None: at once."""
    read_pauses_ms: tuple[Interval, ...] = ()
    """The carrier does not read the socket in these intervals."""
    standstills_ms: tuple[Interval, ...] = ()
    """The process of the carrier that holds the socket stands still in these intervals, as a blocked event loop does:
    it neither reads nor sends, returns no marks and answers no pings; at the end it does all of it at once. The phone
    network is another system: it plays the audio that was read before, and the caller continues to speak."""
    caller_clock_ppm: float = 0.0
    """How much faster the clock of the chunks runs than the true time; negative: slower."""
    playout_clock_ppm: float = 0.0
    """The same for the clock that plays the app's audio."""
    holds: tuple[Hold, ...] = ()
    """Times in which the call is on hold."""

    def __post_init__(self) -> None:
        if self.read_octets_per_s is not None and not self.read_octets_per_s > 0:
            raise ValueError(f"read_octets_per_s is {self.read_octets_per_s}, more than 0 is needed")
        for name in ("caller_clock_ppm", "playout_clock_ppm"):
            if not abs(getattr(self, name)) <= MAX_CLOCK_PPM:
                raise ValueError(f"{name} is {getattr(self, name)}, at most {MAX_CLOCK_PPM:.0f} either way is allowed")
        _require_intervals("read_pauses_ms", self.read_pauses_ms)
        _require_intervals("standstills_ms", self.standstills_ms)

    @property
    def unread_ms(self) -> tuple[Interval, ...]:
        """The intervals in which the socket is not read, outages apart."""
        return self.read_pauses_ms + self.standstills_ms

    @property
    def all_outages_ms(self) -> tuple[Interval, ...]:
        """The outages of both directions: in either, messages of the app are not acknowledged."""
        return self.to_app.outages_ms + self.from_app.outages_ms


def end_of(intervals: Iterable[Interval], at_ms: float) -> float:
    """Return the end of the intervals around this moment, joined ones included; outside of all, the moment."""
    for from_ms, to_ms in sorted(intervals):
        if from_ms <= at_ms < to_ms:
            at_ms = to_ms
    return at_ms

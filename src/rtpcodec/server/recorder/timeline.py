"""Timeline: the inbound media time of all starts of a stream, as the time of a recording."""

from __future__ import annotations

from typing import Final

JOINED_MS: Final = 200.0
"""If the audio of a new start begins within this time after the end of the old audio, it follows without a gap."""
MAX_AHEAD_MS: Final = 5000.0
"""Audio may lie this far ahead of real time; bursts and clock differences are smaller. Without a limit, wrong counters
could make the file of a short call huge."""


class Timeline:
    """Places media times of one stream in a recording. All times are ms; time 0 is the beginning of the recording."""

    __slots__ = ("_before_ms", "_delay_ms", "_from_arrival", "_offset_ms", "_restarted", "end_ms")

    def __init__(self, now_ms: float, delay_ms: float | None) -> None:
        """Begin now.

        Args:
            now_ms: the session's clock.
            delay_ms: that clock minus the media time; None: no audio was received yet, the first one begins the
                timeline.
        """
        self.end_ms = 0.0
        """Where received audio ends."""
        # Whole milliseconds, so that chunks begin at whole samples.
        self._offset_ms = 0.0 if delay_ms is None else -float(round(now_ms - delay_ms))
        self._delay_ms = now_ms if delay_ms is None else delay_ms - self._offset_ms
        self._from_arrival = delay_ms is None
        self._restarted = False
        self._before_ms: float | None = None  # the offset of the previous start

    def restart(self) -> None:
        """Place the next audio by its arrival: media time begins again."""
        self._from_arrival = self._restarted = True

    def follow(self, delay_ms: float | None) -> None:
        """Update the session's clock minus the media time of the current start; None: no audio of it was received."""
        if delay_ms is not None and not self._from_arrival:
            self._delay_ms = delay_ms - self._offset_ms

    def now(self, now_ms: float) -> float:
        """Return the current time on the timeline."""
        return now_ms - self._delay_ms

    @property
    def delay_ms(self) -> float:
        """The session's clock minus the timeline."""
        return self._delay_ms

    def at(self, media_ms: float) -> float:
        """Return the place of a media time of the current start."""
        return media_ms + self._offset_ms

    def at_heard(self, media_ms: float, near_ms: float) -> float:
        """Return the place of a media time of this or the previous start, whichever is nearer to a time."""
        at_ms = media_ms + self._offset_ms
        if self._before_ms is None:
            return at_ms
        return min(at_ms, media_ms + self._before_ms, key=lambda place_ms: abs(place_ms - near_ms))

    def place(self, media_ms: float, duration_ms: float, now_ms: float) -> float:
        """Return where received audio begins."""
        # 1. The first audio of a start? Its arrival decides, or it follows at the end so far.
        if self._from_arrival:
            self._from_arrival = False
            at_ms = self.now(now_ms) - duration_ms
            if at_ms < self.end_ms + JOINED_MS:
                at_ms = self.end_ms
            if self._restarted:
                self._before_ms = self._offset_ms
            self._offset_ms = at_ms - media_ms
        # 2. Its media time decides.
        at_ms = media_ms + self._offset_ms
        # 3. Too far ahead of real time? Then move it, and all later audio, back.
        ahead_ms = at_ms + duration_ms - self.now(now_ms) - MAX_AHEAD_MS
        if ahead_ms > 0:
            at_ms = max(at_ms - ahead_ms, min(self.end_ms, at_ms))
            self._offset_ms = at_ms - media_ms
        self.end_ms = max(self.end_ms, at_ms + duration_ms)
        return at_ms

"""Places a run among inbound chunks, without the jitter of echoes.

The minimum echo offset of a run still contains some jitter, because there are few echoes. Two facts remove it:

1. The connection keeps the order. A mark that arrives between two chunks was sent between them, so their media times
   bound its time, whatever the jitter.
2. The chunk before a mark had a similar delay. The minimum delay of these chunks exceeds that of all chunks by about as
   much as the minimum echo exceeds one without jitter. If these delays vary, the middle of the possible range has the
   least error.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from rtpcodec.stream.speaking.runs import MAX_SPREAD_MS, WINDOW, Run

ROUNDING_MS: Final = 1.0
"""Bounds from chunks and marks that differ by less than this do not contradict each other."""


Chunk = tuple[float, float]
"""The media time at which an inbound chunk ends, and when it arrived."""


class PlacedRun:
    """A run, and the correction that removes the jitter of its echoes. Use from one thread at a time."""

    __slots__ = ("_excess_ms", "_lows_ms", "_seen_ms", "_ups_ms", "correction_ms", "run")

    def __init__(self, run: Run) -> None:
        self.run = run
        self.correction_ms = 0.0
        """The correction to add to echo times of this run."""
        self._seen_ms = run.settled_ms
        self._lows_ms: deque[float] = deque(maxlen=WINDOW)
        self._ups_ms: deque[float] = deque(maxlen=WINDOW)
        self._excess_ms: deque[float] = deque(maxlen=WINDOW)

    @property
    def start(self) -> int:
        """The sent position at which it begins."""
        return self.run.start

    def new_echo_ms(self) -> float | None:
        """Return when the latest mark returned, if one has returned since the previous call; otherwise None.

        A mark that is late for its run does not count: the carrier was late, or was dry before it.
        """
        run = self.run
        if run.settled_ms == self._seen_ms:
            return None
        self._seen_ms = run.settled_ms
        return run.echo_ms

    def echoed(self, not_before_ms: float, excess_ms: float) -> None:
        """Add the echo of a mark.

        not_before_ms: lower bound of the run's start, by the chunk before the echo.
        excess_ms: how much longer than the minimum that chunk took.
        """
        self._lows_ms.append(not_before_ms)
        self._excess_ms.append(excess_ms)
        self._correct()

    def followed(self, not_after_ms: float) -> None:
        """Add the first chunk after the echo of a mark; not_after_ms: upper bound of the run's start by it."""
        self._ups_ms.append(not_after_ms)
        self._correct()

    def _correct(self) -> None:
        base_ms = self.run.base_ms
        if base_ms is None:
            return
        low_ms, up_ms = max(self._lows_ms), min(self._ups_ms, default=float("inf"))
        if low_ms > up_ms + ROUNDING_MS:
            # The bounds contradict: the far end ran dry in between, or the clocks drift. Keep the latest bounds only.
            low_ms = self._lows_ms[-1]
            up_ms = max(low_ms, self._ups_ms[-1])
            for values in (self._lows_ms, self._ups_ms, self._excess_ms):
                last = values.pop()
                values.clear()
                values.append(last)
        least_ms = min(self._excess_ms)
        begin_ms = min(max(base_ms - least_ms, low_ms), max(low_ms, up_ms))
        vary_ms = sum(self._excess_ms) / len(self._excess_ms) - least_ms
        begin_ms -= min(vary_ms, begin_ms - low_ms) / 2
        self.correction_ms = begin_ms - base_ms


class EchoOrder:
    """Follows chunks and echoes in the order of their arrival. Use from one thread at a time."""

    __slots__ = ("_before", "_waiting", "chunk")

    def __init__(self) -> None:
        self.chunk: Chunk | None = None
        """The last inbound chunk. The receiver of chunks sets it."""
        self._before: Chunk | None = None  # the last chunk at the previous `look`
        self._waiting: list[tuple[PlacedRun, float, float]] = []  # run, audio before a mark, when the mark returned

    def look(self, runs: list[PlacedRun], delay_ms: float) -> None:
        """Process the chunks and echoes since the previous call.

        runs: the runs whose marks may have returned.
        delay_ms: our clock minus the media time, without jitter.
        """
        # 1. Chunks that arrived after echoes of earlier calls.
        chunk = self.chunk
        if self._waiting and chunk is not None:
            end_ms, received_ms = chunk
            for placed, ahead_ms, returned_ms in self._waiting:
                if received_ms > returned_ms and received_ms - end_ms - delay_ms <= MAX_SPREAD_MS:
                    placed.followed(end_ms + delay_ms - ahead_ms)
            self._waiting = [waiting for waiting in self._waiting if waiting[2] >= received_ms]
        # 2. Echoes. A chunk that was read together with an echo may have arrived before or after it.
        for placed in runs:
            echo_ms = placed.new_echo_ms()
            if echo_ms is None or self._before is None:
                continue
            end_ms, received_ms = self._before
            excess_ms = received_ms - end_ms - delay_ms
            # After a clear, the meaning of an echo is known later, when other chunks have arrived. A stalled chunk, or
            # one that arrived while the media time stood still, does not count.
            if received_ms <= echo_ms and excess_ms <= MAX_SPREAD_MS:
                ahead_ms = placed.run.settled_ms
                placed.echoed(end_ms + delay_ms - ahead_ms, max(0.0, excess_ms))
                self._waiting.append((placed, ahead_ms, echo_ms))
        self._before = chunk

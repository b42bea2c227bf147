"""The rate of audio compared with its arrival: twice as many octets per second are not 8 kHz.

Audio may arrive in bursts after stalls, or early, but on average it arrives as fast as it was spoken. `ahead` is the
duration of the audio so far minus the time so far. At the right rate it falls in stalls and then returns to its earlier
value, and it exceeds that value only in a burst of early audio. At a wrong rate its maxima rise, or fall, by the same
step from period to period. So PERIODS steps in a row must agree with one rate; bursts and stalls break the row.

A network that drains a backlog at twice the speed looks the same for some seconds. Timestamps distinguish the two: a
sender with another rate counts its own time, which differs from the duration of the audio. If timestamps and audio
agree, either the network is slow or the sender counts octets. Then DATED_PERIODS must agree.
"""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import Final

from rtpcodec.codecs import codec
from rtpcodec.stream.diagnosis._watch_states import PERIOD_MS, ArrivalState
from rtpcodec.stream.messages import MediaFormat

PERIODS: Final = 5
"""Together with the period before them, these are one second."""
RATIOS: Final = (1 / 6, 1 / 3, 1 / 2, 2 / 3, 3 / 2, 2.0, 3.0, 6.0)
"""Ratios between the rates of carriers: 8, 16, 24 and 48 kHz."""
DATED_PERIODS: Final = 18
"""Three seconds: at three times the rate, they contain nearly all the audio that is examined."""
TOLERANCE: Final = 0.08
"""Tolerance for all periods together; four times as much for each period, because chunks cross its end."""


class Arrival(ArrivalState):
    """Measures the duration of audio per time of arrival on one track. Use from one thread at a time."""

    __slots__ = ("_most_ms", "_steps", "declared_hz")

    def __init__(self, media_format: MediaFormat) -> None:
        rates_hz = codec(media_format.encoding).sample_rates_hz
        self.declared_hz = media_format.sample_rate_hz or rates_hz[0] if len(rates_hz) > 1 else rates_hz[0]
        self.restart()

    def restart(self) -> None:
        """Restart, because audio was lost or paused, so earlier audio does not count."""
        self.has_begun = False
        self._audio_ms = 0.0
        self._most_ms = -inf
        self._maximum_ms = -inf
        self._steps: list[float] = []  # at most DATED_PERIODS + 1 maxima
        self._timestamp = -1
        self._dated_ms = self._dated_audio_ms = 0.0

    @property
    def _dated(self) -> bool:
        """Whether timestamps agree with the declared rate."""
        return abs(self._dated_ms - self._dated_audio_ms) < TOLERANCE * self._dated_audio_ms

    def _turn(self, now_ms: float) -> float:
        """Begin the next period. Returns the ratio of audio to time if it is certainly not 1, else 0."""
        # 1. A stall? Then earlier periods do not count.
        if now_ms >= self._until_ms + PERIOD_MS:
            # After a stall of one period or more, audio arrives faster than it was spoken.
            self._most_ms = max(self._most_ms, self._maximum_ms, *self._steps)
            self._steps.clear()
            self._maximum_ms = -inf
            self._until_ms = now_ms + PERIOD_MS
            return 0.0
        # 2. Store the maximum of the period. 3. Enough periods?
        self._until_ms += PERIOD_MS
        if len(self._steps) > DATED_PERIODS:
            self._most_ms = max(self._most_ms, self._steps.pop(0))
        self._steps.append(self._maximum_ms)
        self._maximum_ms = -inf
        periods = DATED_PERIODS if self._dated else PERIODS
        if len(self._steps) <= periods:
            return 0.0
        # 4. Is the ratio near one of RATIOS, in all periods together and in each of them?
        earlier, steps = self._steps[: -periods - 1], self._steps[-periods - 1 :]
        whole = 1 + (steps[-1] - steps[0]) / (periods * PERIOD_MS)
        if whole > 1 and steps[0] < max(self._most_ms, *earlier, -inf):
            return 0.0  # the audio catches up after a stall
        near = min(RATIOS, key=lambda ratio: abs(ratio - whole))
        if abs(whole - near) > TOLERANCE * near:
            return 0.0
        for before, after in pairwise(steps):
            if abs(1 + (after - before) / PERIOD_MS - near) > 4 * TOLERANCE * near:
                return 0.0
        return whole

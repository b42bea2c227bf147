"""The rate of audio against its arrival: twice as many octets per second are not 8 kHz.

Audio comes in bursts after stalls and before its time, but on the whole as fast as it was spoken. `ahead` is the audio
so far less the time so far. In a stream of the right rate it falls in stalls, and returns to where it was, never beyond
it but for a burst that was made before its time. In a stream of a wrong rate its maxima rise, or fall, by the same step
from period to period. So all of PERIODS steps in a row must agree with one rate; bursts and stalls break the row.

A network that drains a backlog at twice the speed looks the same for some seconds. Timestamps tell them apart: those of
a sender with another rate count its own time, which is not that of the audio. If they agree with the audio, either the
network is slow, or the sender counts octets. Then DATED_PERIODS must agree.
"""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import Final

from rtpcodec.codecs import codec
from rtpcodec.stream.diagnosis._watch_states import PERIOD_MS, ArrivalState
from rtpcodec.stream.messages import MediaFormat

PERIODS: Final = 5
"""With the one that they begin with, a second."""
RATIOS: Final = (1 / 6, 1 / 3, 1 / 2, 2 / 3, 3 / 2, 2.0, 3.0, 6.0)
"""Between rates that carriers have: 8, 16, 24 and 48 kHz."""
DATED_PERIODS: Final = 18
"""Three seconds: at three times the rate, they hold nearly all the audio that is looked at."""
TOLERANCE: Final = 0.08
"""Of the whole second; of each period four times as much, as chunks do not end with it."""


class Arrival(ArrivalState):
    """Measures how much audio arrives per time on one track. Use from one thread at a time."""

    __slots__ = ("_most_ms", "_steps", "declared_hz")

    def __init__(self, media_format: MediaFormat) -> None:
        rates_hz = codec(media_format.encoding).sample_rates_hz
        self.declared_hz = media_format.sample_rate_hz or rates_hz[0] if len(rates_hz) > 1 else rates_hz[0]
        self.restart()

    def restart(self) -> None:
        """Begin again: audio was lost or paused, so that nothing before now counts."""
        self.has_begun = False
        self._audio_ms = 0.0
        self._most_ms = -inf
        self._maximum_ms = -inf
        self._steps: list[float] = []  # of DATED_PERIODS + 1 at most
        self._timestamp = -1
        self._dated_ms = self._dated_audio_ms = 0.0

    @property
    def _dated(self) -> bool:
        """Whether timestamps agree with the declared rate."""
        return abs(self._dated_ms - self._dated_audio_ms) < TOLERANCE * self._dated_audio_ms

    def _turn(self, now_ms: float) -> float:
        """Begin another period."""
        if now_ms >= self._until_ms + PERIOD_MS:
            # Nothing came for a whole period: a stall, after which the audio comes faster than it was spoken.
            self._most_ms = max(self._most_ms, self._maximum_ms, *self._steps)
            self._steps.clear()
            self._maximum_ms = -inf
            self._until_ms = now_ms + PERIOD_MS
            return 0.0
        self._until_ms += PERIOD_MS
        if len(self._steps) > DATED_PERIODS:
            self._most_ms = max(self._most_ms, self._steps.pop(0))
        self._steps.append(self._maximum_ms)
        self._maximum_ms = -inf
        periods = DATED_PERIODS if self._dated else PERIODS
        if len(self._steps) <= periods:
            return 0.0
        earlier, steps = self._steps[: -periods - 1], self._steps[-periods - 1 :]
        whole = 1 + (steps[-1] - steps[0]) / (periods * PERIOD_MS)
        if whole > 1 and steps[0] < max(self._most_ms, *earlier, -inf):
            return 0.0  # it makes up for a stall
        near = min(RATIOS, key=lambda ratio: abs(ratio - whole))
        if abs(whole - near) > TOLERANCE * near:
            return 0.0
        for before, after in pairwise(steps):
            if abs(1 + (after - before) / PERIOD_MS - near) > 4 * TOLERANCE * near:
                return 0.0
        return whole

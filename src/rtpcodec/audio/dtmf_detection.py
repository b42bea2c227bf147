"""Keys in PCM: pairs of tones (ITU-T Q.23) within the limits for receivers (ITU-T Q.24).

Of the administrations' limits in ITU-T Q.24 table A-1, the detector uses for each parameter one that all accept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

from typing_extensions import Buffer

from rtpcodec.audio.tone_windows import (
    Values,
    Window,
    Windows,
    WindowShape,
    dbov_of_power,
    power_of,
    power_of_dbm0,
)
from rtpcodec.audio.tones import HIGH_HZ, KEYS, LOW_HZ
from rtpcodec.pickling import Live

MAX_OFFSET: Final = 0.025
"""1.5 % (AT&T), 1.8 % (NTT, Brazil) and 1.5 % + 4 Hz (Australia), which is 2.1 % of 697 Hz, must be accepted; 3 % (NTT,
Brazil) and 3.5 % (AT&T) must be refused."""
LEAST_DBM0: Final = -28.0
"""Level of each tone: -27 dBm (Denmark, Australia) must be accepted, -29 dBm (NTT) and -30 dBm (Australia) refused."""
LEAST_POWER: Final = power_of_dbm0(LEAST_DBM0)
MAX_TWIST: Final = 10 ** (11.5 / 10)
"""Up to 10 dB in either direction (Australia) must be accepted; Q.24 requires no refusal."""
LEAST_MS: Final = 32.0
"""40 ms (all) must be accepted, 25 ms (Australia), 24 ms (NTT) and 23 ms (AT&T) refused."""
BRIDGED_MS: Final = 25.0
"""An interruption of 20 ms (Denmark) does not end a key, a pause of 30 ms (NTT, Brazil) does."""
LEAST_SHARE: Final = 0.8
"""Share of the power: 6 dB above noise. In speech the two tones have less."""
REPORTED_MS: Final = 1000.0
"""A key that is held longer is reported after this time, before it ends."""
HELD_WINDOWS: Final = round(REPORTED_MS / 5.0)
STRONG_SHARE: Final = 0.4
"""Another pair with this share of the power is another key, if its amplitude is also above STRONG ..."""
STRONG: Final = 0.4
"""... times that of the current key. Weaker pairs occur in the middle of an interruption."""
CORE: Final = 0.8
"""Windows within a key have at least this part of its amplitude."""
SHAPE: Final = WindowShape(
    frequencies_hz=(*LOW_HZ, *HIGH_HZ),
    window_ms=20.0,
    hop_ms=5.0,
    split=len(LOW_HZ),
    # Both tones at their limit, three quarters of the window empty.
    least_dbm0=LEAST_DBM0 - 12.0,
    least_share=0.15,
)
"""20 ms separate row and column, which differ by 268 Hz or more, and are shorter than the shortest key."""


class HeardKey(NamedTuple):
    """A detected key."""

    digit: str
    start: int
    end: int
    low_hz: float
    high_hz: float
    level_dbov: float
    """Of both tones together."""


class _Step(NamedTuple):
    """A window in which a key may sound."""

    key: tuple[int, int]
    begin: int
    low_turn: complex
    high_turn: complex
    low_power: float
    high_power: float
    power: float

    @property
    def amplitude(self) -> float:
        return math.sqrt(self.low_power + self.high_power)

    @property
    def strong(self) -> bool:
        """Whether the pair has a large share of the window."""
        return self.low_power + self.high_power > STRONG_SHARE * self.power


class _Candidate:
    """Windows with the same pair of tones, in parts that are separated by windows without it."""

    __slots__ = ("key", "last", "lost", "missing", "others", "parts", "peak", "reported")

    def __init__(self, key: tuple[int, int]) -> None:
        self.key = key
        self.parts: list[list[_Step]] = [[]]
        self.missing = 0  # windows since the last part
        self.others: list[_Step] = []  # the last of these windows, if they have one other pair
        self.peak = 0.0  # amplitude
        self.last = 0  # start of the last window with the pair
        self.lost: list[tuple[int, int]] = []  # start and end of lost PCM
        self.reported = False

    def add(self, step: _Step) -> None:
        """Add a window."""
        if self.missing:
            self.parts.append([])
            self.missing = 0
            self.others = []
        self.parts[-1].append(step)
        self.last = step.begin
        self.peak = max(self.peak, step.amplitude)

    def hold(self, step: _Step) -> None:
        """Add a window of a key that was reported; it is not stored, so a long key needs no memory."""
        self.missing = 0
        self.others = []
        self.last = step.begin
        if self.lost:
            self.lost = [one for one in self.lost if one[1] > step.begin]

    def miss(self, step: _Step | None) -> None:
        """Add a window that has another pair, or none."""
        self.missing += 1
        if step is None or (self.others and self.others[0].key != step.key):
            self.others = []
        if step is not None:
            self.others.append(step)

    @property
    def replaced(self) -> bool:
        """Whether another key sounds."""
        last = self.others[-1] if self.others else None
        return last is not None and last.strong and last.amplitude > STRONG * self.peak

    def missing_samples(self, windows: Windows) -> int:
        """Return for how many samples the pair was missing, without lost PCM."""
        missing = self.missing * windows.hop
        if not self.lost:
            return missing
        return missing - self.lost_samples(self.last, self.last + missing + windows.window)

    def lost_samples(self, begin: int, end: int) -> int:
        """Return the number of lost samples between two positions."""
        return sum(max(min(end, last) - max(begin, first), 0) for first, last in self.lost)

    @property
    def windows(self) -> int:
        """The number of windows with the pair."""
        return sum(len(part) for part in self.parts)


class KeyDetector(Live):
    """Finds the keys of one stream. Use from one thread at a time."""

    __slots__ = ("_candidate", "_windows")

    def __init__(self, rate_hz: int) -> None:
        """Begin a stream. Raises: ValueError if the rate is out of range."""
        self._windows = Windows(SHAPE, rate_hz)
        self._candidate: _Candidate | None = None

    @property
    def idle(self) -> bool:
        """Whether no key sounds."""
        return self._candidate is None

    def take(self, pcm: Buffer) -> list[HeardKey]:
        """Add PCM, and return the keys that have ended."""
        found: list[HeardKey] = []
        for window in self._windows.relevant(pcm):
            if window is not None or self._candidate is not None:
                self._look(window, found)
        return found

    def lose(self, begin: int, end: int) -> None:
        """Mark PCM as lost and replaced by silence: a key that sounds on both sides of it was not released."""
        if self._candidate is not None:
            self._candidate.lost.append((begin, end))

    def end(self) -> list[HeardKey]:
        """End the current key, if there is one: no more PCM follows it directly."""
        found: list[HeardKey] = []
        self._close(found)
        return found

    def reset(self, begin: int) -> None:
        """Restart at a sample position, without a key."""
        self._candidate = None
        self._windows.reset(begin)

    def _look(self, window: Window | None, found: list[HeardKey]) -> None:
        step = None if window is None or window.values is None else self._step(window, window.values)
        candidate = self._candidate
        if candidate is not None and (step is None or step.key != candidate.key):
            candidate.miss(step)
            missing = candidate.missing_samples(self._windows)
            if candidate.replaced or missing * 1000 > BRIDGED_MS * self._windows.rate_hz:
                self._close(found)
                self._begin(candidate.others)
            return
        if step is None:
            return
        if candidate is None:
            self._begin([step])
            return
        if candidate.reported:
            candidate.hold(step)
            return
        candidate.add(step)
        if candidate.windows >= HELD_WINDOWS:
            self._report(candidate, found)

    def _begin(self, steps: list[_Step]) -> None:
        if steps:
            self._candidate = _Candidate(steps[0].key)
            for step in steps:
                self._candidate.add(step)

    def _step(self, window: Window, values: Values) -> _Step:
        low, high = window.first, window.second
        return _Step(
            (low, high - len(LOW_HZ)),
            window.begin,
            self._windows.turn(window, low),
            self._windows.turn(window, high),
            power_of(values[low]),
            power_of(values[high]),
            window.power,
        )

    def _close(self, found: list[HeardKey]) -> None:
        candidate, self._candidate = self._candidate, None
        if candidate is not None and not candidate.reported:
            self._report(candidate, found)

    def _report(self, candidate: _Candidate, found: list[HeardKey]) -> None:
        candidate.reported = True
        for steps in self._presses(candidate.parts, candidate.lost_samples):
            key = self._judged(candidate.key, steps)
            if key is not None:
                found.append(key)
        candidate.parts = [[]]

    def _presses(self, parts: list[list[_Step]], lost_samples: Callable[[int, int], int]) -> list[list[_Step]]:
        """Join parts that are separated by an interruption, not by a pause."""
        amplitude = max(step.amplitude for part in parts for step in part)
        joined = [list(parts[0])]
        for part in parts[1:]:
            begin, end = self._end(joined[-1], amplitude), self._start(part, amplitude)
            pause = end - begin - lost_samples(begin, end)
            if pause * 1000 < BRIDGED_MS * self._windows.rate_hz:
                joined[-1] += part
            else:
                joined.append(list(part))
        return joined

    def _judged(self, key: tuple[int, int], steps: list[_Step]) -> HeardKey | None:
        """Return the key if its windows are within all limits."""
        windows, nominal_low_hz, nominal_high_hz = self._windows, LOW_HZ[key[0]], HIGH_HZ[key[1]]
        least = CORE * max(step.amplitude for step in steps)
        core = [step for step in steps if step.amplitude >= least]
        # 1. Frequencies, from the phase change between windows that the key fills.
        turning = [step for before, step in pairwise(steps) if min(before.amplitude, step.amplitude) >= least]
        low_turn, high_turn = sum(step.low_turn for step in turning), sum(step.high_turn for step in turning)
        if not low_turn or not high_turn:
            return None
        low_off_hz, high_off_hz = windows.offset_hz(low_turn), windows.offset_hz(high_turn)
        if abs(low_off_hz) > MAX_OFFSET * nominal_low_hz or abs(high_off_hz) > MAX_OFFSET * nominal_high_hz:
            return None
        # 2. Levels, corrected by the distance from the nominal frequencies.
        low = windows.gain(low_off_hz) * median(step.low_power for step in core)
        high = windows.gain(high_off_hz) * median(step.high_power for step in core)
        if min(low, high) < LEAST_POWER or not 1 / MAX_TWIST < high / low < MAX_TWIST:
            return None
        # 3. Share of the power: no other sound is as loud.
        if low + high < LEAST_SHARE * median(step.power for step in core):
            return None
        # 4. Duration.
        amplitude = median(step.amplitude for step in core)
        start, end = self._start(steps, amplitude), self._end(steps, amplitude)
        if end - start < LEAST_MS * windows.rate_hz / 1000:
            return None
        digit = KEYS[key[0]][key[1]]
        return HeardKey(
            digit, start, end, nominal_low_hz + low_off_hz, nominal_high_hz + high_off_hz, dbov_of_power(low + high)
        )

    def _start(self, steps: list[_Step], amplitude: float) -> int:
        """Return where a tone begins: the amplitude in a window at its edge shows how much of the window it fills."""
        first = min(steps[:3], key=lambda step: abs(step.amplitude / amplitude - 0.5))
        return max(round(first.begin + self._windows.window - self._windows.edge(first.amplitude / amplitude)), 0)

    def _end(self, steps: list[_Step], amplitude: float) -> int:
        last = min(steps[-3:], key=lambda step: abs(step.amplitude / amplitude - 0.5))
        return round(last.begin + self._windows.edge(last.amplitude / amplitude))

"""Stretches of PCM that contain only one tone, or one pair of call progress tones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import fmean
from typing import Final, NamedTuple

from typing_extensions import Buffer

from rtpcodec.audio.tone_windows import Tone, Window, Windows, WindowShape, power_of
from rtpcodec.pickling import Live

LEAST_DBM0: Final = -40.0
"""Administrations send call progress tones with -5 to -15 dBm0 (ITU-T E.180); the difference allows for line losses."""
LEAST_SHARE: Final = 0.8
"""Share of the power: 6 dB above noise and speech."""
CENTRED_HZ: Final = 6.0
"""A tone this close to a frequency of the bank has all its power there."""
BESIDE_SHARE: Final = 0.65
"""Share of the power measured by the next frequency on the tone's side; one of two tones has at most 0.5."""
SAME_TONE_HZ: Final = 12.0
"""Windows whose tones differ by less belong to one stretch."""
MAX_TWIST: Final = 10 ** (6.0 / 10)
"""Power ratio of the tones of a pair, which are sent at equal levels."""
MAX_OFFSET: Final = 0.015
"""Frequency error of the tones of a pair. Administrations allow 0.5 to 1 %."""
KEPT_STEPS: Final = 128
"""Windows of a tone that are stored, however long it lasts."""

SINGLE: Final = WindowShape(
    frequencies_hz=tuple(float(hertz) for hertz in range(340, 2101, 40)),
    window_ms=40.0,
    hop_ms=10.0,
    split=45,
    least_dbm0=LEAST_DBM0 - 6.0,
    least_share=0.25,
)
"""A tone is at most 20 Hz from one of these, less than the 25 Hz of a line of the spectrum."""
PAIRS: Final = {
    "dial": ((350.0, 440.0), (350.0, 450.0)),
    "ringback": ((440.0, 480.0), (400.0, 450.0)),
    "busy": ((480.0, 620.0),),
}
"""Pairs of ITU-T E.180 Supplement 2: North America; the United Kingdom and others."""
PAIR_HZ: Final = (350.0, 400.0, 440.0, 450.0, 480.0, 620.0)
PAIRED: Final = WindowShape(
    frequencies_hz=PAIR_HZ,
    window_ms=100.0,
    hop_ms=25.0,
    split=len(PAIR_HZ),
    least_dbm0=LEAST_DBM0 - 6.0,
    least_share=0.1,
)
"""100 ms separate 440 and 480 Hz."""
_INDEXED_PAIRS: Final = tuple(
    (name, PAIR_HZ.index(low), PAIR_HZ.index(high)) for name, pairs in PAIRS.items() for low, high in pairs
)


class SteadyTone(NamedTuple):
    """A tone or a pair of tones without other sounds."""

    name: str
    """Empty for a single tone, otherwise the name of the pair in PAIRS."""
    start: int
    end: int
    frequencies_hz: tuple[float, ...]
    power: float

    @property
    def samples(self) -> int:
        """The length."""
        return self.end - self.start


class _Step(NamedTuple):
    begin: int
    power: float
    tones: tuple[Tone, ...]


class SteadyTones(Live):
    """Finds the stretches of one stream. Use from one thread at a time."""

    __slots__ = ("_missing", "_name", "_steps", "least_samples", "windows")

    def __init__(self, shape: WindowShape, rate_hz: int, least_ms: float) -> None:
        """Begin a stream.

        Args:
            shape: SINGLE or PAIRED.
            rate_hz: sample rate of the PCM.
            least_ms: shorter stretches are not reported.
        """
        self.windows = Windows(shape, rate_hz)
        self.least_samples = round(least_ms * rate_hz / 1000)
        self._name = ""
        self._steps: list[_Step] = []
        self._missing = 0

    def take(self, pcm: Buffer) -> Iterator[tuple[Window, SteadyTone | None]]:
        """Add PCM, and yield its windows, each with the stretch that ends there."""
        for window in self.windows.taken(pcm):
            if window.values is None and not self._steps:
                yield window, None
            else:
                yield window, self._look(window)

    def reset(self, begin: int) -> None:
        """Restart at a sample position."""
        self._steps = []
        self.windows.reset(begin)

    @property
    def running(self) -> SteadyTone | None:
        """The current stretch, which has not ended."""
        return self._stretch(ended=False) if self._steps else None

    @property
    def running_samples(self) -> int:
        """The approximate length of the current stretch; 0: no tone."""
        return self._steps[-1].begin - self._steps[0].begin if self._steps else 0

    def end(self) -> SteadyTone | None:
        """End the current stretch: no more PCM follows it directly."""
        return self._close()

    def _look(self, window: Window) -> SteadyTone | None:
        found = None if window.values is None else self._sounding(window)
        steps = self._steps
        if found is None:
            if not steps:
                return None
            self._missing += 1
            return self._close() if self._missing > 1 else None
        name, tones = found
        ended = None
        if steps and not (name == self._name and _alike(steps, tones)):
            ended = self._close()
        self._name = name
        self._missing = 0
        self._steps.append(_Step(window.begin, window.power, tones))
        if len(self._steps) > KEPT_STEPS:
            del self._steps[KEPT_STEPS // 2]  # keeps the edges, and enough of the rest
        return ended

    def _sounding(self, window: Window) -> tuple[str, tuple[Tone, ...]] | None:
        if self.windows.shape is SINGLE:
            tone = self._single(window)
            return None if tone is None else ("", (tone,))
        best, share = None, LEAST_SHARE
        for name, low, high in _INDEXED_PAIRS:
            tones = self._pair(window, low, high)
            if tones is not None:
                found = (tones[0].power + tones[1].power) / window.power
                if found > share:
                    best, share = (name, tones), found
        return best

    def _single(self, window: Window) -> Tone | None:
        values = window.values
        if values is None:
            return None
        windows, k = self.windows, window.first
        tone = windows.tone(window, k)
        if tone is None or tone.power < LEAST_SHARE * window.power:
            return None
        # Two beating tones can look like one of higher power between them; the neighbouring frequency then has less.
        offset_hz = tone.frequency_hz - windows.shape.frequencies_hz[k]
        beside = k + 1 if offset_hz > 0 else k - 1
        if abs(offset_hz) > CENTRED_HZ and 0 <= beside < len(values):
            other = windows.tone(window, beside)
            if other is None or other.power < BESIDE_SHARE * window.power:
                return None
        return tone

    def _pair(self, window: Window, low: int, high: int) -> tuple[Tone, Tone] | None:
        values = window.values
        if values is None or power_of(values[low]) + power_of(values[high]) < window.power / 2:
            return None
        first, second = self.windows.tone(window, low), self.windows.tone(window, high)
        if first is None or second is None or not 1 / MAX_TWIST < first.power / second.power < MAX_TWIST:
            return None
        for tone, k in ((first, low), (second, high)):
            if abs(tone.frequency_hz - PAIR_HZ[k]) > MAX_OFFSET * PAIR_HZ[k]:
                return None
        return first, second

    def _close(self) -> SteadyTone | None:
        stretch = self._stretch(ended=True) if self._steps else None
        self._steps = []
        self._missing = 0
        return stretch if stretch is not None and stretch.samples >= self.least_samples else None

    def _stretch(self, *, ended: bool) -> SteadyTone:
        steps, windows = self._steps, self.windows
        full = sorted(step.power for step in steps)[len(steps) // 2]
        # In a window that a tone fills only in part, the share of the amplitude differs from that of the power.
        first = math.sqrt(sum(tone.before for tone in steps[0].tones) / full)
        start = steps[0].begin - windows.hop + windows.window - windows.edge(min(first, 1.0))
        end = steps[-1].begin + (windows.edge(_amplitude(steps[-1], full)) if ended else windows.window)
        core = [step for step in steps if step.power >= full / 2]
        frequencies_hz = tuple(fmean(step.tones[k].frequency_hz for step in core) for k in range(len(steps[0].tones)))
        return SteadyTone(self._name, max(round(start), 0), round(end), frequencies_hz, full)


def _amplitude(step: _Step, full: float) -> float:
    return min(math.sqrt(sum(tone.power for tone in step.tones) / full), 1.0)


def _alike(steps: list[_Step], tones: tuple[Tone, ...]) -> bool:
    return all(
        abs(tone.frequency_hz - before.frequency_hz) < SAME_TONE_HZ
        for tone, before in zip(tones, steps[-1].tones, strict=True)
    )

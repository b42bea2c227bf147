"""Measurement of single frequencies in windows of PCM, and of a tone's exact frequency from two windows in a row."""

from __future__ import annotations

import cmath
import math
from functools import lru_cache
from typing import Final, NamedTuple

from typing_extensions import Buffer

from rtpcodec.audio.levels import FULL_SCALE, dbov_of_dbm0
from rtpcodec.kernels.goertzel import ToneBank, ToneTables
from rtpcodec.pickling import Live

Values = tuple[complex, ...]
"""One value per frequency of a bank: its squared magnitude is the power of a sine there."""

KEPT_TABLES: Final = 16
"""Banks of three lengths at the rates in one process; 20 to 100 kB each at 8 kHz."""


class Window(NamedTuple):
    """One window of a stream."""

    begin: int
    """The position of its first sample."""
    power: float
    """Mean square of its samples."""
    first: int
    """The index of the strongest frequency of the first group."""
    second: int
    """The same for the second group; -1: no tone."""
    values: Values | None
    """None: it is quiet, or no tone has a sufficient share of the power."""
    before: Values | None
    """The values of the previous window."""


class Tone(NamedTuple):
    """A sine in a window."""

    frequency_hz: float
    power: float
    before: float
    """Its power in the previous window, which it may fill only in part."""


class WindowShape(NamedTuple):
    """The parameters of the windows, except the sample rate."""

    frequencies_hz: tuple[float, ...]
    window_ms: float
    hop_ms: float
    split: int
    least_dbm0: float
    """Quieter windows are ignored."""
    least_share: float
    """Windows are ignored if their strongest frequencies have a lower share of the power."""


class Windows(Live):
    """The windows of one stream. Use from one thread at a time."""

    __slots__ = ("_bank", "_before", "_begin", "_turns", "hop", "rate_hz", "shape", "window")

    def __init__(self, shape: WindowShape, rate_hz: int) -> None:
        """Begin a stream. Raises: ValueError if the rate is out of range."""
        self.shape = shape
        self.rate_hz = rate_hz
        self.window = round(shape.window_ms * rate_hz / 1000)
        self.hop = round(shape.hop_ms * rate_hz / 1000)
        self._bank = ToneBank(
            _tables(rate_hz, shape.frequencies_hz, self.window),
            self.hop,
            split=shape.split,
            least_power=power_of_dbm0(shape.least_dbm0),
            least_share=shape.least_share,
        )
        self._begin = 0
        self._before: Values | None = None
        # The phase change of a sine at each frequency from one window to the next, removed by multiplication.
        self._turns = tuple(
            cmath.exp(-2j * math.pi * ((hertz * self.hop / rate_hz) % 1)) for hertz in shape.frequencies_hz
        )

    def taken(self, pcm: Buffer) -> list[Window]:
        """Add PCM, and return the windows that it completes."""
        found = []
        begin, before, hop = self._begin, self._before, self.hop
        for power, first, second, values in self._bank.measure(pcm):
            found.append(Window(begin, power, first, second, values, before))
            before = values
            begin += hop
        self._begin, self._before = begin, before
        return found

    def relevant(self, pcm: Buffer) -> list[Window | None]:
        """Add PCM, and return the windows that it completes; None in place of those without values."""
        found: list[Window | None] = []
        begin, before, hop = self._begin, self._before, self.hop
        for power, first, second, values in self._bank.measure(pcm):
            found.append(None if values is None else Window(begin, power, first, second, values, before))
            before = values
            begin += hop
        self._begin, self._before = begin, before
        return found

    def reset(self, begin: int) -> None:
        """Restart at a sample position."""
        self._bank.reset()
        self._begin = begin
        self._before = None

    def turn(self, window: Window, k: int) -> complex:
        """Return the phase change of a tone near frequency k since the previous window, relative to a sine at k."""
        if window.values is None or window.before is None:
            return 0j
        return window.values[k] * window.before[k].conjugate() * self._turns[k]

    def offset_hz(self, turn: complex) -> float:
        """Return a tone's offset from its nominal frequency. A sum of turns gives the power-weighted mean."""
        return cmath.phase(turn) * self.rate_hz / (2 * math.pi * self.hop)

    def tone(self, window: Window, k: int) -> Tone | None:
        """Return the sine near frequency k; None: the previous window has no values."""
        turn = self.turn(window, k)
        if not turn or window.values is None or window.before is None:
            return None
        offset_hz = self.offset_hz(turn)
        gain = self.gain(offset_hz)
        power, before = gain * power_of(window.values[k]), gain * power_of(window.before[k])
        return Tone(self.shape.frequencies_hz[k] + offset_hz, power, before)

    def gain(self, offset_hz: float) -> float:
        """Return the factor that corrects the power of a tone measured at this offset."""
        return _gain(offset_hz * self.window / self.rate_hz)

    def edge(self, amplitude: float) -> float:
        """Return how many samples of a window a tone fills, given the share of its full amplitude."""
        return _fill(amplitude) * self.window


def power_of(value: complex) -> float:
    """Return the power of a value: its squared magnitude."""
    return value.real * value.real + value.imag * value.imag


def power_of_dbm0(level_dbm0: float) -> float:
    """Return the mean square of samples at a level."""
    return float(FULL_SCALE**2 * 10 ** (dbov_of_dbm0(level_dbm0) / 10))


def dbov_of_power(power: float) -> float:
    """Return the level of a mean square of samples."""
    return 10 * math.log10(power) - 20 * math.log10(FULL_SCALE)


@lru_cache(KEPT_TABLES)
def _tables(rate_hz: int, frequencies_hz: tuple[float, ...], window_samples: int) -> ToneTables:
    return ToneTables(rate_hz, frequencies_hz, window_samples)


def _gain(bins: float) -> float:
    """Return the inverse power response of a Hann window at an offset in bins (1 / its length), at most 16 dB."""
    bins = min(abs(bins), 1.4)
    if bins < 1e-6:
        return 1.0
    if abs(bins - 1) < 1e-6:
        return 4.0
    response = math.sin(math.pi * bins) / (math.pi * bins * (1 - bins * bins))
    return 1 / (response * response)


def _fill(amplitude: float) -> float:
    """Return the part u of a Hann window for which the integral u - sin(2 pi u) / (2 pi) equals amplitude."""
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if middle - math.sin(2 * math.pi * middle) / (2 * math.pi) < amplitude:
            low = middle
        else:
            high = middle
    return (low + high) / 2

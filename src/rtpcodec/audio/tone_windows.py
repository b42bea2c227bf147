"""Windows of PCM in which single frequencies are measured, and what two windows in a row say about a tone."""

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
"""Per frequency of a bank: its squared magnitude is the power of a sine there."""

KEPT_TABLES: Final = 16
"""Banks of three lengths at the rates that one process meets; 20 to 100 kB each at 8 kHz."""


class Window(NamedTuple):
    """One window of a stream."""

    begin: int
    """Its first sample."""
    power: float
    """In squares of samples."""
    first: int
    """The index of the strongest frequency of the first group."""
    second: int
    """Of the second group; -1: no tone."""
    values: Values | None
    """None: it is quiet, or no tone has a share of it that is worth a look."""
    before: Values | None
    """The values of the window before."""


class Tone(NamedTuple):
    """A sine in a window."""

    frequency_hz: float
    power: float
    before: float
    """Its power in the window before, which it may fill in part."""


class WindowShape(NamedTuple):
    """The windows of one search, apart from the rate."""

    frequencies_hz: tuple[float, ...]
    window_ms: float
    hop_ms: float
    split: int
    least_dbm0: float
    """Quieter windows are not looked at."""
    least_share: float
    """Nor those of whose power the strongest frequencies have less."""


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
        # By what a sine at each frequency turns from one window to the next.
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

    def worth_a_look(self, pcm: Buffer) -> list[Window | None]:
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
        """Begin again, at a sample."""
        self._bank.reset()
        self._begin = begin
        self._before = None

    def turn(self, window: Window, k: int) -> complex:
        """Return how a tone near frequency k has turned since the window before, against a sine of that frequency."""
        if window.values is None or window.before is None:
            return 0j
        return window.values[k] * window.before[k].conjugate() * self._turns[k]

    def offset_hz(self, turn: complex) -> float:
        """Return how far a tone is from its frequency. A sum of turns is a mean that its power weights."""
        return cmath.phase(turn) * self.rate_hz / (2 * math.pi * self.hop)

    def tone(self, window: Window, k: int) -> Tone | None:
        """Return the sine near frequency k; None: nothing is known of the window before."""
        turn = self.turn(window, k)
        if not turn or window.values is None or window.before is None:
            return None
        offset_hz = self.offset_hz(turn)
        gain = self.gain(offset_hz)
        power, before = gain * power_of(window.values[k]), gain * power_of(window.before[k])
        return Tone(self.shape.frequencies_hz[k] + offset_hz, power, before)

    def gain(self, offset_hz: float) -> float:
        """Return by what the power of a tone is larger than what is measured so far from it."""
        return _gain(offset_hz * self.window / self.rate_hz)

    def edge(self, amplitude: float) -> float:
        """Return how much of a window a tone fills that has this share of its amplitude in a whole one, in samples."""
        return _fill(amplitude) * self.window


def power_of(value: complex) -> float:
    """Return the squared magnitude."""
    return value.real * value.real + value.imag * value.imag


def power_of_dbm0(level_dbm0: float) -> float:
    """Return the mean square of samples of a level."""
    return float(FULL_SCALE**2 * 10 ** (dbov_of_dbm0(level_dbm0) / 10))


def dbov_of_power(power: float) -> float:
    """Return the level of a mean square of samples."""
    return 10 * math.log10(power) - 20 * math.log10(FULL_SCALE)


@lru_cache(KEPT_TABLES)
def _tables(rate_hz: int, frequencies_hz: tuple[float, ...], window_samples: int) -> ToneTables:
    return ToneTables(rate_hz, frequencies_hz, window_samples)


def _gain(bins: float) -> float:
    """The inverse of a Hann window's response, bins of 1 / its length away from a tone, as a power. At most 16 dB."""
    bins = min(abs(bins), 1.4)
    if bins < 1e-6:
        return 1.0
    if abs(bins - 1) < 1e-6:
        return 4.0
    response = math.sin(math.pi * bins) / (math.pi * bins * (1 - bins * bins))
    return 1 / (response * response)


def _fill(amplitude: float) -> float:
    """The part u of a Hann window with the integral u - sin(2 pi u) / (2 pi) = amplitude."""
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        if middle - math.sin(2 * math.pi * middle) / (2 * math.pi) < amplitude:
            low = middle
        else:
            high = middle
    return (low + high) / 2

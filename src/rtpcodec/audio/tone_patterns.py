"""Recognition of stretches of tones by their timing: call progress tones, the special information tone, beeps."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from rtpcodec.audio.steady_tones import SAME_TONE_HZ, SteadyTone
from rtpcodec.audio.tone_windows import Window
from rtpcodec.pickling import Live

PatternKind = Literal["dial", "ringback", "busy", "congestion", "sit", "beep"]

PROGRESS_HZ: Final = (380.0, 490.0)
"""Call progress tones of one frequency: administrations use 400 to 450 Hz, most of them 425 (ITU-T E.180)."""
PERIOD_MS: Final = (250.0, 1300.0)
"""Busy and congestion tones: E.180 recommends 300 to 1100 ms; this allows for Austria's 0.2 s and measuring errors."""
ON_TO_OFF: Final = (0.6, 1.67)
"""E.180 recommends 0.67 to 1.5."""
BUSY_MS: Final = 650.0
"""A busy tone has at least this period, a congestion tone a shorter one. Most have 1000 and 500 ms."""
SAME_MS: Final = 40.0
"""The maximum difference of two tones of a cadence; 12 % if that is more."""
SAME_SHARE: Final = 0.12
RING_MS: Final = (600.0, 2700.0)
"""A ringing tone: E.180 has 0.67 to 2.5 s."""
RING_SILENCE_MS: Final = 1200.0
"""The silence in a busy tone is shorter. A ringing tone is followed by 3 to 6 s of silence (E.180)."""
DOUBLE_RING_MS: Final = (300.0, 500.0)
"""Each part of a double ring, such as 0.4, 0.2, 0.4, 2.0 s in the United Kingdom and Ireland."""
DOUBLE_RING_PAUSE_MS: Final = (120.0, 280.0)
DIAL_MS: Final = {"dial": 1000.0, "": 3000.0}
"""A pair is a dial tone after this time, a single tone when it is longer than every ringing tone."""
SIT_HZ: Final = ((890.0, 1010.0), (1340.0, 1460.0), (1740.0, 1860.0))
"""950, 1400 and 1800 Hz, each by 50 Hz (E.180); North America sends 913.8 or 985.2, 1370.6 or 1428.5, 1776.7 Hz."""
SIT_MS: Final = (240.0, 420.0)
"""330 ms by 70 ms (E.180); North America sends 274 or 380 ms."""
SIT_PAUSE_MS: Final = 50.0
"""E.180 has at most 30 ms between the segments."""
BEEP_HZ: Final = (390.0, 2050.0)
BEEP_MS: Final = (90.0, 2100.0)
BEEP_SILENCE_MS: Final = 250.0
"""An answering machine is silent after its beep. A melody or a special information tone continues."""
SILENCE_SHARE: Final = 10 ** (-15.0 / 10)
"""Sound after a tone counts as silence if it is this far below the tone."""


class Pattern(NamedTuple):
    """A recognised pattern."""

    kind: PatternKind
    start: int
    end: int
    frequencies_hz: tuple[float, ...]
    power: float


class Patterns(Live):
    """Recognises the patterns of one stream. Use from one thread at a time."""

    __slots__ = ("_before", "_dialled", "_in_cadence", "_last", "_per_ms", "_report")

    def __init__(self, rate_hz: int, report: Callable[[Pattern], object]) -> None:
        """Begin a stream; report is called with each pattern."""
        self._per_ms = rate_hz / 1000
        self._report = report
        self._before: list[SteadyTone] = []
        """The last stretches, which may be part of an incomplete pattern."""
        self._last: SteadyTone | None = None
        """A stretch that is a pattern if silence follows."""
        self._in_cadence = False
        self._dialled = False

    def reset(self) -> None:
        """Drop the stretches."""
        self._before = []
        self._last = None
        self._in_cadence = False

    @property
    def waits(self) -> bool:
        """Whether a stretch is a pattern if silence follows."""
        return self._last is not None

    def may_be_dial(self, samples: int) -> bool:
        """Report whether a current stretch of this length may be a dial tone that was not reported yet."""
        return not self._dialled and samples > min(DIAL_MS.values()) * self._per_ms

    def runs(self, stretch: SteadyTone) -> None:
        """Add a stretch that has not ended: a dial tone lasts until the caller dials."""
        needed_ms = DIAL_MS.get(stretch.name)
        if needed_ms is None or stretch.samples < needed_ms * self._per_ms:
            return
        if stretch.name or _within(stretch.frequencies_hz[0], PROGRESS_HZ):
            self._dialled = True
            self._emit("dial", [stretch])

    def ended(self, stretch: SteadyTone) -> None:
        """Add a stretch that has ended."""
        dialled, self._dialled = self._dialled, False
        if dialled:
            self.reset()
            return
        self._before = [*self._before[-2:], stretch]
        self._last = None
        if not (self._is_cadence() or self._is_sit()):
            self._last = stretch
            if stretch.name == "ringback" and self._lasts(stretch, RING_MS):
                self._emit("ringback", [stretch])
                self._last = None

    def passed(self, window: Window, length: int) -> None:
        """Add a window of the PCM after the last stretch."""
        last = self._last
        if last is None or window.begin < last.end:
            return
        if window.power > SILENCE_SHARE * last.power:
            self._last = None
            return
        silent_ms = (window.begin + length - last.end) / self._per_ms
        progress = not last.name and _within(last.frequencies_hz[0], PROGRESS_HZ)
        if silent_ms >= (RING_SILENCE_MS if progress else BEEP_SILENCE_MS):
            self._last = None
            self._in_cadence = False
            self._alone(last, progress=progress)

    def _alone(self, stretch: SteadyTone, *, progress: bool) -> None:
        """Report a stretch that silence follows, if it is a pattern."""
        if progress and self._lasts(stretch, RING_MS):
            self._emit("ringback", [stretch])
        elif not stretch.name and _within(stretch.frequencies_hz[0], BEEP_HZ) and self._lasts(stretch, BEEP_MS):
            self._emit("beep", [stretch])

    def _is_cadence(self) -> bool:
        """Report whether the last two stretches are a busy or congestion tone, or a double ring."""
        pair = self._before[-2:]
        cadence = self._cadence(*pair) if len(pair) == 2 else None
        if cadence is None:
            self._in_cadence = False
            return False
        if cadence == "ringback":
            self._before = []
        if cadence == "ringback" or not self._in_cadence:
            self._emit(cadence, pair)
        self._in_cadence = cadence != "ringback"
        return True

    def _cadence(self, first: SteadyTone, second: SteadyTone) -> PatternKind | None:
        """Return the pattern of two consecutive stretches; None: not a pattern."""
        on_ms, off_ms = second.samples / self._per_ms, (second.start - first.end) / self._per_ms
        same_ms = max(SAME_MS, SAME_SHARE * on_ms)
        if not _same_tone(first, second) or abs(first.samples - second.samples) > same_ms * self._per_ms:
            return None
        if second.name in ("", "ringback") and _within(on_ms, DOUBLE_RING_MS) and _within(off_ms, DOUBLE_RING_PAUSE_MS):
            return "ringback"
        periodic = off_ms > 0 and _within(on_ms / off_ms, ON_TO_OFF) and _within(on_ms + off_ms, PERIOD_MS)
        if not periodic or second.name in ("dial", "ringback"):
            return None
        return "busy" if on_ms + off_ms >= BUSY_MS else "congestion"

    def _is_sit(self) -> bool:
        three = self._before
        if len(three) < len(SIT_HZ):
            return False
        for stretch, band_hz in zip(three, SIT_HZ, strict=True):
            if stretch.name or not _within(stretch.frequencies_hz[0], band_hz) or not self._lasts(stretch, SIT_MS):
                return False
        if any(second.start - first.end > SIT_PAUSE_MS * self._per_ms for first, second in pairwise(three)):
            return False
        self._emit("sit", three)
        self._before = []
        return True

    def _lasts(self, stretch: SteadyTone, times_ms: tuple[float, float]) -> bool:
        return _within(stretch.samples / self._per_ms, times_ms)

    def _emit(self, kind: PatternKind, stretches: list[SteadyTone]) -> None:
        frequencies_hz = stretches[-1].frequencies_hz
        if kind == "sit":
            frequencies_hz = tuple(stretch.frequencies_hz[0] for stretch in stretches)
        power = max(stretch.power for stretch in stretches)
        self._report(Pattern(kind, stretches[0].start, stretches[-1].end, frequencies_hz, power))


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _same_tone(first: SteadyTone, second: SteadyTone) -> bool:
    """Report whether two stretches have the same tones; a single tone must be a call progress tone."""
    if first.name != second.name or not (second.name or _within(second.frequencies_hz[0], PROGRESS_HZ)):
        return False
    pairs = zip(first.frequencies_hz, second.frequencies_hz, strict=True)
    return all(abs(one - other) <= SAME_TONE_HZ for one, other in pairs)

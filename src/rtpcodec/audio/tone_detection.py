"""Detection of tones in PCM: keys (DTMF), call progress tones, special information tones, answering machine beeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from typing_extensions import Buffer

from rtpcodec.audio.dtmf_detection import HeardKey, KeyDetector
from rtpcodec.audio.levels import dbm0_of_dbov
from rtpcodec.audio.steady_tones import PAIRED, SINGLE, SteadyTones
from rtpcodec.audio.tone_patterns import Pattern, Patterns
from rtpcodec.audio.tone_windows import dbov_of_power
from rtpcodec.pickling import Live

ToneKind = Literal["dtmf", "dial", "ringback", "busy", "congestion", "sit", "beep"]
TONE_KINDS: Final[tuple[ToneKind, ...]] = get_args(ToneKind)
"""All kinds of tones."""
MIN_RATE_HZ: Final = 8000
MAX_RATE_HZ: Final = 192_000
"""The limits of the kernel: the highest tone has 2.1 kHz, and no device records faster."""
PIECE_SAMPLES: Final = 1 << 13
"""PCM is processed in pieces of this length, so the memory does not grow with its length."""
LOST_MS: Final = 100
"""The longest loss within a key. A caller cannot press the same key twice in this time."""
LEAST_STRETCH_MS: Final = 60.0
"""The shortest single tone; the shortest beep has 100 ms."""
LEAST_PAIR_MS: Final = 150.0
"""The shortest pair; the shortest one of a cadence has 200 ms."""


@dataclass(frozen=True, slots=True)
class DetectedTone:
    """A tone that was found in PCM."""

    kind: ToneKind
    start_samples: int
    """The start, in samples since the first one of the stream."""
    end_samples: int
    """The end. For a busy or congestion tone, the end of its second period. For a dial tone, and for a key that is held
    longer than a second, the position at the time of the report."""
    level_dbm0: float
    digit: str = field(default="", repr=False)
    """The key; empty for other tones."""
    frequencies_hz: tuple[float, ...] = field(default=(), repr=False)
    """The measured frequencies: of a key the low and the high one, of a special information tone those of its parts."""


class ToneDetector(Live):
    """Finds tones in one stream of PCM. Use from one thread at a time.

    >>> from rtpcodec import DualTone
    >>> detector = ToneDetector(8000, kinds=("dtmf",))
    >>> found = detector.detect(bytes(1600) + DualTone("5", 8000).samples(800) + bytes(1600))
    >>> [(tone.kind, tone.digit, round(tone.start_samples / 8), round(tone.end_samples / 8)) for tone in found]
    [('dtmf', '5', 100, 200)]
    """

    __slots__ = ("_found", "_keys", "_kinds", "_paired", "_patterns", "_position", "_single", "sample_rate_hz")

    def __init__(self, sample_rate_hz: int, kinds: Iterable[ToneKind] = TONE_KINDS) -> None:
        """Begin a stream.

        Args:
            sample_rate_hz: sample rate of the PCM, 8000 to 192000.
            kinds: the kinds of tones to find; keys alone take a third of the CPU time of all kinds.

        Raises:
            ValueError: a kind does not exist, kinds is empty, or the rate is out of range.
        """
        self._kinds = checked_kinds(kinds)
        if not MIN_RATE_HZ <= sample_rate_hz <= MAX_RATE_HZ:
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, {MIN_RATE_HZ} to {MAX_RATE_HZ} are allowed")
        self.sample_rate_hz = sample_rate_hz
        self._found: list[DetectedTone] = []
        others = set(self._kinds) - {"dtmf"}
        self._keys = KeyDetector(sample_rate_hz) if "dtmf" in self._kinds else None
        self._single = SteadyTones(SINGLE, sample_rate_hz, LEAST_STRETCH_MS) if others else None
        paired = others & {"dial", "ringback", "busy", "congestion"}
        self._paired = SteadyTones(PAIRED, sample_rate_hz, LEAST_PAIR_MS) if paired else None
        self._patterns = (Patterns(sample_rate_hz, self._pattern), Patterns(sample_rate_hz, self._pattern))
        self._position = 0

    @property
    def kinds(self) -> tuple[ToneKind, ...]:
        """The kinds of tones to find."""
        return self._kinds

    @property
    def idle(self) -> bool:
        """Whether no tone is in progress, and no tone waits for the silence after it."""
        if self._keys is not None and not self._keys.idle:
            return False
        sounds = any(steady is not None and steady.running_samples for steady in (self._single, self._paired))
        return not sounds and not any(patterns.waits for patterns in self._patterns)

    def detect(self, pcm: Buffer) -> list[DetectedTone]:
        """Add PCM, and return the tones that it completes, in the order of their ends.

        Args:
            pcm: native int16 samples, any number.

        Returns:
            The complete tones: a key 40 ms after its end, a beep after 250 ms, or after 1200 ms if it may be a ringing
            tone.

        Raises:
            TypeError: pcm is not a buffer of 16-bit samples or octets.
            ValueError: the number of octets is odd.
        """
        view = memoryview(pcm)
        if view.nbytes % 2:
            raise ValueError(f"pcm has {view.nbytes} octets, 16-bit samples need an even number")
        step = PIECE_SAMPLES if view.itemsize == 2 else 2 * PIECE_SAMPLES
        if len(view) <= step:
            self._take(view)
        else:
            for begin in range(0, len(view), step):
                self._take(view[begin : begin + step])
        return self._taken()

    def end(self) -> list[DetectedTone]:
        """End the stream, return its last tones, and begin another stream."""
        if self._keys is not None:
            for key in self._keys.end():
                self._key(key)
        for steady, patterns in zip((self._single, self._paired), self._patterns, strict=True):
            stretch = None if steady is None else steady.end()
            if stretch is not None:
                patterns.ended(stretch)
        self.skip(0)
        return self._taken()

    def skip(self, samples: int) -> None:
        """Advance the time without PCM, by a number of samples. A tone ends there."""
        self._position += samples
        if self._keys is not None:
            self._keys.reset(self._position)
        for steady, patterns in zip((self._single, self._paired), self._patterns, strict=True):
            if steady is not None:
                steady.reset(self._position)
            patterns.reset()

    def lose(self, samples: int) -> list[DetectedTone]:
        """Advance the time by lost PCM, and return tones as `detect` does.

        A key that sounds before and after the loss is one key if the loss is 100 ms or less. Other tones end.
        """
        if self._keys is not None and samples <= self.sample_rate_hz * LOST_MS // 1000:
            self._keys.lose(self._position, self._position + samples)
        return self.detect(bytes(2 * samples))

    def _take(self, view: memoryview) -> None:
        if self._keys is not None:
            for key in self._keys.take(view):
                self._key(key)
        for steady, patterns in zip((self._single, self._paired), self._patterns, strict=True):
            if steady is not None:
                _follow(steady, patterns, view)
        self._position += view.nbytes // 2

    def _taken(self) -> list[DetectedTone]:
        found, self._found = self._found, []
        return sorted(found, key=lambda tone: tone.end_samples) if len(found) > 1 else found

    def _key(self, key: HeardKey) -> None:
        level_dbm0 = dbm0_of_dbov(key.level_dbov)
        self._found.append(DetectedTone("dtmf", key.start, key.end, level_dbm0, key.digit, (key.low_hz, key.high_hz)))

    def _pattern(self, pattern: Pattern) -> None:
        if pattern.kind in self._kinds:
            level_dbm0 = dbm0_of_dbov(dbov_of_power(pattern.power))
            self._found.append(
                DetectedTone(
                    pattern.kind, pattern.start, pattern.end, level_dbm0, frequencies_hz=pattern.frequencies_hz
                )
            )


def checked_kinds(kinds: Iterable[ToneKind]) -> tuple[ToneKind, ...]:
    """Return kinds of tones, each once, in the order of TONE_KINDS. ValueError: an unknown kind, or none at all."""
    checked = tuple(kinds)
    for kind in checked:
        if kind not in TONE_KINDS:
            raise ValueError(f"kind is {kind!r}, {', '.join(TONE_KINDS)} are allowed")
    if not checked:
        raise ValueError(f"kinds has 0 items, at least 1 of {', '.join(TONE_KINDS)} is needed")
    return tuple(kind for kind in TONE_KINDS if kind in checked)


def _follow(steady: SteadyTones, patterns: Patterns, view: memoryview) -> None:
    for window, stretch in steady.take(view):
        if stretch is not None:
            patterns.ended(stretch)
        patterns.passed(window, steady.windows.window)
    if patterns.may_be_dial(steady.running_samples) and (stretch := steady.running) is not None:
        patterns.runs(stretch)

"""Detects whether the carrier's outbound track contains what we send, by correlation with heard audio.

This module loads numpy, so it is imported with the first outbound track.
"""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

WINDOW_MS: Final = 1000
"""Speech is compared in windows of this length."""
LAG_MS: Final = 300
"""Largest time difference of the two: the far end's position is estimated, and the track is recorded elsewhere."""
WINDOWS: Final = 3
"""Number of windows of speech for a decision."""
SPEECH_DBOV: Final = -50.0
"""Windows in which we are quieter do not count."""
SIMILAR: Final = 0.3
"""From this correlation on, the track contains us. Our speech alone gives 0.9 or more; mixed with a voice of the same
level 0.7, with one that is 6 dB louder 0.44. Other speech gives 0.14."""
MAX_UNDECIDED_MS: Final = 20_000
"""Audio of both signals that is kept until there is a verdict."""

Verdict = Literal["unknown", "contains us", "without us"]

Chunks = list[tuple[int, bytes]]
"""PCM by its first sample."""


class Comparison:
    """Both signals, at one rate, until there is a verdict. Use from one thread at a time."""

    __slots__ = ("_heard", "_next", "_rate_hz", "_similar", "_track", "verdict")

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._heard: Chunks = []
        self._track: Chunks = []
        self._next: int | None = None
        self._similar: list[float] = []
        self.verdict: Verdict = "unknown"

    @property
    def max_undecided(self) -> int:
        """Samples that are kept of both without a verdict."""
        return self._rate_hz * MAX_UNDECIDED_MS // 1000

    def heard(self, at: int, pcm: bytes) -> None:
        """Add audio that the caller heard of us."""
        self._add(self._heard, at, pcm)

    def track(self, at: int, pcm: bytes) -> None:
        """Add a chunk of the outbound track."""
        if self._next is None:
            self._next = at
        self._add(self._track, at, pcm)

    def decide(self, known_until: int, *, at_end: bool = False) -> Verdict:
        """Compare the complete windows.

        Args:
            known_until: the sample up to which both are known.
            at_end: whether no more audio follows, so that fewer windows must suffice.
        """
        window, lag = self._rate_hz * WINDOW_MS // 1000, self._rate_hz * LAG_MS // 1000
        while self.verdict == "unknown" and self._next is not None and self._next + window + lag <= known_until:
            found = self._compare(self._next, window, lag)
            self._next += window
            if found is not None:
                self._similar.append(found)
            if len(self._similar) >= WINDOWS:
                self._conclude()
        if at_end and self.verdict == "unknown" and self._similar:
            self._conclude()
        if self.verdict != "unknown":
            self._heard, self._track = [], []
        return self.verdict

    def _conclude(self) -> None:
        mean = sum(self._similar) / len(self._similar)
        self.verdict = "contains us" if mean >= SIMILAR else "without us"

    def _add(self, chunks: Chunks, at: int, pcm: bytes) -> None:
        if self.verdict == "unknown" and pcm:
            chunks.append((at, pcm))
            oldest = at - self.max_undecided
            while chunks and chunks[0][0] < oldest:
                del chunks[0]

    def _compare(self, begin: int, window: int, lag: int) -> float | None:
        """Return the largest correlation of one window; None: we do not speak in it, or the track is silent."""
        ours = _signal(self._heard, begin - lag, window + 2 * lag)
        track = _signal(self._track, begin, window)
        power = np.mean(ours[lag : lag + window] ** 2)
        if power <= (32768 * 10 ** (SPEECH_DBOV / 20)) ** 2:
            return None
        if not track.any():
            return 0.0
        size = 1 << (len(ours) + window - 1).bit_length()
        product = np.fft.irfft(np.fft.rfft(ours, size) * np.conj(np.fft.rfft(track, size)), size)[: 2 * lag + 1]
        energy = np.concatenate(([0.0], np.cumsum(ours**2)))
        norms = np.sqrt((energy[window:] - energy[: 2 * lag + 1]) * np.sum(track**2))
        return float(np.max(np.abs(product) / np.maximum(norms, 1.0)))


def _signal(chunks: Chunks, begin: int, samples: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the samples of a stretch; silence where there are none."""
    signal = np.zeros(samples)
    for at, pcm in chunks:
        chunk = np.frombuffer(pcm, np.int16)
        first, last = max(at, begin), min(at + len(chunk), begin + samples)
        if first < last:
            signal[first - begin : last - begin] = chunk[first - at : last - at]
    return signal

"""Concealment sample by sample in plain Python, from its description in docs/concealment.md alone."""

from __future__ import annotations

from fractions import Fraction

SHORTEST_MS, LONGEST_MS, WINDOW_MS, WHOLE_MS, FADING_MS = 5, 15, 20, 10, 60
HEADROOM = 1023


def between(a: int, b: int, part: int, whole: int) -> int:
    """Interpolate linearly from a to b, rounded towards a."""
    return a + (abs(b - a) * part // whole) * (1 if b >= a else -1)


def clipped(sample: int) -> int:
    return max(-32768, min(32767, sample))


def shifted(samples: list[int], group: int) -> list[int]:
    """Sum groups that end with the newest sample, shifted until the greatest possible sum fits the headroom."""
    peak, shift = max(map(abs, samples), default=0) * group, 0
    while peak >> shift > HEADROOM:
        shift += 1
    start = len(samples) % group
    return [sum(samples[i : i + group]) >> shift for i in range(start, len(samples), group)]


def best_lag(samples: list[int], window: int, shortest: int, longest: int) -> int:
    """Return the lag of the greatest squared correlation over energy; the longest if none is positive."""
    newest, most, best = samples[-window:], Fraction(0), longest
    for lag in range(shortest, longest + 1):
        past = samples[len(samples) - window - lag : len(samples) - lag]
        alike = sum(a * b for a, b in zip(newest, past, strict=True))
        if alike > 0 and Fraction(alike * alike, sum(b * b for b in past)) > most:
            most = Fraction(alike * alike, sum(b * b for b in past))
            best = lag
    return best


class Oracle:
    """The methods of the Concealer, on lists of samples."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.history = [0] * self.ms(35)
        self.period: list[int] = []
        self.lost = self.blended = self.step = 0

    def ms(self, milliseconds: int) -> int:
        return milliseconds * self.rate_hz // 1000

    def open(self) -> None:
        group = self.rate_hz // 4000
        past, window = self.history, self.ms(WINDOW_MS)
        shortest, longest = self.ms(SHORTEST_MS), self.ms(LONGEST_MS)
        lag = group * best_lag(shifted(past, group), window // group, shortest // group, longest // group)
        period = best_lag(shifted(past, 1), window, max(shortest, lag - group), min(longest, lag + group))
        bent = period // 4
        self.period = past[-period:]
        for i in range(bent):
            end = period - bent + i
            self.period[end] = between(past[i - bent], past[i - bent - period], i + 1, bent + 1)
        self.step = past[-1] - past[-1 - period]
        self.lost = self.blended = 0

    def next(self) -> int:
        at, bent = self.lost, len(self.period) // 4
        sample = self.period[at % len(self.period)]
        self.lost += 1
        if at < bent:
            sample = clipped(sample + between(self.step, 0, at + 1, bent + 1))
        left, fading = self.ms(WHOLE_MS) + self.ms(FADING_MS) - at, self.ms(FADING_MS)
        if left <= 0:
            return 0
        return sample if left >= fading else sample * (left * ((1 << 30) // fading) >> 15) >> 15

    def conceal(self, count: int) -> list[int]:
        if count and (not self.period or self.blended):
            self.open()
        out = [self.next() for _ in range(count)]
        self.remember(out)
        return out

    def take(self, samples: list[int]) -> list[int]:
        out, blend = list(samples), 25 * self.rate_hz // 10000
        for i in range(len(out)):
            if not self.period:
                break
            self.blended += 1
            out[i] = between(self.next(), out[i], self.blended, blend + 1)
            if self.blended == blend:
                self.period = []
        self.remember(out)
        return out

    def remember(self, samples: list[int]) -> None:
        self.history = (self.history + samples)[-self.ms(35) :]

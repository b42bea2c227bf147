"""The resampler from its definition: one filter over the whole signal, without pieces or precomputed phases.

Ticks divide a second by the least common multiple of the two rates; input j lies at tick j * up. The filter is a sinc
under a Kaiser window about its centre tick, in integers that add up to 1.0 over the taps that one output meets. 1.0 is
the largest of 2**14, 2**15 and 2**16 with which every tap fits 16 bits.
"""

import functools
import math
import operator

import numpy as np
import numpy.typing as npt

KAISER_BETA = 7.5
STEP_TAPS = 16

Floats = npt.NDArray[np.float64]


def ratio(from_hz: int, to_hz: int) -> tuple[int, int]:
    """Return to_hz / from_hz in lowest terms."""
    common = math.gcd(from_hz, to_hz)
    return to_hz // common, from_hz // common


def delay_samples(from_hz: int, to_hz: int) -> int:
    """Return the delay in output samples: the longest below 2 ms, or 24 samples of the lower rate if both are high."""
    if from_hz == to_hz:
        return 0
    low_hz = min(from_hz, to_hz)
    if low_hz > 16000 and {from_hz, to_hz} != {24000, 48000}:
        return 24 * to_hz // low_hz - 1
    return to_hz // 500 - 1


def centre_tick(from_hz: int, to_hz: int) -> int:
    """Return the tick about which the filter is symmetric."""
    _, down = ratio(from_hz, to_hz)
    return (delay_samples(from_hz, to_hz) + 1) * down - 1


def phase_taps(from_hz: int, to_hz: int) -> int:
    """Return the length of a phase: the length of the filter, padded to whole steps."""
    up, _ = ratio(from_hz, to_hz)
    length = 2 * centre_tick(from_hz, to_hz) + 1
    return math.ceil(length / up / STEP_TAPS) * STEP_TAPS


@functools.cache
def exact_filter(from_hz: int, to_hz: int) -> Floats:
    """Return the windowed sinc before rounding, each phase scaled to 1."""
    up, down = ratio(from_hz, to_hz)
    centre = centre_tick(from_hz, to_hz)
    distances = np.arange(-centre, centre + 1)
    window = np.i0(KAISER_BETA * np.sqrt(1 - (distances / (centre + 1)) ** 2))
    taps: Floats = np.sinc(distances / max(up, down)) * window
    for phase in range(up):
        taps[phase::up] /= math.fsum(taps[phase::up])
    return taps


def one(from_hz: int, to_hz: int) -> int:
    """Return the integer for 1.0."""
    largest = 32766 / np.abs(exact_filter(from_hz, to_hz)).max()
    return max(one for one in (1 << 14, 1 << 15, 1 << 16) if one <= largest)


@functools.cache
def integer_filter(from_hz: int, to_hz: int) -> tuple[int, ...]:
    """Round so that each phase adds up to 1.0 exactly and the filter stays symmetric.

    One by one, the tap that lies furthest on the wrong side of its exact value moves, and its mirror with it. Where
    both belong to one phase that moves the sum by two, so an odd rest goes to the centre.
    """
    up, _ = ratio(from_hz, to_hz)
    centre = centre_tick(from_hz, to_hz)
    exact = (exact_filter(from_hz, to_hz) * one(from_hz, to_hz)).tolist()
    taps = [round(tap) for tap in exact]
    for phase in range(up):
        while rest := one(from_hz, to_hz) - sum(taps[phase::up]):
            sign = 1 if rest > 0 else -1
            both = phase == (2 * centre - phase) % up
            if both and rest % 2:
                taps[centre] += sign
                continue
            free = [tick for tick in range(phase, len(taps), up) if tick < centre or not both]
            tick = max(free, key=lambda tick: sign * (exact[tick] - taps[tick]))
            taps[tick] += sign
            taps[2 * centre - tick] += sign
    return tuple(taps)


def resampled(samples: list[int], from_hz: int, to_hz: int, count: int | None = None) -> list[int]:
    """Return the first count outputs of a signal between silences; without count those that the signal completes."""
    if from_hz == to_hz:
        return samples[:count]
    up, down = ratio(from_hz, to_hz)
    taps = integer_filter(from_hz, to_hz)
    unit = one(from_hz, to_hz)
    before = [0] * phase_taps(from_hz, to_hz)
    if count is None:
        count = len(samples) * up // down
    signal = before + samples + [0] * (count * down // up + 1)
    outputs = []
    for k in range(count):
        newest, phase = divmod((k + 1) * down - 1, up)
        met = taps[phase::up]
        end = len(before) + newest + 1
        total = sum(map(operator.mul, met, reversed(signal[end - len(met) : end])))
        outputs.append(max(-32768, min(32767, (total + unit // 2) // unit)))
    return outputs


def resampled_array(samples: list[int], from_hz: int, to_hz: int) -> list[int]:
    """Return the same without count, all outputs at once in integers of 64 bits, for tests of all pairs."""
    if from_hz == to_hz:
        return samples
    up, down = ratio(from_hz, to_hz)
    unit = one(from_hz, to_hz)
    taps = phase_taps(from_hz, to_hz)
    filled = np.zeros(taps * up, np.int64)
    filled[: 2 * centre_tick(from_hz, to_hz) + 1] = integer_filter(from_hz, to_hz)
    phases = filled.reshape(taps, up).T
    newest, phase = np.divmod((np.arange(len(samples) * up // down) + 1) * down - 1, up)
    signal = np.concatenate([np.zeros(taps - 1, np.int64), np.array(samples, np.int64)])
    met = signal[(newest + taps - 1)[:, None] - np.arange(taps)]
    totals = (met * phases[phase]).sum(axis=1)
    limited: list[int] = np.clip((totals + unit // 2) // unit, -32768, 32767).tolist()
    return limited

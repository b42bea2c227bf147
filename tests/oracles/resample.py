"""The resampler in plain Python from its definition: one filter over the whole signal, no pieces, no phases in advance.

Ticks divide a second by the least common multiple of the two rates; input j lies at tick j * up. The filter is a sinc
under a Kaiser window about its centre tick, in integers that add up to 16384 over the taps that one output meets.
"""

import functools
import math
import operator

ONE = 16384
KAISER_BETA = 7.5


def ratio(from_hz: int, to_hz: int) -> tuple[int, int]:
    """to_hz / from_hz in lowest terms."""
    common = math.gcd(from_hz, to_hz)
    return to_hz // common, from_hz // common


def delay_samples(from_hz: int, to_hz: int) -> int:
    """The delay in output samples: the longest below 2 ms."""
    return 0 if from_hz == to_hz else to_hz // 500 - 1


def centre_tick(from_hz: int, to_hz: int) -> int:
    """Where the filter is symmetric."""
    _, down = ratio(from_hz, to_hz)
    return (delay_samples(from_hz, to_hz) + 1) * down - 1


def bessel_i0(x: float) -> float:
    """The modified Bessel function of order 0."""
    return math.fsum((x / 2) ** (2 * k) / math.factorial(k) ** 2 for k in range(40))


@functools.cache
def exact_filter(from_hz: int, to_hz: int) -> tuple[float, ...]:
    """The windowed sinc before rounding, each phase scaled to 16384."""
    up, down = ratio(from_hz, to_hz)
    centre = centre_tick(from_hz, to_hz)
    taps = []
    for tick in range(2 * centre + 1):
        angle = math.pi * (tick - centre) / max(up, down)
        sinc = math.sin(angle) / angle if angle else 1.0
        place = (tick - centre) / (centre + 1)
        taps.append(sinc * bessel_i0(KAISER_BETA * math.sqrt(1 - place**2)))
    sums = [math.fsum(taps[phase::up]) for phase in range(up)]
    return tuple(tap / sums[tick % up] * ONE for tick, tap in enumerate(taps))


@functools.cache
def integer_filter(from_hz: int, to_hz: int) -> tuple[int, ...]:
    """Rounded so that each phase adds up to 16384 exactly and the filter stays symmetric.

    One by one, the tap that lies furthest on the wrong side of its exact value moves, and its mirror with it. Where
    both belong to one phase that moves the sum by two, so an odd rest goes to the centre.
    """
    up, _ = ratio(from_hz, to_hz)
    centre = centre_tick(from_hz, to_hz)
    exact = exact_filter(from_hz, to_hz)
    taps = [round(tap) for tap in exact]
    for phase in range(up):
        while rest := ONE - sum(taps[phase::up]):
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
    """The first count outputs for a signal between silences; without count those that the signal completes."""
    up, down = ratio(from_hz, to_hz)
    taps = integer_filter(from_hz, to_hz)
    before = [0] * len(taps)
    if count is None:
        count = len(samples) * up // down
    signal = before + samples + [0] * (count * down // up + 1)
    outputs = []
    for k in range(count):
        newest, phase = divmod((k + 1) * down - 1, up)
        met = taps[phase::up]
        end = len(before) + newest + 1
        total = sum(map(operator.mul, met, reversed(signal[end - len(met) : end])))
        outputs.append(max(-32768, min(32767, (total + ONE // 2) // ONE)))
    return outputs

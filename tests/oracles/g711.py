"""G.711 from the tables of the Recommendation, by a search among decision values, independent of the kernel.

ITU-T G.711 tables 1 (A-law) and 2 (mu-law) list segments, each with its interval size. A code is the number of the
interval that a magnitude falls into; its value is the middle of the interval. G.191 says how 16-bit samples get there:
a negative sample is its one's complement, and the lowest bits are cut off (2 for mu-law, 4 for A-law).
"""

from __future__ import annotations

from bisect import bisect_right

# (number of intervals, size of each) from zero upwards, in units of the magnitude: 14-bit for mu-law, 13-bit for A-law.
MU_SEGMENTS = [(1, 1), (15, 2), (16, 4), (16, 8), (16, 16), (16, 32), (16, 64), (16, 128), (16, 256)]
A_SEGMENTS = [(32, 1), (16, 2), (16, 4), (16, 8), (16, 16), (16, 32), (16, 64)]


def _decision_values(segments: list[tuple[int, int]]) -> list[int]:
    """Return the start of each interval, and the end of the last one."""
    values = [0]
    for count, size in segments:
        for _ in range(count):
            values.append(values[-1] + size)
    return values


MU_DECISIONS = _decision_values(MU_SEGMENTS)
A_DECISIONS = _decision_values(A_SEGMENTS)


def _interval(sample: int, cut_bits: int, decisions: list[int]) -> int:
    magnitude = (-sample - 1 if sample < 0 else sample) // 2**cut_bits
    return min(bisect_right(decisions, magnitude), len(decisions) - 1) - 1


def pcmu_code(sample: int) -> int:
    """Return the code: positive values count down from 255, negative ones from 127."""
    return (0x7F if sample < 0 else 0xFF) - _interval(sample, 2, MU_DECISIONS)


def pcma_code(sample: int) -> int:
    """Return the code: the sign bit is set for positive values; then every second bit is inverted."""
    return ((0x00 if sample < 0 else 0x80) + _interval(sample, 4, A_DECISIONS)) ^ 0b01010101


def pcmu_sample(code: int) -> int:
    """Return the value: the interval around zero is half as wide as its neighbours and gives zero."""
    interval = 0xFF - code if code >= 0x80 else 0x7F - code
    middle = 0.0 if interval == 0 else (MU_DECISIONS[interval] + MU_DECISIONS[interval + 1]) / 2
    return int(4 * middle) if code >= 0x80 else -int(4 * middle)


def pcma_sample(code: int) -> int:
    """Return the value: the middle of the interval, with the sign."""
    plain = code ^ 0b01010101
    interval = plain & 0x7F
    middle = (A_DECISIONS[interval] + A_DECISIONS[interval + 1]) / 2
    return int(16 * middle) if plain & 0x80 else -int(16 * middle)

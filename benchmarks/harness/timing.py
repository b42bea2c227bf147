"""Interleaved timing: each contender gets a short slot in each of many rounds, and its least mean counts.

A neighbour on a shared machine slows whole stretches of time. Slots of a few milliseconds in turn let every contender
meet the same weather, and the least of many means is the fair-weather time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any, Final

from benchmarks.harness.model import Contender

SLOT_S: Final = 0.003
CALIBRATION_S: Final = 0.001
LEAST_ROUNDS: Final = 5
MOST_ROUNDS: Final = 100

Clocked = Callable[[int], float]


def clocked(contender: Contender) -> Clocked:
    """Return a function that makes n calls and returns the seconds.

    The loop is generated, so that arguments are passed by position as a user passes them and cost no unpacking.
    """
    names = [f"a{i}" for i in range(len(contender.args))]
    source = (
        f"def timed({', '.join(['calls', 'call', 'clock', *names])}):\n"
        f"    start = clock()\n"
        f"    for _ in calls:\n"
        f"        call({', '.join(names)})\n"
        f"    return clock() - start\n"
    )
    scope: dict[str, Any] = {}
    exec(source, scope)  # noqa: S102 (text of ours)
    timed = scope["timed"]
    return lambda n: float(timed(repeat(None, n), contender.call, time.perf_counter, *contender.args))


def calls_per_slot(timed: Clocked) -> int:
    """Return how many calls fill a slot, at least one."""
    n = 1
    timed(n)
    while (spent := timed(n)) < CALIBRATION_S:
        n *= 2
    return max(1, round(n * SLOT_S / spent))


def least_means(contenders: Sequence[Contender], budget_s: float) -> list[float]:
    """Return seconds per call of each contender: the least slot mean of all rounds that the budget allows."""
    timers = [clocked(contender) for contender in contenders]
    counts = [calls_per_slot(timer) for timer in timers]
    best = [float("inf")] * len(timers)
    deadline = time.perf_counter() + budget_s
    for done in range(MOST_ROUNDS):
        if done >= LEAST_ROUNDS and time.perf_counter() > deadline:
            break
        for place in range(len(timers)):
            # Each round begins with another contender, so that none always follows the same one.
            i = (place + done) % len(timers)
            best[i] = min(best[i], slot(timers[i], counts[i]))
    return best


def slot(timed: Clocked, n: int) -> float:
    """Return the mean of n calls without garbage collection."""
    gc.collect(0)
    gc.disable()
    try:
        return timed(n) / n
    finally:
        gc.enable()

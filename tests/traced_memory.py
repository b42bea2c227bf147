"""Memory that a call allocates, by tracemalloc, which sees all three allocators of Python."""

from __future__ import annotations

import contextlib
import gc
import statistics
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

RUNS = 15
"""Readings per figure. The interpreter and the threads of the test runner allocate and free a few octets at any moment;
the median ignores such a reading, a least or greatest value would report it."""


@contextlib.contextmanager
def traced() -> Iterator[None]:
    """Trace allocations, with the cycle collector off."""
    gc.disable()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.enable()


def peak_octets(call: Callable[..., Any], *args: Any) -> int:
    """Return the octets that a call had allocated at once, beyond those of an empty call. Use it inside `traced`."""

    def peak(run: Callable[..., Any]) -> int:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = run(*args)
        highest = tracemalloc.get_traced_memory()[1]
        del result
        return highest - before

    def empty(*_args: Any) -> None:
        return None

    own, nothing = ([peak(run) for _ in range(RUNS)] for run in (call, empty))
    return statistics.median_low(own) - statistics.median_low(nothing)


def peak_of_one(call: Callable[..., Any], *args: Any) -> int:
    """Return the octets that one call had allocated at once, for long calls whose peak is far above the noise."""
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    call(*args)
    return tracemalloc.get_traced_memory()[1] - before

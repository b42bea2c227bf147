"""The largest number of calls that a server carries on one core, and what a message costs beyond it."""

from __future__ import annotations

from typing import Final

from benchmarks.endpoint.measuring import Measured, measure
from benchmarks.endpoint.processes import Server
from benchmarks.endpoint.schedule import Schedule
from benchmarks.endpoint.traffic import Traffic

MAX_DELAY_MS: Final = 5.0
"""Of 99 % of the echoes, from the deadline of the message: nobody hears it, and no queue grows."""
FIRST_CALLS: Final = 50
MOST_CALLS: Final = 3000
"""Descriptors and frames of the load suffice for this many."""
TRIES: Final = 3
"""Of a number of calls that fails in a measurement that is not reliable: another process may have caused it."""
OVERLOAD: Final = 1.3
"""Calls of an overloaded server, of those that fill one core."""
FULL: Final = 0.92
"""The busy share from which a core is full. SCHED_FIFO gets 0.95 of it."""


def largest(server: Server, frames: Traffic, schedule: Schedule) -> Measured | None:
    """Return the measurement with the most calls whose p99 stays below MAX_DELAY_MS; None: not even the first."""
    best: Measured | None = None
    good, bad = 0, FIRST_CALLS
    while bad <= MOST_CALLS and (found := carried(server, frames, bad, schedule)):
        best, good, bad = found, bad, bad * 2
    while good and bad / good > schedule.search_step and bad - good > 1:
        middle = (good + bad) // 2
        if found := carried(server, frames, middle, schedule):
            best, good = found, middle
        else:
            bad = middle
    return best


def carried(server: Server, frames: Traffic, calls: int, schedule: Schedule) -> Measured | None:
    """Return the measurement if this number of calls is carried."""
    for _ in range(TRIES):
        found = measure(server, frames, calls, schedule.probe_s)
        if found.is_correct and found.delay_p99_ms < MAX_DELAY_MS:
            return found
        if not found.faults:
            break
    return None


def overload_calls(server: Server, frames: Traffic, cpu_us: float, schedule: Schedule) -> int:
    """Return more calls than one core carries. A message costs less the more there are, so the first guess may fit.

    cpu_us: CPU time per message of this server while it keeps up.
    """
    calls = OVERLOAD * frames.chunk_ms * 1000 / cpu_us
    for _ in range(TRIES):
        found = measure(server, frames, min(MOST_CALLS, round(calls)), schedule.probe_s)
        if found.busy >= FULL and found.outstanding > found.calls:
            break
        calls *= OVERLOAD / found.busy
    return min(MOST_CALLS, round(calls))

"""The rules that must hold during an attack, and the cause of a failure."""

from __future__ import annotations

from typing import Final

from tests.storm.attack import MIB
from tests.storm.loop_lag import Turn
from tests.storm.run import Beside, Result

MAX_P99_MS: Final = 100.0
"""Limit on the round trip of 99 of 100 chunks, on a machine of two cores."""
MAX_LOG_OCTETS: Final = 256 << 10
"""Limit on the log of an attack of any length: what is logged once per connection is not bounded."""
HELD_MS: Final = MAX_P99_MS / 2
"""A loop whose thread computed for so long at a stretch held the calls itself, on whatever machine."""


def failures(result: Result, *, timed: bool = True) -> list[str]:
    """Return a sentence per rule that did not hold; `timed`: also those that depend on the machine."""
    found: list[str] = []
    beside, chunks, new_call, aim = result.beside, result.beside.chunks, result.new_call, result.attack.aim
    if timed and aim is not None and (reached := beside.did.get(aim[0], 0)) < aim[1]:
        found.append(f"the attack reached {reached} of {aim[1]} {aim[0]}: give it more time")
    if chunks.returned < chunks.sent or not chunks.sent:
        found.append(f"{chunks.sent - chunks.returned} of {chunks.sent} chunks did not come back")
    if timed and (p99_ms := chunks.percentile_ms(99)) >= MAX_P99_MS:
        found.append(f"p99 is {p99_ms:.0f} ms, the limit {MAX_P99_MS:.0f} ms: {_cause(beside)}")
    if result.escaped:
        found.append(f"{len(result.escaped)} exceptions escaped, the first: {result.escaped[0][:200]}")
    if beside.growth_octets > result.attack.max_growth_octets:
        limit_mib = result.attack.max_growth_octets / MIB
        found.append(f"memory grew by {beside.growth_octets / MIB:.0f} MiB, the limit is {limit_mib:.0f} MiB")
    if result.log_octets > MAX_LOG_OCTETS:
        found.append(f"the log has {result.log_octets} octets, the limit is {MAX_LOG_OCTETS}")
    if not new_call.sent:
        found.append("the endpoint did not take a new call after the attack")
    elif new_call.returned < new_call.sent:
        found.append(f"{new_call.sent - new_call.returned} chunks of a new call after the attack did not come back")
    if result.exit_code != 0:
        found.append(f"the endpoint ended with {result.exit_code} on SIGTERM, 0 is expected")
    return found


def _cause(beside: Beside) -> str:
    """Say whether endpoint, simulator or machine held the chunks."""
    endpoint, simulator = beside.endpoint_turn, beside.simulator_turn
    if endpoint.cpu_ms >= HELD_MS:
        return f"endpoint, whose loop was held for {_text(endpoint)}"
    if simulator.wall_ms > max(endpoint.wall_ms, HELD_MS):
        return f"simulator, whose loop was held for {_text(simulator)}, the endpoint's for {_text(endpoint)}"
    waited = f"without a core for {beside.waited_share:.0%} of the time"
    if beside.waited_share > beside.cpu_share:
        return f"machine: the endpoint was ready, and {waited}; its loop was held for {_text(endpoint)}"
    return f"endpoint, in many turns of up to {_text(endpoint)}, {waited}"


def _text(turn: Turn) -> str:
    return f"{turn.wall_ms:.0f} ms ({turn.cpu_ms:.0f} ms CPU)"

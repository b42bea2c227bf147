"""What must hold beside an attack, and who was to blame where it did not."""

from __future__ import annotations

from typing import Final

from tests.storm.attack import MIB
from tests.storm.loop_lag import Turn
from tests.storm.run import Result

MAX_P99_MS: Final = 100.0
"""Limit on the round trip of 99 of 100 chunks, on a machine of two cores."""
MAX_LOG_OCTETS: Final = 256 << 10
"""Limit on the log of an attack of any length: what is logged once per connection is not bounded."""
CPU_BOUND: Final = 0.5
"""An endpoint that computed for this share of its longest turn held its loop itself."""


def failures(result: Result, *, timed: bool = True) -> list[str]:
    """Return a sentence per rule that did not hold; `timed`: also those that depend on the machine."""
    found = []
    chunks, probe = result.chunks, result.probe
    if chunks.returned < chunks.sent or not chunks.sent:
        found.append(f"{chunks.sent - chunks.returned} of {chunks.sent} chunks did not come back")
    if timed and (p99_ms := chunks.percentile_ms(99)) >= MAX_P99_MS:
        found.append(f"p99 is {p99_ms:.0f} ms, the limit {MAX_P99_MS:.0f} ms: {_cause(result)}")
    if result.escaped:
        found.append(f"{len(result.escaped)} exceptions escaped, the first: {result.escaped[0][:200]}")
    if result.growth_octets > result.attack.max_growth_octets:
        limit_mib = result.attack.max_growth_octets / MIB
        found.append(f"memory grew by {result.growth_octets / MIB:.0f} MiB, the limit is {limit_mib:.0f} MiB")
    if result.log_octets > MAX_LOG_OCTETS:
        found.append(f"the log has {result.log_octets} octets, the limit is {MAX_LOG_OCTETS}")
    if not probe.sent or probe.returned < probe.sent:
        found.append("a new call after the attack was not taken" if not probe.sent else "a new call lost chunks")
    if result.exit_code != 0:
        found.append(f"the endpoint ended with {result.exit_code} on SIGTERM, 0 is expected")
    return found


def _cause(result: Result) -> str:
    """Say whether endpoint, simulator or machine held the chunks."""
    endpoint, simulator = result.endpoint_turn, result.simulator_turn
    if simulator.wall_ms > endpoint.wall_ms and simulator.wall_ms > MAX_P99_MS / 2:
        return f"simulator, whose loop was held for {_text(simulator)}; the endpoint's for {_text(endpoint)}"
    if endpoint.cpu_ms >= CPU_BOUND * endpoint.wall_ms or result.waited_share < CPU_BOUND * result.cpu_share:
        return f"endpoint, whose loop was held for {_text(endpoint)}"
    return f"machine, which gave the endpoint no core for {result.waited_share:.0%} of the time"


def _text(turn: Turn) -> str:
    return f"{turn.wall_ms:.0f} ms ({turn.cpu_ms:.0f} ms CPU)"

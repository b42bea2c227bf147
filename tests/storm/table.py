"""The table of a storm, for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from tests.storm.attack import MIB
from tests.storm.run import Result
from tests.storm.verdict import failures

HEAD: Final = (
    f"{'attack':<22}{'sent':>7}{'back':>7}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}{'CPU':>6}{'turn ms':>9}"
    f"{'RSS MiB before, peak, end':>27}{'log':>9}  verdict"
)


def row(result: Result) -> str:
    """Return the line of one attack, and a line per failure."""
    chunks, found = result.chunks, failures(result)
    memory = "{:.0f} {:.0f} {:.0f}".format(
        *(octets / MIB for octets in (result.before.rss_octets, result.after.peak_octets, result.at_end_octets))
    )
    line = (
        f"{result.attack.name:<22}{chunks.sent:>7}{chunks.returned:>7}"
        + "".join(f"{chunks.percentile_ms(percent):>8.1f}" for percent in (50, 99, 100))
        + f"{result.cpu_share:>6.0%}{result.endpoint_turn.wall_ms:>9.0f}{memory:>27}{result.log_octets:>9}"
        + f"  {'failed' if found else 'passed'}"
    )
    return "\n".join([line, *(f"    {one}" for one in found)])


def as_json(result: Result) -> dict[str, Any]:
    """Return the same figures for programs, and what the attacker did."""
    chunks = result.chunks
    return {
        "attack": result.attack.name,
        "does": result.attack.does,
        "attacker": result.did,
        "chunks_sent": chunks.sent,
        "chunks_returned": chunks.returned,
        "p50_ms": round(chunks.percentile_ms(50), 2),
        "p99_ms": round(chunks.percentile_ms(99), 2),
        "max_ms": round(chunks.percentile_ms(100), 2),
        "endpoint_cpu": round(result.cpu_share, 3),
        "endpoint_waited_for_cpu": round(result.waited_share, 3),
        "endpoint_turn": asdict(result.endpoint_turn),
        "simulator_turn": asdict(result.simulator_turn),
        "rss_before_octets": result.before.rss_octets,
        "rss_peak_octets": result.after.peak_octets,
        "rss_end_octets": result.at_end_octets,
        "log_octets": result.log_octets,
        "exceptions": len(result.escaped),
        "failures": failures(result),
    }

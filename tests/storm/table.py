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
    beside, chunks, found = result.beside, result.beside.chunks, failures(result)
    memory = "{:.0f} {:.0f} {:.0f}".format(
        *(octets / MIB for octets in (beside.before.rss_octets, beside.after.peak_octets, result.rss_octets))
    )
    line = (
        f"{result.attack.name:<22}{chunks.sent:>7}{chunks.returned:>7}"
        + "".join(f"{chunks.percentile_ms(percent):>8.1f}" for percent in (50, 99, 100))
        + f"{beside.cpu_share:>6.0%}{beside.endpoint_turn.wall_ms:>9.0f}{memory:>27}{result.log_octets:>9}"
        + f"  {'failed' if found else 'passed'}"
    )
    return "\n".join([line, *(f"    {one}" for one in found)])


def as_json(result: Result) -> dict[str, Any]:
    """Return the same figures for programs, and what the attacker did."""
    beside, chunks = result.beside, result.beside.chunks
    return {
        "attack": result.attack.name,
        "does": result.attack.does,
        "attacker": beside.did,
        "chunks_sent": chunks.sent,
        "chunks_returned": chunks.returned,
        "p50_ms": round(chunks.percentile_ms(50), 2),
        "p99_ms": round(chunks.percentile_ms(99), 2),
        "max_ms": round(chunks.percentile_ms(100), 2),
        "endpoint_cpu": round(beside.cpu_share, 3),
        "endpoint_waited_for_cpu": round(beside.waited_share, 3),
        "endpoint_turn": asdict(beside.endpoint_turn),
        "simulator_turn": asdict(beside.simulator_turn),
        "rss_before_octets": beside.before.rss_octets,
        "rss_peak_octets": beside.after.peak_octets,
        "rss_end_octets": result.rss_octets,
        "log_octets": result.log_octets,
        "exceptions": len(result.escaped),
        "failures": failures(result),
    }

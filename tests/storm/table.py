"""The table of a storm, for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from tests.storm.attack import MIB
from tests.storm.run import Result
from tests.storm.verdict import failures

HEAD: Final = (
    f"{'attack':<22}{'sent':>7}{'back':>7}{'p50 ms':>8}{'p99 ms':>8}{'max ms':>8}{'CPU':>6}{'turn ms, CPU':>14}"
    f"{'RSS MiB before, peak, end':>27}{'log':>9}  verdict"
)


def row(result: Result) -> str:
    """Return the line of one attack, and a line per failure."""
    beside, chunks, found = result.beside, result.beside.chunks, failures(result)
    memory = "{:.0f} {:.0f} {:.0f}".format(
        *(octets / MIB for octets in (beside.before.rss_octets, beside.after.peak_octets, result.rss_octets))
    )
    turn = f"{beside.endpoint_turn.wall_ms:.0f}, {beside.endpoint_turn.cpu_ms:.0f}"
    line = (
        f"{result.attack.name:<22}{chunks.sent:>7}{chunks.returned:>7}"
        + "".join(f"{chunks.percentile_ms(percent):>8.1f}" for percent in (50, 99, 100))
        + f"{beside.cpu_share:>6.0%}{turn:>14}{memory:>27}{result.log_octets:>9}"
        + f"  {'failed' if found else 'passed'}"
    )
    return "\n".join([line, *(f"    {one}" for one in found)])


def as_json(result: Result) -> dict[str, Any]:
    """Return the same figures for programs, with the counters of the attacker."""
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


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the table of a page."""
    lines = [
        "| attack | chunks back | p50 ms | p99 ms | max ms | CPU | turn ms, CPU | memory | log octets |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in rows:
        turn = one["endpoint_turn"]
        taken_mib = max(0, one["rss_peak_octets"] - one["rss_before_octets"]) / MIB
        lines.append(
            f"| `{one['attack']}` | {one['chunks_returned']} of {one['chunks_sent']} | {one['p50_ms']:.1f} "
            f"| {one['p99_ms']:.1f} | {one['max_ms']:.1f} | {one['endpoint_cpu']:.0%} "
            f"| {turn['wall_ms']:.0f}, {turn['cpu_ms']:.0f} | {taken_mib:.0f} MiB | {one['log_octets']} |"
        )
    return "\n".join(lines) + "\n"

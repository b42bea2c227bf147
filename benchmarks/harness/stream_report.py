"""The report of the groups message, session and endpoint: benchmarks/road.md."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.harness.report import Result, RowDict, absent_lines, machine_lines, peer_table, reasons, row_table

GROUPS: Final = ("message", "session", "endpoint")
FEATURES: Final = "endpoint features "
LARGEST: Final = "endpoint largest "

HEAD: Final = """# From the text of a message to PCM and back

Written by `make bench ARGS="--report message session endpoint"`; do not edit.
[docs/benchmarking.md](../docs/benchmarking.md#endpoints) explains the measurement.

![Messages, sessions and endpoints against their peers](road.png)

Rows of messages and sessions are ns of one core per message of 20 ms, the least slot mean of an interleaved run. Rows
of endpoints are ns of CPU time of the server's process per echoed message, including system calls and kernel, the least
of all rounds. *Ratio* is the best peer's time divided by ours, *of floor* the floor's time divided by ours. Compare
only within a row: the machine is shared.
"""
ENDPOINT: Final = """All rounds of all servers. *Not echoed well* counts messages of all rounds whose echo had another
payload, arrived after a later one, or did not arrive. Echoes of G722 and OPUS have other payloads: they are counted,
and *likeness* is the correlation of 300 ms of sent and echoed PCM at the best delay. *Delay* is the time from the
deadline of a message to its echo. *Fault* says why the least round is not reliable.
"""
LARGEST_TEXT: Final = """The highest number of calls whose echoes arrive within 5 ms in 99 % of the cases, on one core.
"""
FEATURE_TEXT: Final = """The cost of one feature while all others are off. A negative cost is below the scatter.
"""


def stream_rows(result: Result) -> Result:
    """Return the rows of these groups alone."""
    return result | {"rows": [row for row in result["rows"] if row["group"] in GROUPS]}


def other_rows(result: Result) -> Result:
    """Return the other rows."""
    return result | {"rows": [row for row in result["rows"] if row["group"] not in GROUPS]}


def page(result: Result) -> str:
    """Return the whole report in Markdown."""
    parts = [HEAD, "## Machine\n", *machine_lines(result["machine"]), "", "## Rows and bars\n"]
    for group in GROUPS:
        rows = [row for row in result["rows"] if row["group"] == group]
        parts += [f"### {group}\n", *row_table(rows), ""] if rows else []
    parts += absent_lines(result)
    parts += section("Features", FEATURE_TEXT, feature_lines(result["rows"]))
    parts += section("Largest number of calls", LARGEST_TEXT, largest_lines(result["rows"]))
    parts += section("Every server", ENDPOINT, server_lines(result["rows"]))
    kernels = [row for row in result["rows"] if row["group"] != "endpoint"]
    parts += ["## Every peer of messages and sessions\n"] if kernels else []
    for row in kernels:
        parts += [*peer_table(row), ""]
    return "\n".join([*parts, *reasons(result | {"rows": kernels})]).rstrip() + "\n"


def section(title: str, text: str, lines: list[str]) -> list[str]:
    """Return a section, if there is something in it."""
    return [f"## {title}\n", text, *lines, ""] if lines else []


def feature_lines(rows: list[RowDict]) -> list[str]:
    """Return the cost of each feature per message."""
    found = [row for row in rows if row["name"].startswith(FEATURES)]
    if not found:
        return []
    lines = ["| feature | us per message | without it | more |", "|---|--:|--:|--:|"]
    for row in found:
        on_us, off_us = row["ours_ns"] / 1000, row["floor_ns"] / 1000
        lines.append(f"| {row['name'].removeprefix(FEATURES)} | {on_us:.1f} | {off_us:.1f} | {on_us - off_us:+.1f} |")
    return lines


def largest_lines(rows: list[RowDict]) -> list[str]:
    """Return the number of calls of each server."""
    found: dict[str, Any] = {}
    for row in rows:
        if row["name"].startswith(LARGEST):
            found |= row["details"]
    if not found:
        return []
    lines = ["| server | calls | busy | delay p99 | fault |", "|---|--:|--:|--:|---|"]
    for name, one in sorted(found.items(), key=lambda item: -item[1]["calls"]):
        delay = f"{one['delay_p99_ms']:.1f} ms"
        lines.append(f"| {name} | {one['calls']} | {one['busy']:.2f} | {delay} | {'; '.join(one['faults'])} |")
    return lines


def alike(details: dict[str, Any]) -> str:
    """Return the likeness of an echo, where it was measured."""
    return "" if details.get("likeness") is None else f", likeness {details['likeness']:.2f}"


def server_lines(rows: list[RowDict]) -> list[str]:
    """Return what was measured of each server, row by row."""
    lines = []
    for row in rows:
        if not row["details"] or row["name"].startswith(LARGEST):
            continue
        lines += [
            f"**{row['name']}**\n",
            "| server | us | at most | calls | busy | delay p50 | p99 | load late p99 | not echoed well | fault |",
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|",
        ]
        lines += [
            f"| {name} | {one['cpu_us']:.1f} | {one['most_cpu_us']:.1f} | {one['calls']} | {one['busy']:.2f} "
            f"| {one['delay_p50_ms']:.2f} ms | {one['delay_p99_ms']:.1f} ms | {one['late_p99_ms']:.2f} ms "
            f"| {one['wrong']:,}{alike(one)} | {'; '.join(one['faults'])} |"
            for name, one in sorted(row["details"].items(), key=lambda item: item[1]["cpu_us"])
        ]
        lines.append("")
    return lines

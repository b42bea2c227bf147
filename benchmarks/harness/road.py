"""The report of the groups message, session and endpoint: benchmarks/road.md, and its chart road.png."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.harness.chart import FLOOR, INK, MARK, OURS, PEER, short
from benchmarks.harness.report import Result, RowDict, absent_lines, machine_lines, ns, peer_table, reasons, row_table

GROUPS: Final = ("message", "session", "endpoint")
PANELS: Final = (
    ("message in", "Text of a message to PCM"),
    ("message out", "PCM to the text of a message"),
    ("session in", "Message through a session"),
    ("session out", "Chunk through a session"),
    ("endpoint echo callback", "Echo endpoint, a callback per chunk"),
    ("endpoint echo coroutine", "Echo endpoint, a coroutine per call"),
)
FEATURES: Final = "endpoint features "
LARGEST: Final = "endpoint largest "

HEAD: Final = """# From the text of a message to PCM and back

Written by `make bench ARGS="--report message session endpoint"`; do not edit.
[docs/benchmarking.md](../docs/benchmarking.md#endpoints) says how it is measured.

![Messages, sessions and endpoints against their peers](road.png)

Rows of messages and sessions are ns of one core per message of 20 ms, the least slot mean of an interleaved run. Rows
of endpoints are ns of CPU time of the server's process per echoed message, the least of all rounds: system calls and
kernel included. *Ratio* is the best peer's time over ours, *of floor* the floor's time over ours. Compare within a row
only: the machine is shared.
"""
ENDPOINT: Final = """All rounds of all servers. *Not echoed well* counts messages of all rounds whose echo had another
payload, came after a later one, or did not come; of G722 and OPUS the echoes are counted only. *Delay* is from the
deadline of a message to its echo. *Fault* says why the least round is not reliable.
"""
LARGEST_TEXT: Final = """The most calls whose echoes come within 5 ms in 99 % of the cases, on one core.
"""
FEATURE_TEXT: Final = """What one feature costs when it is on, all others being off. Negative: less than the scatter.
"""


def of_road(result: Result) -> Result:
    """Return the rows of these groups alone."""
    return result | {"rows": [row for row in result["rows"] if row["group"] in GROUPS]}


def not_of_road(result: Result) -> Result:
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
            f"| {one['wrong']:,} | {'; '.join(one['faults'])} |"
            for name, one in sorted(row["details"].items(), key=lambda item: item[1]["cpu_us"])
        ]
        lines.append("")
    return lines


def draw(result: Result, path: Path) -> None:
    """Write the chart of the rows that ran: shorter is faster."""
    rows = {row["name"]: row for row in result["rows"]}
    panels = [(rows[name], title) for name, title in PANELS if name in rows]
    if not panels:
        return
    with mpl.rc_context({"font.size": 9, "font.family": "DejaVu Sans", "text.color": INK, "axes.labelcolor": INK}):
        height = (len(panels) + 1) // 2
        figure = Figure(figsize=(14, 2.7 * height + 1.1), facecolor="white")
        for place, (row, title) in enumerate(panels):
            panel(figure.add_subplot(height, 2, place + 1), row, title)
        facts = result["machine"]
        figure.suptitle("A message of 20 ms of PCMU: us of CPU, shorter is faster", fontsize=14, weight="bold")
        below = f"{facts['cpu']} · {facts['python']} · SIMD level {facts['simd_level']} · commit {facts['commit']}"
        figure.text(0.5, 0.008, below, ha="center", fontsize=8, color="#5c6b73")
        figure.tight_layout(rect=(0, 0.025, 1, 0.985), h_pad=2, w_pad=2)
        figure.savefig(path, dpi=120)


def panel(axes: Axes, row: RowDict, title: str) -> None:
    """One row as horizontal bars, the slowest on top."""
    shown = [(short(peer["name"]), peer["ns"], PEER) for peer in row["peers"]]
    shown += [("rtpcodec", row["ours_ns"], OURS), (f"floor: {row['floor']}", row["floor_ns"], FLOOR)]
    shown.sort(key=lambda entry: entry[1])
    names, times_us = [name for name, *_ in shown], [time / 1000 for _, time, _ in shown]
    axes.barh(names, times_us, color=[colour for *_, colour in shown], edgecolor=INK, linewidth=0.4, height=0.72)
    for place, time_us in enumerate(times_us):
        axes.text(time_us + max(times_us) * 0.01, place, f"{ns(time_us)}", va="center", fontsize=8)
    if row["bar_ratio"] and row["peer_ns"]:
        limit_us = row["peer_ns"] / row["bar_ratio"] / 1000
        axes.axvline(limit_us, color=MARK, linewidth=1.4, linestyle=(0, (4, 2)))
    axes.set_xlim(0, max(times_us) * 1.12)
    axes.set_title(title, loc="left", fontsize=11, weight="bold")
    axes.tick_params(axis="both", length=0, labelsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)

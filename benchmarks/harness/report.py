"""The report of a run: benchmarks/README.md, and the last lines on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

Result = dict[str, Any]
RowDict = dict[str, Any]

HEAD: Final = """# Benchmark results

Written by `make bench ARGS="--report"`; do not edit. [docs/benchmarking.md](../docs/benchmarking.md) explains how to
read it and how to add a kernel.

![G.711 against its peers](g711.png)

Times are nanoseconds: per call in rows on frames (20 ms: 160 samples, 320 for G.722; for OPUS and AMR-WB the mean over
a second of frames), per sample in bulk and minute rows. Bank rows are per row of the bank, a frame of one of 64
streams. *Ratio* is the best peer's time divided by ours, *of floor* the floor's time divided by ours. The floor of a
frame is a call that returns a fresh object of the same size and computes nothing; that of a bulk row is a plain copy of
the PCM, that of a minute row a copy of the result. Every figure is the least slot mean of one interleaved run. The
machine is shared, so compare only within a row.
"""

LOSS: Final = """Written by `python -m benchmarks.loss`: the output is compared with the output without loss.
Concealed audio has other phases, so it is measured by the log-spectral distance (lower is better). FEC restores
waveforms, so it is measured by the segmental SNR (higher is better).
"""


CONCEALMENT: Final = """Written by `python -m benchmarks.plc`, compared with the reference for the same losses.
The distance is over the lost and the first good frames, lower is better; STOI is over the whole, higher is better.
"""
JITTER: Final = """Written by `python -m benchmarks.jitter`: the same seeded networks for both buffers. *Missing* is the
share of frames, lost ones included, that were not returned within this deadline of their earliest possible arrival.
"""


def page(result: Result) -> str:
    """Return the whole report in Markdown."""
    parts = [HEAD, "## Machine\n", *machine_lines(result["machine"]), "", "## Rows and bars\n"]
    for group, rows in grouped(result):
        parts += [f"### {group}\n", *row_table(rows), ""]
    parts += [*absent_lines(result), *loss_lines(result), "## Every peer\n"]
    parts.append("*Differ* counts the items of a peer's result that differ from ours, of all items of the row.\n")
    for _, rows in grouped(result):
        for row in rows:
            parts += [*peer_table(row), ""]
    parts += reasons(result)
    return "\n".join(parts).rstrip() + "\n"


def loss_lines(result: Result) -> list[str]:
    """Return the results of concealment and jitter buffers, if they were measured."""
    if not result.get("loss"):
        return []
    lines = ["## Lost packets\n", LOSS, *result["loss"], ""]
    for name, heading, text in (("plc", "Concealment", CONCEALMENT), ("jitter", "Jitter buffers", JITTER)):
        if result.get(name):
            lines += [f"### {heading}\n", text, *result[name], ""]
    return lines


def grouped(result: Result) -> Iterator[tuple[str, list[RowDict]]]:
    """Yield the rows group by group, in the order of the run."""
    for group, rows in groupby(result["rows"], key=lambda row: row["group"]):
        yield group, list(rows)


def machine_lines(facts: dict[str, Any]) -> list[str]:
    """Return the facts as a table."""
    libraries = ", ".join(f"{name} {version}" for name, version in facts["libraries"].items())
    cells = {**facts, "libraries": libraries, "load_average": ", ".join(map(str, facts["load_average"]))}
    lines = [f"| {name.replace('_', ' ')} | {value} |" for name, value in cells.items()]
    return ["| | |", "|---|---|", *lines]


def ns(value: float | None) -> str:
    """Format a time with about three significant digits, without an exponent."""
    if value is None:
        return "-"
    return f"{value:.3f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:,.0f}"


def row_table(rows: list[RowDict]) -> list[str]:
    """Return one line per row, against its best peer and its floor."""
    lines = [
        "| row | ours | best peer | its time | ratio | floor | of floor | bar | |",
        "|---|--:|---|--:|--:|--:|--:|---|---|",
    ]
    for row in rows:
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else "-"
        met = {True: "met", False: "**missed**", None: ""}[row["met"]]
        lines.append(
            f"| {row['name']} | **{ns(row['ours_ns'])}** | {row['peer'] or '-'} | {ns(row['peer_ns'])} | {ratio} "
            f"| {ns(row['floor_ns'])} | {row['of_floor']:.2f} | {row['bar'] or ''} | {met} |"
        )
    return lines


def peer_table(row: RowDict) -> list[str]:
    """Return all contenders of a row, the fastest first."""
    figures = [("**rtpcodec**", row["ours_ns"], ""), (f"*floor: {row['floor']}*", row["floor_ns"], "")]
    figures += [(peer["name"], peer["ns"], differing(peer)) for peer in row["peers"]]
    lines = [f"**{row['name']}**\n", "| | ns | times ours | differ |", "|---|--:|--:|--:|"]
    for name, time, differ in sorted(figures, key=lambda figure: figure[1]):
        lines.append(f"| {name} | {ns(time)} | {time / row['ours_ns']:.2f} | {differ} |")
    return lines


def differing(peer: dict[str, Any]) -> str:
    """Return how many of a peer's items differ from ours."""
    return f"{peer['differing']:,} of {peer['items']:,}" if peer["differing"] else "0"


def absent_lines(result: Result) -> list[str]:
    """Return the peers that could not run, and the rows that failed."""
    lines = [f"- {name} is absent: {reason}" for name, reason in sorted(result["absent"].items())]
    lines += [f"- not run: {line}" for line in result["failed"]]
    return [*lines, ""] if lines else []


def reasons(result: Result) -> list[str]:
    """Return the reasons for different results, once per peer."""
    found = {
        f"- {peer['name']}: {peer['differs']}." for row in result["rows"] for peer in row["peers"] if peer["differs"]
    }
    return ["Why some outputs differ:\n", *sorted(found)] if found else []


def closing_lines(result: Result) -> list[str]:
    """Return the last lines for the terminal."""
    judged = [row for row in result["rows"] if row["met"] is not None]
    lines = absent_lines(result)
    lines.append(f"{len(result['rows'])} rows, {len(judged)} with a bar, {sum(row['met'] for row in judged)} met")
    lines += [f"missed: {row['name']} {row['bar']}" for row in judged if not row["met"]]
    return lines

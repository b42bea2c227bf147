"""The table of a folder, and the bars."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.bulk.methods import Method


@dataclass(frozen=True)
class Bar:
    """A ratio of two methods that must be reached."""

    says: str
    ratio: float
    is_met: bool


def table(compared: list[Method], read_octets: int, written_octets: int) -> list[str]:
    """Return a Markdown table with the best round of each method."""
    lines = ["| | files/s | us per file | CPU us per file | MB/s |", "|---|--:|--:|--:|--:|"]
    for method in compared:
        wall_s = min(method.wall_s) / method.files
        cpu = f"{min(method.cpu_s) / method.files * 1e6:,.0f}" if method.is_waited_for else "-"
        megabytes = (read_octets + written_octets) / wall_s / 1e6
        lines.append(f"| {method.name} | {1 / wall_s:,.0f} | {wall_s * 1e6:,.0f} | {cpu} | {megabytes:,.0f} |")
    return lines


def bars(compared: list[Method]) -> list[Bar]:
    """Return the bars; `compared` has the order of `methods`, with or without a further method."""
    alone, threads, _, one, _, _, loop = (min(method.wall_s) / method.files for method in compared[:7])
    gain, bound = (
        max(first / second for first, second in zip(compared[at].wall_s, compared[at + 2].wall_s, strict=True))
        for at in (3, 2)
    )
    return [
        Bar("threads against reading and writing alone, at most 1.3", threads / alone, threads <= 1.3 * alone),
        Bar(
            f"gain of processes, best round, at least 1.5 (of reading and writing alone: {bound:.2f})",
            gain,
            gain >= 1.5,
        ),
        Bar("shell loop over ffmpeg against threads, at least 10", loop / threads, loop >= 10 * threads),
        Bar("shell loop over ffmpeg against one process, at least 10", loop / one, loop >= 10 * one),
    ]

"""The chart of the groups message, session and endpoint: benchmarks/road.png."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.harness.chart import FLOOR, INK, MARK, OURS, PEER, short
from benchmarks.harness.report import Result, RowDict, ns

PANELS: Final = (
    ("message in", "Text of a message to PCM"),
    ("message out", "PCM to the text of a message"),
    ("session in", "Message through a session"),
    ("session out", "Chunk through a session"),
    ("endpoint echo callback", "Echo endpoint, a callback per chunk"),
    ("endpoint echo coroutine", "Echo endpoint, a coroutine per call"),
)


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
    """Draw one row as horizontal bars, the slowest on top."""
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

"""The chart of a run: one panel per row, fastest on top, logarithmic, ours in colour, the bar as a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

PANELS: Final = (
    ("pcmu decode frame", "Decode a 20 ms frame"),
    ("pcmu encode frame", "Encode a 20 ms frame"),
    ("pcmu decode bulk into", "Decode 10 s into a buffer"),
    ("pcmu encode bulk into", "Encode 10 s into a buffer"),
    ("pcmu to pcma frame", "µ-law to A-law, 20 ms frame"),
    ("pcmu to pcma bulk", "µ-law to A-law, 10 s"),
)
OURS: Final = "#0b6e6e"
PEER: Final = "#c9d1d6"
FLOOR: Final = "#eef1f3"
INK: Final = "#22313a"
MARK: Final = "#d1495b"


def draw(result: dict[str, Any], path: Path) -> None:
    """Write the chart of the G.711 rows that ran."""
    rows = {row["name"]: row for row in result["rows"]}
    panels = [(rows[name], title) for name, title in PANELS if name in rows]
    if not panels:
        return
    with mpl.rc_context({"font.size": 9, "font.family": "DejaVu Sans", "text.color": INK, "axes.labelcolor": INK}):
        figure = Figure(figsize=(12.5, 2.9 * ((len(panels) + 1) // 2) + 1.1), facecolor="white")
        for place, (row, title) in enumerate(panels):
            panel(figure.add_subplot((len(panels) + 1) // 2, 2, place + 1), row, title)
        facts = result["machine"]
        figure.suptitle(
            "G.711 µ-law against its peers (A-law is alike; shorter is faster)", fontsize=15, weight="bold", x=0.5
        )
        below = (
            f"{facts['cpu']} · {facts['python']} · {facts['compiler']} · SIMD level {facts['simd_level']} · "
            f"commit {facts['commit']}. Least slot mean of an interleaved run; logarithmic scale."
        )
        figure.text(0.5, 0.008, below, ha="center", fontsize=8, color="#5c6b73")
        figure.tight_layout(rect=(0, 0.025, 1, 0.985), h_pad=2, w_pad=2.5)
        figure.savefig(path, dpi=130)


def entries(row: dict[str, Any]) -> list[tuple[str, float, str]]:
    """Return name, time and colour of all contenders in a row, the slowest first, as horizontal bars are stacked."""
    found = [(short(peer["name"]), peer["ns"], PEER) for peer in row["peers"]]
    found += [("rtpcodec", row["ours_ns"], OURS), (f"floor: {row['floor']}", row["floor_ns"], FLOOR)]
    return sorted(found, key=lambda entry: -entry[1])


def short(name: str) -> str:
    """Return a peer's name without its version."""
    return re.sub(r" \(lib.*\)| [\d.]+(?= |$)", "", name)


def panel(axes: Axes, row: dict[str, Any], title: str) -> None:
    """Draw one row as horizontal bars."""
    shown = entries(row)
    times = [time for _, time, _ in shown]
    axes.barh(
        range(len(shown)),
        times,
        color=[colour for *_, colour in shown],
        edgecolor=INK,
        linewidth=0.4,
        height=0.72,
        zorder=2,
    )
    axes.set_xscale("log")
    axes.set_xlim(min(times) / 2.5, max(times) * 6)
    axes.set_yticks(range(len(shown)), [name for name, *_ in shown])
    for place, (name, time, colour) in enumerate(shown):
        ratio = f"   {time / row['ours_ns']:.3g}x" if colour == PEER else ""
        axes.text(time * 1.1, place, plain(time) + ratio, va="center", fontsize=8)
        if name == "rtpcodec":
            axes.get_yticklabels()[place].set(weight="bold", color=OURS)
    mark_bar(axes, row, len(shown))
    axes.set_title(title, loc="left", fontsize=11, weight="bold", pad=16)
    axes.set_xlabel("ns per call" if row["kind"] == "frame" else "ns per sample", fontsize=8)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:,.10g}"))
    axes.grid(axis="x", which="major", color="#e3e8eb", linewidth=0.8, zorder=0)
    axes.tick_params(axis="both", which="both", length=0, labelsize=8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def mark_bar(axes: Axes, row: dict[str, Any], places: int) -> None:
    """Draw the time that the stricter part of the bar allows, as a line over all contenders."""
    limits = [row["peer_ns"] / row["bar_ratio"]] if row["bar_ratio"] and row["peer_ns"] else []
    if row["bar_of_floor"]:
        limits.append(row["floor_ns"] / row["bar_of_floor"])
    if not limits:
        return
    limit = min(limits)
    axes.plot([limit, limit], [-0.5, places - 0.35], color=MARK, linewidth=1.4, linestyle=(0, (4, 2)), zorder=3)
    axes.text(limit, places - 0.25, f"bar {row['bar']}", color=MARK, fontsize=8, ha="center", va="bottom")
    axes.set_ylim(-0.6, places - 0.3)


def plain(time: float) -> str:
    """Format a number with three digits, without an exponent."""
    return f"{time:.3g}" if time < 1000 else f"{time:,.0f}"

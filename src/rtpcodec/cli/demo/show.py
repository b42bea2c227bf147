"""The demo: runs the calls, prints the table, names the files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rtpcodec.cli.demo import scenario
from rtpcodec.cli.demo.charts import draw
from rtpcodec.cli.demo.scenario import CallResult, figure
from rtpcodec.sim import Faults

CONCEALED = "con-\ncealed"
"""This column is shown where audio was concealed."""
HEADINGS = (
    "msgs\nin",
    "msgs\nout",
    "octets\nin",
    "octets\nout",
    "lost",
    CONCEALED,
    "late",
    "SNR\ndB",
    "LSD\ndB",
    "STOI",
    "echo\np50 ms",
    "echo\np99 ms",
)
"""Columns after the codec. Each heading has two lines, so that the table fits into 80 columns."""


def show(json_file: Path | None, output: Path, loss: float, reorder: float) -> bool:
    """Run the demo with percentages of loss and reordering. Returns whether all messages arrived that should."""
    console = Console()
    output.mkdir(parents=True, exist_ok=True)
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
    off = {row: errors for row in scenario.ROWS if (errors := scenario.missing(row))}
    for error in (error for errors in off.values() for error in errors):
        console.print(error, soft_wrap=True, markup=False, highlight=False)
    rows = [row for row in scenario.ROWS if row not in off]
    console.print(f"{len(rows)} calls at once, a few seconds of speech each: {', '.join(rows)}")
    faults = Faults(drop=loss / 100, reorder=reorder / 100)
    results = asyncio.run(scenario.run_calls(rows, output, lambda name: console.print(f"  {name}: call over"), faults))
    console.print(table(results))
    chart = output / "demo.png"
    console.print("Drawing the chart")
    draw(results, chart)
    if json_file is not None:
        json_file.write_text(json.dumps({"calls": [result.as_row() for result in results]}, indent=2) + "\n")
    for result in results:
        recorded, heard = result.files
        console.print(f"{result.codec:8}recorded {recorded}, heard by the caller {heard}", soft_wrap=True)
    console.print(f"Chart {chart}", soft_wrap=True)
    return not any(result.refused or (result.lost and not loss) for result in results)


def table(results: list[CallResult]) -> Table:
    """Return one row per call."""
    concealed = any(result.concealed_chunks for result in results)
    grid = Table(title="Received audio", title_justify="left", padding=0, collapse_padding=True)
    grid.add_column("codec", no_wrap=True)
    for heading in (heading for heading in HEADINGS if concealed or heading != CONCEALED):
        grid.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        endpoint = result.endpoint
        grid.add_row(
            result.codec,
            *(str(number) for number in (endpoint.messages_received, endpoint.messages_sent)),
            *(str(number) for number in (endpoint.octets_received, endpoint.octets_sent)),
            str(result.lost),
            *([str(result.concealed_chunks)] if concealed else []),
            str(endpoint.late_chunks),
            result.snr_text,
            figure(result.quality["lsd_db"]),
            figure(result.quality["stoi"], 3),
            *(figure(result.latency_ms(percent)) for percent in (50, 99)),
        )
    return grid

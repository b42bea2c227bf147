"""Runs the checks of `rtpcodec doctor` and prints their findings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtpcodec.doctor.examination import examine
from rtpcodec.doctor.finding import FAILED, OK, SKIPPED, WARNING, Finding, exit_code
from rtpcodec.doctor.settings import DoctorSettings

STYLES: Final = {OK: "green", WARNING: "yellow", FAILED: "bold red", SKIPPED: "dim"}


def examined(settings: DoctorSettings, *, as_json: bool) -> int:
    """Make all checks, print them, and return the exit code."""
    found = asyncio.run(examine(settings))
    if as_json:
        print(json.dumps({"checks": [asdict(finding) for finding in found]}, indent=2))
    else:
        _print_table(found)
    return exit_code(found)


def _print_table(found: Sequence[Finding]) -> None:
    table = Table(show_lines=False)
    for heading in ("check", "result"):
        table.add_column(heading, no_wrap=True)
    for heading in ("what was seen", "what to do"):
        table.add_column(heading, overflow="fold")
    for finding in found:
        result = Text(finding.result, style=STYLES[finding.result])
        table.add_row(finding.name, result, Text(finding.seen), Text(finding.remedy))
    console = Console()
    console.print(table)
    counts = [f"{sum(one.result == result for one in found)} {result}" for result in (OK, WARNING, FAILED, SKIPPED)]
    console.print(", ".join(counts), markup=False, highlight=False)

"""Runs the checks of `rtpcodec doctor` and prints their findings."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtpcodec.cli.demo.speech import SPEECH
from rtpcodec.doctor.examination import examine
from rtpcodec.doctor.finding import FAILED, OK, SKIPPED, WARNING, Finding, exit_code
from rtpcodec.doctor.readings.live import live_call
from rtpcodec.doctor.readings.report import CallReadings
from rtpcodec.doctor.readings.simulated import simulated_call
from rtpcodec.doctor.readings.streams import CallNotMade
from rtpcodec.doctor.settings import DoctorSettings
from rtpcodec.errors import CommandError

STYLES: Final = {OK: "green", WARNING: "yellow", FAILED: "bold red", SKIPPED: "dim"}


def examined(settings: DoctorSettings, *, as_json: bool) -> int:
    """Make all checks, print them, and return the exit code."""
    found = asyncio.run(examine(settings))
    if as_json:
        print(json.dumps({"checks": [asdict(finding) for finding in found]}, indent=2))
    else:
        _print_table(found)
    return exit_code(found)


def called(
    settings: DoctorSettings, numbers: tuple[str, str, str] | None, leg: str | None, output: Path, *, as_json: bool
) -> int:
    """Make the call, write its readings to a file and print them. Returns the exit code.

    numbers: callee, caller and application; None: the simulator's phone.
    leg: the kind of the leg, for the file; None: by the form of the number.
    """
    # The readings say what the endpoint would log: odd payloads and full queues are provoked here.
    logging.getLogger("rtpcodec").addHandler(logging.NullHandler())
    try:
        if numbers is None:
            found = simulated_call(SPEECH, _say)
        else:
            found = asyncio.run(live_call(settings, *numbers, leg=leg, say=_say))
    except (CallNotMade, CommandError) as error:
        print(f"rtpcodec: {settings.secrets(numbers or ()).words(str(error))}", file=sys.stderr)
        return 1
    text = json.dumps(found.as_json(), indent=2)
    output.write_text(f"{text}\n", "utf-8")
    if as_json:
        print(text)
    else:
        _print_readings(found)
        print(f"written to {output}")
    return 0


def _say(words: str) -> None:
    print(f"rtpcodec: {words}", file=sys.stderr)


def _print_readings(found: CallReadings) -> None:
    table = Table(title=f"{found.leg}, {found.date}, {found.codec or 'unknown codec'}")
    table.add_column("point", no_wrap=True)
    table.add_column("reading", no_wrap=True)
    table.add_column("fits", overflow="fold")
    for reading in found.ordered:
        table.add_row(reading.point, reading.value or "-", Text(reading.fits))
    Console().print(table)


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

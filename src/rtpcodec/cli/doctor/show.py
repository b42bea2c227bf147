"""Runs the checks or the call of `rtpcodec doctor`, and prints the result."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rtpcodec import __version__
from rtpcodec.cli.demo.speech import SPEECH
from rtpcodec.doctor.examination import examine
from rtpcodec.doctor.finding import FAILED, OK, SKIPPED, WARNING, Finding, exit_code
from rtpcodec.doctor.readings.live import live_call
from rtpcodec.doctor.readings.report import CallReadings
from rtpcodec.doctor.readings.simulated import simulated_call
from rtpcodec.doctor.readings.streams import CallNotMade
from rtpcodec.doctor.settings import DoctorSettings
from rtpcodec.errors import CommandError, EndpointError, InvalidCommand
from rtpcodec.stream.plan import StreamPlan

STYLES: Final = {OK: "green", WARNING: "yellow", FAILED: "bold red", SKIPPED: "dim"}


class Place(NamedTuple):
    """The addresses of the command line."""

    stream_url: str | None
    webhook_url: str | None
    host: str
    port: int
    webhook_port: int | None
    base_url: str | None


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The options of `--call`."""

    number: str | None = field(repr=False)
    from_: str | None = field(repr=False)
    connection_id: str | None
    yes: bool
    simulate: bool
    leg_type: str | None
    output: Path

    def require_consent(self) -> None:
        """Ask before a call that costs money.

        Raises: ValueError if an option is missing, or there is no terminal to ask in; typer.Exit after a no.
        """
        if self.number is None or self.simulate:
            return
        if self.from_ is None or self.connection_id is None:
            raise ValueError("--call needs --from and --connection-id, or --simulate")
        if self.yes:
            return
        if not sys.stdin.isatty():
            raise ValueError("--call asks before it dials: pass --yes if there is no terminal")
        shown = f"the number that ends in {self.number[-2:]}"
        question = f"Call {shown}? The call costs money, lasts about a minute and plays tones."
        try:
            agreed = typer.confirm(question)
        except typer.Abort:  # the end of the input, or Ctrl-C
            agreed = False
        if not agreed:
            print("rtpcodec: nothing was dialled", file=sys.stderr)
            raise typer.Exit(1)


def settings_of(
    place: Place, plan: StreamPlan, token: str | None, pem_files: tuple[Path | None, Path | None], limit_s: float
) -> DoctorSettings:
    """Return the settings of a command line; pem_files: certificate and key."""
    certificate, key_file = pem_files
    return DoctorSettings(
        **place._asdict(), plan=plan, token=token, certificate=certificate, key_file=key_file, limit_s=limit_s
    )


def examine_or_call(settings: DoctorSettings, wanted: CallOptions, *, as_json: bool) -> int:
    """Make all checks, or the call, and print the result. Returns the exit code."""
    # Without log lines: the checks provoke refused requests and odd payloads, and findings report them.
    logging.getLogger("rtpcodec").addHandler(logging.NullHandler())
    if wanted.number is not None and wanted.simulate:
        return _call(settings, wanted, wanted.number, as_json=as_json)
    found = asyncio.run(examine(settings))
    code = exit_code(found)
    if wanted.number is not None and not code:
        return _call(settings, wanted, wanted.number, as_json=as_json)
    if as_json:
        print(json.dumps({"checks": [asdict(finding) for finding in found]}, indent=2))
    else:
        _print_table(found)
    if wanted.number is not None:
        print("rtpcodec: nothing was dialled, as a check failed", file=sys.stderr)
    return code


def _call(settings: DoctorSettings, wanted: CallOptions, number: str, *, as_json: bool) -> int:
    from_, connection_id = wanted.from_ or "", wanted.connection_id or ""
    try:
        if wanted.simulate:
            found = simulated_call(SPEECH, _say)
        else:
            found = asyncio.run(live_call(settings, number, from_, connection_id, leg=wanted.leg_type, say=_say))
    except InvalidCommand:
        raise
    except (CallNotMade, CommandError, EndpointError, OSError) as error:
        print(f"rtpcodec: {settings.secrets([number, from_]).words(str(error))}", file=sys.stderr)
        return 1
    text = json.dumps({"version": __version__, **found.as_json()}, indent=2)
    wanted.output.write_text(f"{text}\n", "utf-8")
    if as_json:
        print(text)
    else:
        _print_readings(found)
        print(f"written to {wanted.output}")
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

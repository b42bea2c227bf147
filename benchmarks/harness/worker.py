"""Runs one group in a process of its own: `python -m benchmarks.harness.worker GROUP OUTPUT SECONDS PART quick|full`.

A fresh process gives each group its environment and keeps one group's memory out of the next one's figures.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.endpoint.schedule import Schedule
from benchmarks.harness.model import Row
from benchmarks.harness.race import run


def verdict(row: Row) -> str:
    """Return one line for the terminal."""
    rival = f"{row.ratio:6.2f}x {row.peer}" if row.ratio else "no peer"
    judged = "" if row.met is None else f"  {'met' if row.met else 'MISSED'} {row.bar}"
    line = f"  {row.name:32} {row.ours_ns:9.3f} ns  {row.of_floor:5.2f} of floor  {rival}{judged}"
    return "\n".join((line, *(f"    {name}: {plain(details)}" for name, details in row.details.items())))


def plain(details: dict[str, Any]) -> str:
    """Return the measurement of one server as a line."""
    found = (
        f"{details['cpu_us']:.1f} to {details['most_cpu_us']:.1f} us, {details['calls']} calls, "
        f"busy {details['busy']:.2f}, p99 {details['delay_p99_ms']:.1f} ms, {details['wrong']} not echoed well"
    )
    return ", ".join((found, *details["faults"]))


@dataclass
class Outcome:
    """The results of a group: rows, absent peers, and failures."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def add(self, row: Row, absent: dict[str, str]) -> None:
        """Report a row and keep it."""
        print(verdict(row), flush=True)
        self.rows.append(row.as_dict())
        self.absent.update(absent)

    @contextmanager
    def survives(self, name: str) -> Iterator[None]:
        """Keep the failure of one row: it must not end a long run."""
        try:
            yield
        except Exception as error:
            traceback.print_exc(limit=-1)
            self.failed.append(f"{name}: {type(error).__name__}: {error}")


def run_group(group: str, budget_s: float, part: str, *, quick: bool = False) -> dict[str, Any]:
    """Run the races of a group, or what it measures in processes of its own."""
    module = import_module(f"benchmarks.race_{group}")
    outcome = Outcome()
    for name, setup in module.races() if hasattr(module, "races") else ():
        if part in name:
            with outcome.survives(name):
                race = setup()
                outcome.add(run(name, group, race, budget_s), {peer.name: peer.reason for peer in race.absent})
    for names, measured in module.measurements() if hasattr(module, "measurements") else ():
        if any(part in name for name in names):
            with outcome.survives(names[0]):
                for row in measured(Schedule.quick() if quick else Schedule.full()):
                    if part in row.name:
                        outcome.add(row, row.absent)
    return asdict(outcome)


if __name__ == "__main__":
    _, _group, _output, _budget_s, _part, _quick = sys.argv
    Path(_output).write_text(json.dumps(run_group(_group, float(_budget_s), _part, quick=_quick == "quick")))

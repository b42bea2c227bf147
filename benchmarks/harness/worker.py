"""Runs one group in a process of its own: `python -m benchmarks.harness.worker GROUP OUTPUT SECONDS PART`.

A fresh process gives each group its environment and keeps one group's memory out of the next one's figures.
"""

from __future__ import annotations

import json
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.harness.model import Row
from benchmarks.harness.race import run


def verdict(row: Row) -> str:
    """One line for the terminal."""
    rival = f"{row.ratio:6.2f}x {row.peer}" if row.ratio else "no peer"
    judged = "" if row.met is None else f"  {'met' if row.met else 'MISSED'} {row.bar}"
    return f"  {row.name:32} {row.ours_ns:9.3f} ns  {row.of_floor:5.2f} of floor  {rival}{judged}"


def run_group(group: str, budget_s: float, part: str) -> dict[str, Any]:
    """The rows of a group, its absent peers and what went wrong."""
    rows: list[dict[str, Any]] = []
    absent: dict[str, str] = {}
    failed: list[str] = []
    for name, setup in import_module(f"benchmarks.race_{group}").races():
        if part not in name:
            continue
        try:
            race = setup()
            row = run(name, group, race, budget_s)
        except Exception as error:  # one row that fails must not take a long run with it
            traceback.print_exc(limit=-1)
            failed.append(f"{name}: {type(error).__name__}: {error}")
            continue
        print(verdict(row), flush=True)
        rows.append(row.as_dict())
        absent.update({peer.name: peer.reason for peer in race.absent})
    return {"rows": rows, "absent": absent, "failed": failed}


if __name__ == "__main__":
    _, _group, _output, _budget_s, _part = sys.argv
    Path(_output).write_text(json.dumps(run_group(_group, float(_budget_s), _part)))

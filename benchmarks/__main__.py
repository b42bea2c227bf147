"""Races, judged against their bars: `python -m benchmarks [GROUP ...]`. A group is a file race_GROUP.py here."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import jitter, loss, plc
from benchmarks.endpoint.processes import REALTIME
from benchmarks.harness import chart, machine, report, stream_chart, stream_report

HERE = Path(__file__).parent


def group_names() -> list[str]:
    """Return every group that has a file."""
    return sorted(path.stem.removeprefix("race_") for path in HERE.glob("race_*.py"))


def environment(group: str) -> dict[str, str]:
    """Return the environment that a group needs, added to ours."""
    asked: dict[str, str] = getattr(import_module(f"benchmarks.race_{group}"), "ENVIRONMENT", {})
    return {**os.environ, **asked}


def run_group(group: str, budget_s: float, part: str, *, quick: bool) -> dict[str, Any]:
    """Run a group in a separate process and return its results."""
    print(f"{group}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "rows.json")
        command = [sys.executable, "-m", "benchmarks.harness.worker", group, str(output), str(budget_s), part]
        command.append("quick" if quick else "full")
        try:
            subprocess.run(command, check=True, env=environment(group), cwd=HERE.parent)
        except (ImportError, subprocess.CalledProcessError) as error:
            return {"rows": [], "absent": {}, "failed": [f"{group}: {type(error).__name__}: {error}"]}
        found: dict[str, Any] = json.loads(output.read_text())
        return found


def options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"which groups: {', '.join(group_names())} (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to a file")
    parser.add_argument("--report", action="store_true", help="rewrite benchmarks/README.md or road.md, and the charts")
    parser.add_argument("--rows", default="", metavar="TEXT", help="only rows whose name has this text")
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each race (3)")
    parser.add_argument("--quick", action="store_true", help="endpoints: 3 rounds of 3 s in place of 7 of 10 s")
    parser.add_argument(
        "--realtime", action="store_true", help="endpoints: servers and load before all other processes (needs root)"
    )
    chosen = parser.parse_args()
    if chosen.realtime:
        os.environ[REALTIME] = "1"
    if unknown := set(chosen.groups) - set(group_names()):
        parser.error(f"no group {', '.join(sorted(unknown))}; there are {', '.join(group_names())}")
    return chosen


def write_reports(result: dict[str, Any]) -> None:
    """Write road.md, README.md, or both, depending on the groups that have run."""
    streams, others = stream_report.stream_rows(result), stream_report.other_rows(result)
    if streams["rows"]:
        (HERE / "road.md").write_text(stream_report.page(streams))
        stream_chart.draw(streams, HERE / "road.png")
        print("written: benchmarks/road.md, benchmarks/road.png")
    if others["rows"]:
        others |= {"loss": loss.table(), "jitter": jitter.table()}
        if "RTPCODEC_VECTORS" in os.environ:
            others["plc"] = plc.table(Path(os.environ["RTPCODEC_VECTORS"], "plc"))
        (HERE / "README.md").write_text(report.page(others))
        chart.draw(others, HERE / "g711.png")
        print("written: benchmarks/README.md, benchmarks/g711.png")


def main() -> int:
    """Run the groups, print and write the results. Return 1 if a race could not be run or its outputs differ."""
    chosen = options()
    result: dict[str, Any] = {"machine": machine.facts(), "rows": [], "absent": {}, "failed": []}
    for group in chosen.groups or group_names():
        found = run_group(group, chosen.seconds, chosen.rows, quick=chosen.quick)
        result["rows"] += found["rows"]
        result["absent"].update(found["absent"])
        result["failed"] += found["failed"]
    for line in report.closing_lines(result):
        print(line)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")
    if chosen.report:
        write_reports(result)
    return 1 if result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

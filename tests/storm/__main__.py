"""Attacks on an endpoint beside good calls: `python -m tests.storm [--attack NAME]`, described in docs/storm.md."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.storm.attacks import ATTACKS
from tests.storm.run import run_attack
from tests.storm.table import HEAD, as_json, markdown, row


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make storm", description="Attack an endpoint beside good calls.")
    names = [attack.name for attack in ATTACKS]
    parser.add_argument(
        "--attack", action="append", choices=names, metavar="NAME", help="only this one; may be repeated"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each attack (10)")
    parser.add_argument("--calls", type=int, default=20, help="good calls (20)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table of a page to a file")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep the logs of the endpoint")
    parser.add_argument("--list", action="store_true", help="list the attacks and end")
    return parser.parse_args()


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the attacks one after the other. Returns 1 if a rule did not hold beside one of them."""
    chosen = options()
    if chosen.list:
        for attack in ATTACKS:
            write(f"{attack.name:<22}{attack.does}")
        return 0
    if chosen.logs is not None:
        chosen.logs.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = storm(chosen, chosen.logs or Path(folder))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")
    if chosen.markdown is not None:
        chosen.markdown.write_text(markdown(rows))
    return 1 if any(one["failures"] for one in rows) else 0


def storm(chosen: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """Run the attacks, write a row of each, and return all figures."""
    rows: list[dict[str, Any]] = []
    load = " ".join(f"{average:.1f}" for average in os.getloadavg())
    write(f"{os.cpu_count()} cores, load before the first attack {load}")
    write(HEAD)
    for attack in ATTACKS:
        if chosen.attack is None or attack.name in chosen.attack:
            seconds = max(chosen.seconds, attack.least_s)
            result = asyncio.run(run_attack(attack, folder, calls=chosen.calls, seconds=seconds))
            rows.append(as_json(result))
            write(row(result))
    failed = sum(bool(one["failures"]) for one in rows)
    write(f"{len(rows)} attacks beside {chosen.calls} calls, {failed} failed")
    return rows


if __name__ == "__main__":
    sys.exit(main())

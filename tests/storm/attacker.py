"""The process of the attacker: one attack, or several in a row. It writes its counters as one JSON line.

It runs at the lowest priority. On one machine it would take CPU from the endpoint that a remote attacker does not
take, and the bars are about what the endpoint does with its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import ssl
import sys
import time
from typing import Final

from tests.storm.attack import JOINT
from tests.storm.attacks import attack_named
from tests.storm.endpoint import CERTIFICATE
from tests.storm.peer import Target

NICE: Final = 19
MAX_STEPS: Final = 10_000_000
FIRST_STEP_S: Final = 20.0
"""How much longer an attack may take for its first step: on a busy machine its time is soon over."""
REFUSED_PAUSE_S: Final = 0.001
"""Before the next try where not even a connection is accepted."""


def run(target: Target, name: str, until_s: float) -> int:
    """Make the steps of an attack, from its beginning whenever the endpoint cuts it. Returns their number."""
    steps = attack_named(name).steps
    assert steps is not None
    made = 0
    while time.monotonic() < until_s + (0 if made else FIRST_STEP_S) and made < MAX_STEPS:
        made_before = made
        try:
            for _ in steps(target):
                made += 1
                if time.monotonic() >= until_s or made >= MAX_STEPS:
                    break
        except OSError:
            target.counts["cut"] += 1
        target.close_all()
        if made == made_before:
            time.sleep(REFUSED_PAUSE_S)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", metavar="NAME+NAME")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--seconds", type=float, required=True, help="length of each attack")
    parser.add_argument("--tls", action="store_true")
    chosen = parser.parse_args()
    os.nice(NICE)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    context = ssl.create_default_context(cafile=CERTIFICATE) if chosen.tls else None
    target = Target(chosen.port, chosen.token, context)
    made = [run(target, name, time.monotonic() + chosen.seconds) for name in chosen.names.split(JOINT)]
    sys.stdout.write(json.dumps({"steps": sum(made), "least steps": min(made), **target.counts}) + "\n")


if __name__ == "__main__":
    main()

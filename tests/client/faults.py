"""Seeded runs of one command against a carrier that fails: `make faults` makes 1,000 per client and HTTP library.

The expected end of a run is computed from its faults by the rules of docs/command-errors.md, not by the client's code.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from rtpcodec.client import AsyncCallControl, CallControl, Retry, transport
from rtpcodec.errors import CommandError, CommandRefused, CommandUnreachable, RateLimited, UnreadableAnswer
from tests.client.faulty_carrier import ERROR, HUGE_OCTETS, OK, Fault, FaultyCarrier

NOW = 1_700_000_000.0
KEY = "KEY0123456789_abcdefghij"
ATTEMPTS = 3
HANG_TIMEOUT_S = 0.01
LONG_S = 30.0
RATE_HEADERS: dict[tuple[str, str], float | None] = {
    ("Retry-After", "7"): 7.0,
    ("Retry-After", "0.5"): 0.5,
    ("Retry-After", "Tue, 14 Nov 2023 22:13:30 GMT"): 10.0,
    ("Retry-After", "Tue, 14 Nov 2023 22:00:00 GMT"): None,
    ("Retry-After", "3600"): None,
    ("Retry-After", "soon"): None,
    ("retry-after-ms", "250"): 0.25,
    ("x-ratelimit-reset", "3"): 3.0,
    ("x-ratelimit-reset", "1700000004"): 4.0,
}
"""Each form of a wait in a 429, and the wait in seconds; None: our own."""
SUCCESS = Fault("success", effect=True, status=200, body=OK)
LOST = [
    Fault("refuse"),
    Fault("hang"),
    Fault("hang", effect=True),
    Fault("drop early"),
    Fault("drop"),
    Fault("drop", effect=True),
]
PASSING = [
    *(Fault("429", status=429, headers=(header,), body=ERROR) for header in RATE_HEADERS),
    Fault("429", status=429, body=b"<html>slow down</html>"),
    Fault("500", status=500, body=b"<html>"),
    Fault("500", effect=True, status=500, body=b'{"errors":[{"code":"10007"}]}'),
    Fault("500 huge", status=503, body=b" " * HUGE_OCTETS),
    Fault("500 cut", effect=True, status=502, body=b'{"errors":[', cut=True),
    Fault("200 cut", effect=True, status=200, body=b'{"data":', cut=True),
]
ENDING = [
    Fault("200 not JSON", effect=True, status=200, body=b"<html>"),
    Fault("200 huge", effect=True, status=200, body=b" " * HUGE_OCTETS),
    Fault("422", status=422, body=b'{"errors":[{"code":"90018"}]}'),
    Fault("401 not JSON", status=401, body=b"\xff"),
    *(Fault("redirect", status=status, headers=(("Location", "http://127.0.0.1:9/v2"),)) for status in (301, 302, 307)),
]


@dataclass
class Expected:
    """The expected end of a run."""

    kind: type[CommandError] | None
    attempts: int
    waits: list[float]
    unknown: bool


def drawn(rng: random.Random) -> list[Fault]:
    """Return one fault for each attempt that could be made."""
    return [rng.choice(rng.choice((LOST, PASSING, ENDING, [SUCCESS]))) for _ in range(ATTEMPTS)]


def expected(faults: list[Fault]) -> Expected:
    """Return the documented end of a run."""
    waits, unknown = [0.0], False
    for attempt, fault in enumerate(faults, 1):
        lost = fault in LOST
        unknown |= (lost and fault.name != "refuse") or fault.status >= 500 or fault.status == 200
        if not lost and (fault in ENDING or fault is SUCCESS):
            break
        if attempt < ATTEMPTS:
            asked = RATE_HEADERS[fault.headers[0]] if fault.status == 429 and fault.headers else None
            waits.append(0.5 * 2 ** (attempt - 1) if asked is None else asked)
    if lost:
        return Expected(CommandUnreachable, attempt, waits, unknown)
    if fault is SUCCESS:
        return Expected(None, attempt, waits, unknown=False)
    if fault.status == 200:
        return Expected(UnreadableAnswer, attempt, waits, True)
    return Expected(RateLimited if fault.status == 429 else CommandRefused, attempt, waits, unknown)


@dataclass
class Run:
    """The result of a run."""

    error: CommandError | None
    waits: list[float]


def blocking_run(carrier: FaultyCarrier) -> Run:
    """Run one command by the blocking client."""
    waits: list[float] = []

    def sleep(wait_s: float) -> None:
        waits.append(wait_s)
        set_timeout(control, carrier.prepare())

    with CallControl(KEY, base_url=carrier.url, timeout_s=LONG_S, retry=retry(), sleep=sleep) as control:
        try:
            control.hangup("v3:x")
        except CommandError as error:
            return Run(error, waits)
    return Run(None, waits)


def awaited_run(carrier: FaultyCarrier) -> Run:
    """Run one command by the async client."""
    waits: list[float] = []

    async def main() -> Run:
        async def sleep(wait_s: float) -> None:
            waits.append(wait_s)
            set_timeout(control, carrier.prepare())

        async with AsyncCallControl(KEY, base_url=carrier.url, timeout_s=LONG_S, retry=retry(), sleep=sleep) as control:
            try:
                await control.hangup("v3:x")
            except CommandError as error:
                return Run(error, waits)
        return Run(None, waits)

    return asyncio.run(main())


def set_timeout(control: CallControl | AsyncCallControl, fault: Fault) -> None:
    """Set a short limit for the attempt that hangs only, so that a busy machine cannot cut another one."""
    client: Any = control._client
    client.timeout = control._library.Timeout(LONG_S, read=HANG_TIMEOUT_S if fault.name == "hang" else LONG_S)


def retry() -> Retry:
    return Retry(ATTEMPTS - 1, random=lambda: 1.0, unix_time_s=lambda: NOW)


CLIENTS: dict[str, Callable[[FaultyCarrier], Run]] = {"blocking": blocking_run, "async": awaited_run}


def checked_run(carrier: FaultyCarrier, client: str, seed: int) -> Run:
    """Make one seeded run."""
    return checked(carrier, client, drawn(random.Random(seed)), f"seed {seed}")


def checked(carrier: FaultyCarrier, client: str, faults: list[Fault], name: str = "") -> Run:
    """Make one run with these faults. AssertionError: it did not end as documented, or had an effect twice."""
    carrier.plan(faults)
    run = CLIENTS[client](carrier)
    carrier.settle()
    wanted = expected(faults)
    told = f"{name}, {client}: {[(fault.name, fault.status, fault.effect) for fault in faults]}, {run}"
    assert run.waits == wanted.waits, told
    assert len(carrier.effects) <= 1, told
    assert len(set(carrier.command_ids)) <= 1, told
    if wanted.kind is None:
        assert run.error is None, told
        assert len(carrier.effects) == 1, told
        return run
    error = run.error
    assert isinstance(error, wanted.kind), told
    assert (error.attempts, error.outcome_unknown) == (wanted.attempts, wanted.unknown), told
    assert error.outcome_unknown or not carrier.effects, told
    assert KEY not in f"{error!r} {error} {vars(error)}", told
    return run


def main(arguments: list[str] | None = None) -> int:
    """Make the runs and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args(arguments).runs
    for library in transport.LIBRARIES:
        for client in CLIENTS:
            with patch.object(transport, "LIBRARIES", (library,)):
                counts = counted_runs(client, runs)
            sys.stdout.write(f"{client}, {library}: {runs} runs, each as documented, no effect twice: {counts}\n")
    return 0


def counted_runs(client: str, runs: int) -> str:
    """Make the runs of one client and count their ends."""
    carrier = FaultyCarrier()
    ends: Counter[str] = Counter()
    begin_s = time.monotonic()
    try:
        for seed in range(runs):
            run = checked_run(carrier, client, seed)
            ends[type(run.error).__name__ if run.error else "success"] += 1
    finally:
        carrier.close()
    counts = ", ".join(f"{count} {end}" for end, count in ends.most_common())
    return f"{counts}; {time.monotonic() - begin_s:.0f} s"


if __name__ == "__main__":
    sys.exit(main())

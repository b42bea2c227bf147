"""One attack beside the good calls: sent and returned chunks, and the load of the endpoint."""

from __future__ import annotations

import asyncio
import re
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.storm.attack import Attack
from tests.storm.good_calls import Caller, Chunks, chunks_of, open_caller
from tests.storm.loop_lag import LoopLag, Turn
from tests.storm.processes import EndpointProcess, ProcessFigures, figures, open_attacker, open_endpoint, reset_peak

WARM_UP_S: Final = 0.5
"""The good calls before the attack begins."""
NEW_CALL_S: Final = 0.5
"""Length of the call that shows that the endpoint still takes calls."""
NEW_CALL_TRIES: Final = 3

ESCAPED: Final = re.compile(
    r"Traceback \(most recent call last\)|Exception ignored in|was never awaited|Task was destroyed|Fatal Python error"
)
"""Lines that show an unhandled exception."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The measurements during the attack."""

    did: dict[str, int]
    """The counters of the attacker."""
    chunks: Chunks
    endpoint_turn: Turn
    simulator_turn: Turn
    before: ProcessFigures
    after: ProcessFigures

    @property
    def cpu_share(self) -> float:
        """CPU time of the endpoint per time."""
        return (self.after.cpu_s - self.before.cpu_s) / self._seconds

    @property
    def waited_share(self) -> float:
        """How much of the time the endpoint had work and no core."""
        return (self.after.waited_s - self.before.waited_s) / self._seconds

    @property
    def growth_octets(self) -> int:
        """The most memory that the endpoint took beyond that of the good calls."""
        return max(0, self.after.peak_octets - self.before.rss_octets)

    @property
    def _seconds(self) -> float:
        return max(self.after.at_s - self.before.at_s, 1e-3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """All figures of one attack."""

    attack: Attack
    beside: Beside
    new_call: Chunks
    """Of the call after the attack."""
    rss_octets: int
    """Memory of the endpoint after that call."""
    log_octets: int
    escaped: tuple[str, ...]
    """The last line of each exception in the log."""
    exit_code: int | None
    """None: the endpoint had to be killed."""


async def run_attack(attack: Attack, folder: Path, *, calls: int, seconds: float) -> Result:
    """Run an attack beside good calls.

    attack: the attack, or several in a row.
    folder: for the log of the endpoint.
    calls: how many good calls.
    seconds: length of the attack, of each of several.
    """
    token = secrets.token_urlsafe()
    async with open_endpoint(attack, token, folder) as endpoint:
        async with open_caller(endpoint.port, token, tls=attack.tls) as caller:
            beside = await _measure(attack, endpoint, caller, token, calls=calls, seconds=seconds)
            new_call = await _new_call(caller)
        rss_octets = figures(endpoint.pid).rss_octets if endpoint.running else 0
    return Result(
        attack=attack,
        beside=beside,
        new_call=new_call,
        rss_octets=rss_octets,
        log_octets=endpoint.log_octets(),
        escaped=escaped_in(endpoint.log_text()),
        exit_code=endpoint.exit_code,
    )


async def _measure(
    attack: Attack, endpoint: EndpointProcess, caller: Caller, token: str, *, calls: int, seconds: float
) -> Beside:
    """Make the good calls, the attack among them, and look at the endpoint before and after it."""
    lag = LoopLag(asyncio.get_running_loop())
    speech_s = WARM_UP_S + seconds * attack.parts
    good = [await caller.begin(speech_s) for _ in range(calls)]
    await asyncio.sleep(WARM_UP_S)
    reset_peak(endpoint.pid)
    endpoint.take_longest()
    lag.take_longest()
    before = figures(endpoint.pid)
    async with AsyncExitStack() as stack:
        attacker: asyncio.Task[dict[str, int]] | None = None
        if attack.steps is not None:
            attacker = await stack.enter_async_context(open_attacker(attack, endpoint.port, token, seconds))
        reports = await caller.end(good, speech_s)
        did = {} if attacker is None else await attacker
    after = figures(endpoint.pid) if endpoint.running else before
    simulator_turn = lag.take_longest()
    lag.stop()
    return Beside(
        did=did,
        chunks=chunks_of(reports),
        endpoint_turn=endpoint.take_longest(),
        simulator_turn=simulator_turn,
        before=before,
        after=after,
    )


async def _new_call(caller: Caller) -> Chunks:
    """Make a new call after the attack."""
    for _ in range(NEW_CALL_TRIES):
        try:
            call = await caller.begin(NEW_CALL_S)
        except (ConnectionError, TimeoutError):
            continue
        return chunks_of(await caller.end([call], NEW_CALL_S))
    return Chunks(0, 0, ())


def escaped_in(log: str) -> tuple[str, ...]:
    """Return the line that names each exception in a log: the one behind its traceback, or the line itself."""
    lines = log.splitlines()
    found = []
    for at, line in enumerate(lines):
        if not ESCAPED.search(line):
            continue
        behind = (later for later in lines[at + 1 :] if not later.startswith(" "))
        found.append(next(behind, line) if line.startswith("Traceback") else line)
    return tuple(found)

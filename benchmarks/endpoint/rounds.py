"""Interleaved rounds of several servers: each is measured once per round, and its least CPU time counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from benchmarks.endpoint.likeness import likeness
from benchmarks.endpoint.measuring import SETTLE_S, Measured, measure
from benchmarks.endpoint.processes import MissingServer, Server, ServerSpec, cores, served, take_core
from benchmarks.endpoint.schedule import Schedule
from benchmarks.endpoint.traffic import ECHOED_EXACTLY, Traffic, traffic

SPARE_S: Final = 1.0
"""Frames beyond the planned time: a loop that is late sends what has become due."""


@dataclass(frozen=True)
class Found:
    """All rounds of one server."""

    wanted: ServerSpec
    version: str
    rounds: tuple[Measured, ...]
    likeness: float | None = None
    """Of the echo to what was sent, where payloads cannot be compared: 1 is best."""

    @property
    def least(self) -> Measured:
        """Return the round with the least CPU time per message."""
        return min(self.rounds, key=lambda one: one.cpu_us)

    @property
    def ns(self) -> float:
        """Return the least CPU time per message, in ns."""
        return self.least.cpu_us * 1000

    @property
    def wrong(self) -> int:
        """Return how many messages of all rounds were not echoed as they should be."""
        return sum(one.different + one.missing + one.blocked + one.outstanding for one in self.rounds)

    @property
    def sent(self) -> int:
        """Return the messages of all rounds."""
        return sum(one.sent for one in self.rounds)

    def details(self) -> dict[str, Any]:
        """Return the figures as JSON takes them."""
        most = max(one.cpu_us for one in self.rounds)
        faults = sorted({fault for one in self.rounds if one.cpu_us == self.least.cpu_us for fault in one.faults})
        return {
            "version": self.version,
            **asdict(self.least),
            "most_cpu_us": most,
            "wrong": self.wrong,
            "likeness": self.likeness,
            "faults": faults,
        }


def frames_for(schedule: Schedule, codec: str = "PCMU", chunk_ms: int = 20) -> Traffic:
    """Return frames that suffice for one measurement."""
    return traffic(codec, chunk_ms, SETTLE_S + schedule.seconds + SPARE_S)


@contextmanager
def all_served(wanted: Sequence[ServerSpec]) -> Iterator[tuple[list[Server], dict[str, str]]]:
    """Keep to the core of the load, and run all that can run here. Yields them, and why the others cannot."""
    take_core(cores()[1])
    servers, absent = [], {}
    with ExitStack() as stack:
        for one in wanted:
            try:
                servers.append(stack.enter_context(served(one)))
            except MissingServer as error:
                absent[one.name] = str(error)
        yield servers, absent


def interleaved(servers: Sequence[Server], frames: Traffic, calls: int, schedule: Schedule) -> list[Found]:
    """Measure all servers in turn, another one first in each round."""
    found: list[list[Measured]] = [[] for _ in servers]
    for done in range(schedule.rounds):
        for place in range(len(servers)):
            index = (place + done) % len(servers)
            found[index].append(measure(servers[index], frames, calls, schedule.seconds))
    alike = [None if frames.codec in ECHOED_EXACTLY else likeness(server, frames) for server in servers]
    return [
        Found(one.wanted, one.version, tuple(rounds), like)
        for one, rounds, like in zip(servers, found, alike, strict=True)
    ]

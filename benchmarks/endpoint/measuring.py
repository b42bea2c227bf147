"""Measurements of servers under load, one at a time, in interleaved rounds."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from benchmarks.endpoint.generator import Calls
from benchmarks.endpoint.processes import Server
from benchmarks.endpoint.traffic import CLOSE, UPGRADE, Traffic

SETTLE_S: Final = 1.0
DRAIN_S: Final = 0.3
"""After the measurement, for the echoes that are under way."""
MAX_LATE_MS: Final = 1.0
"""A load that was later than this in 1 % of its sends was not what the row says."""
MAX_WAITED: Final = 0.05
"""The share of the time in which another process had the server's core."""
CONNECT_S: Final = 10.0


@dataclass(frozen=True)
class Measured:
    """What one measurement found."""

    calls: int
    seconds: float
    sent: int
    echoed: int
    different: int
    missing: int
    blocked: int
    lost: int
    outstanding: int
    """Messages that were not echoed within DRAIN_S after the measurement."""
    cpu_us: float
    """CPU time of the server's process per echoed message."""
    busy: float
    waited: float
    delay_p50_ms: float
    delay_p99_ms: float
    late_p99_ms: float

    @property
    def faults(self) -> list[str]:
        """Return why the measurement is not reliable."""
        found = []
        if self.late_p99_ms > MAX_LATE_MS:
            found.append(f"the load was late by {self.late_p99_ms:.1f} ms in 1 % of its sends")
        if self.waited > MAX_WAITED:
            found.append(f"another process had the server's core for {self.waited:.0%} of the time")
        return found

    @property
    def is_correct(self) -> bool:
        """Whether each message was echoed with its own payload."""
        return not (self.different or self.missing or self.blocked or self.lost or self.outstanding)


@contextmanager
def connected(port: int, calls: int, opening: Sequence[bytes]) -> Iterator[list[socket.socket]]:
    """Open this many calls, and close them at the end."""
    sockets: list[socket.socket] = []
    try:
        for _ in range(calls):
            one = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S)
            sockets.append(one)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.sendall(UPGRADE)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += (part := one.recv(4096))
                if not part:
                    break
            if not answer.startswith(b"HTTP/1.1 101 "):
                raise ConnectionError(f"call {len(sockets)} was refused: {answer[:60]!r}")
            one.sendall(b"".join(opening))
        yield sockets
    finally:
        for one in sockets:
            with suppress(OSError):
                one.send(CLOSE)
            one.close()


def measure(server: Server, traffic: Traffic, calls: int, seconds: float, settle_s: float = SETTLE_S) -> Measured:
    """Measure one server with this many calls for this time."""
    try:
        return _measured(server, traffic, calls, seconds, settle_s)
    except OSError as error:
        raise ConnectionError(f"{server.wanted}: {error}") from error


def _measured(server: Server, traffic: Traffic, calls: int, seconds: float, settle_s: float) -> Measured:
    with connected(server.port, calls, traffic.opening) as sockets:
        load = Calls(traffic.frames, traffic.payloads, traffic.chunk_ms * 1_000_000, sockets)
        load.run(settle_s)
        load.reset()
        before, begun_s = server.cpu_time(), time.monotonic()
        load.run(seconds)
        after, passed_s = server.cpu_time(), time.monotonic() - begun_s
        echoed = load.echoed
        load.receive(DRAIN_S)
        used_s = after.used_s - before.used_s
        return Measured(
            calls=calls,
            seconds=passed_s,
            sent=load.sent,
            echoed=echoed,
            different=load.different,
            missing=load.missing,
            blocked=load.blocked,
            lost=load.lost,
            outstanding=load.outstanding,
            cpu_us=used_s / max(echoed, 1) * 1e6,
            busy=used_s / passed_s,
            waited=(after.waited_s - before.waited_s) / passed_s,
            delay_p50_ms=load.delay_ms(0.5),
            delay_p99_ms=load.delay_ms(0.99),
            late_p99_ms=load.late_ms(0.99),
        )

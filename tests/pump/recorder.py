"""A Receiver that records all reports, and two ends of a WebSocket with one Receiver each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from rtpcodec.pump import VirtualEventLoop
from rtpcodec.pump.memory import MemoryAnswer, MemoryNetwork
from rtpcodec.pump.memory_socket import MemorySocket

CLOSED_BY = "closed by the peer"


class Recorder:
    """Records texts and everything else in order."""

    def __init__(self, socket: MemorySocket) -> None:
        self.socket = socket
        self.texts: list[Any] = []
        self.log: list[Any] = []
        self.pongs: list[bytes] = []

    def received(self, text: object) -> None:
        self.texts.append(text)
        self.log.append(text)

    def rejected(self, rule: str, detail: str, code: int | None = None, octets: int = 0) -> None:
        self.log.append((rule, detail, code))

    def touched(self, octets: int = 0) -> None:
        self.log.append("touched")

    def ponged(self, payload: bytes) -> None:
        self.pongs.append(payload)
        self.log.append("touched")

    def peer_closed(self, code: int | None) -> None:
        self.log.append((CLOSED_BY, code))

    def lost(self) -> None:
        self.log.append("lost")

    def paused(self) -> None:
        self.log.append("paused")

    def resumed(self) -> None:
        self.log.append("resumed")

    def run(self) -> None:
        self.log.append("run")


def keep(kind: type[Recorder] = Recorder) -> tuple[list[Recorder], Callable[[MemorySocket], Recorder]]:
    """Return a function that creates Recorders, and the list of the created ones."""
    kept: list[Recorder] = []

    def make(socket: MemorySocket) -> Recorder:
        kept.append(kind(socket))
        return kept[-1]

    return kept, make


async def open_recorders(
    network: MemoryNetwork, *, server: type[Recorder] = Recorder, client: type[Recorder] = Recorder
) -> tuple[Recorder, Recorder]:
    """Open a WebSocket on a free port: the server's Recorder and the client's."""
    servers, serve = keep(server)
    clients, dial = keep(client)
    listener = network.listen("localhost", 0, lambda _target, _headers: serve)
    await network.connect(f"ws://localhost:{listener.port}/", {}, dial)
    listener.close()
    return servers[0], clients[0]


def network() -> MemoryNetwork:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualEventLoop)
    return loop.network


def refuse(status: int) -> Callable[[str, Mapping[str, str]], MemoryAnswer]:
    return lambda _target, _headers: MemoryAnswer(status, {}, b"why")


def accept(_target: str, _headers: Mapping[str, str]) -> type[Recorder]:
    return Recorder


async def settle() -> None:
    """Let everything that is on its way arrive."""
    await asyncio.sleep(0.001)

"""A virtual event loop that also carries octets, so that the WebSocket library of a service runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from rtpcodec.pump.virtual import VirtualEventLoop

T = TypeVar("T")
Factory = Callable[[], asyncio.Protocol]
LATENCY_S = 0.03
"""How long octets take from one end of a connection to the other: a service in the same region."""


class MemoryTransport(asyncio.Transport):
    """One end of a connection. Octets arrive at the other end in order, LATENCY_S later."""

    other: MemoryTransport

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self._loop, self._protocol, self._closing = loop, protocol, False
        self._unread: list[bytes] | None = None
        """What arrived since `pause_reading`; None: it is not paused."""

    def write(self, data: Any) -> None:
        if not self._closing:
            self._loop.call_later(LATENCY_S, self.other.arrived, bytes(data))

    def arrived(self, data: bytes) -> None:
        if self._unread is not None:
            self._unread.append(data)
        elif not self._closing:
            self._protocol.data_received(data)

    def pause_reading(self) -> None:
        self._unread = []

    def resume_reading(self) -> None:
        unread, self._unread = self._unread or [], None
        for data in unread:
            self.arrived(data)

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self._closing

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits here: the other end takes everything."""

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)
            self._loop.call_later(LATENCY_S, self.other.close)

    abort = close


class MemoryServer(asyncio.AbstractServer):
    """A listening port of a ServiceLoop."""

    sockets = ()

    def __init__(self, loop: ServiceLoop, port: int) -> None:
        self._loop, self._port = loop, port

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._loop

    def close(self) -> None:
        self._loop.services.pop(self._port, None)

    def is_serving(self) -> bool:
        return True

    async def start_serving(self) -> None: ...

    async def serve_forever(self) -> None: ...

    async def wait_closed(self) -> None: ...


class ServiceLoop(VirtualEventLoop):
    """The virtual clock with TCP in memory, by port."""

    def __init__(self) -> None:
        super().__init__()
        self.services: dict[int, Factory] = {}

    async def create_server(self, factory: Factory, _host: str, port: int, **_options: Any) -> MemoryServer:  # type: ignore[override]
        self.services[port] = factory
        return MemoryServer(self, port)

    async def create_connection(  # type: ignore[override]
        self, factory: Factory, *, port: int, **_options: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        if port not in self.services:
            raise ConnectionRefusedError(f"nothing serves port {port}")
        client, server = factory(), self.services[port]()
        here, there = MemoryTransport(self, client), MemoryTransport(self, server)
        here.other, there.other = there, here
        server.connection_made(there)
        client.connection_made(here)
        return here, client


def run_with_services(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a ServiceLoop, as `run_virtual` does on the virtual clock alone."""
    with asyncio.Runner(loop_factory=ServiceLoop) as runner:
        return runner.run(main)

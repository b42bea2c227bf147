"""The networks of a carrier: the real one, or one in memory on a virtual clock."""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from rtpcodec.errors import MissingExtra
from rtpcodec.pump.memory import MemoryNetwork
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.sim.calls.dialling import Dialer
from rtpcodec.sim.calls.memory_dialer import MemoryDialer
from rtpcodec.sim.commands.faults import FaultInjector
from rtpcodec.sim.commands.handler import CommandHandler
from rtpcodec.sim.commands.memory_server import MemoryHttpServer
from rtpcodec.sim.webhooks.memory_transport import MemoryTransport
from rtpcodec.sim.webhooks.sender import Transport


class CommandServer(Protocol):
    """Serves the carrier's HTTP interface."""

    async def open(self, port: int) -> str:
        """Listen, on a free port if 0 is given, and return the base URL of commands. OSError: the port is in use."""

    async def close(self) -> None:
        """Stop listening and drop all connections."""


class Network(Protocol):
    """The connections of a carrier to apps, in both directions."""

    def command_server(self, handler: CommandHandler, injector: FaultInjector) -> CommandServer:
        """Return a server of commands."""

    def dialer(self, connect_timeout_s: float) -> Dialer:
        """Return what opens WebSockets to apps."""

    def webhook_transport(self, timeout_s: float) -> Transport:
        """Return what carries webhooks to apps."""


class RealNetwork:
    """aiohttp for HTTP both ways, picows for WebSockets. MissingExtra: one of them is not installed."""

    def __init__(self, ssl_context: ssl.SSLContext | None) -> None:
        try:
            from rtpcodec.sim.calls import picows_dialer  # noqa: PLC0415 -- it needs an optional library
            from rtpcodec.sim.commands import http_server  # noqa: PLC0415 -- as above
            from rtpcodec.sim.webhooks import http_transport  # noqa: PLC0415 -- as above
        except ImportError as error:
            if error.name in ("aiohttp", "picows"):
                raise MissingExtra("sim.Carrier", error.name, "sim") from error
            raise
        self._ssl_context = ssl_context
        self._http_server = http_server.HttpServer
        self._dialer = picows_dialer.PicowsDialer
        self._transport = http_transport.HttpTransport

    def command_server(self, handler: CommandHandler, injector: FaultInjector) -> CommandServer:
        """Return a server of commands on loopback."""
        return self._http_server(handler, injector)

    def dialer(self, connect_timeout_s: float) -> Dialer:
        """Return what opens WebSockets to apps."""
        return self._dialer(connect_timeout_s, self._ssl_context)

    def webhook_transport(self, timeout_s: float) -> Transport:
        """Return what carries webhooks to apps."""
        return self._transport(timeout_s, self._ssl_context)


class VirtualNetwork:
    """The network in memory of a virtual event loop."""

    def __init__(self, network: MemoryNetwork) -> None:
        self._network = network

    def command_server(self, handler: CommandHandler, injector: FaultInjector) -> CommandServer:
        """Return a server of commands."""
        return MemoryHttpServer(handler, injector, self._network)

    def dialer(self, _connect_timeout_s: float) -> Dialer:
        """Return what opens WebSockets to apps; opening takes no time."""
        return MemoryDialer(self._network)

    def webhook_transport(self, timeout_s: float) -> Transport:
        """Return what carries webhooks to apps."""
        return MemoryTransport(timeout_s, self._network)


def network_of_loop(ssl_context: ssl.SSLContext | None) -> Network:
    """Return the network that fits the running event loop. MissingExtra: aiohttp or picows is not installed."""
    loop = asyncio.get_running_loop()
    return VirtualNetwork(loop.network) if isinstance(loop, VirtualEventLoop) else RealNetwork(ssl_context)

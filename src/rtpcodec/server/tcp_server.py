"""The part of a server that does not depend on its WebSocket library: listening, and sockets before their upgrade."""

from __future__ import annotations

import asyncio
import socket
from abc import ABC, abstractmethod

from rtpcodec.server.accepted_socket import TLS_END_S, AcceptedSocket
from rtpcodec.server.descriptors import warn_if_short
from rtpcodec.server.half_open import HalfOpenSocket, HalfOpenSockets
from rtpcodec.server.listening import Acceptor
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.tcp_listener import ACCEPTS_PER_TURN, TcpListener, Turns


class TcpServer(ABC):
    """Listens on one address. A subclass creates the protocol of each connection."""

    def __init__(self, settings: EndpointSettings, acceptor: Acceptor) -> None:
        self._settings = settings
        self._acceptor = acceptor
        self._half_open = HalfOpenSockets(
            settings.max_half_open, settings.max_half_open_per_address, lambda: acceptor.free_calls
        )
        self._listener = TcpListener(self._begin, self._free_descriptors)

    @property
    def half_open(self) -> int:
        """Sockets that have not become calls."""
        return len(self._half_open)

    async def open(self) -> int:
        """Listen, and return the port. Raises OSError if the address is not available."""
        warn_if_short(self._settings)
        settings = self._settings
        if settings.sock is not None:
            return self._listener.adopt(settings.sock)
        return await self._listener.open(settings.host, settings.port, reuse_port=settings.reuse_port)

    def share(self, turns: Turns, own: socket.socket | None) -> None:
        """Accept in turns with other processes that have the same listening socket.

        Args:
            turns: decides when to accept.
            own: a further bound socket, of this process only.
        """
        self._listener.share(turns)
        if own is not None:
            self._listener.adopt(own)

    async def hand_over(self) -> None:
        """Stop listening, and wait up to HANDSHAKE_TIMEOUT_S until accepted sockets have sent their requests."""
        self._listener.hand_over()
        await self._half_open.settled()

    async def close(self) -> None:
        """Stop listening, and cut the sockets that have not become calls."""
        self._listener.close()
        self._half_open.close()
        self._cut_refused()
        # Let the cancelled tasks, and the callbacks of cut connections, run to their end.
        for _ in range(3):
            await asyncio.sleep(0)

    @abstractmethod
    def _new_protocol(self, entry: HalfOpenSocket, address: str) -> asyncio.BaseProtocol:
        """Create the protocol of a connection.

        Args:
            entry: removes the connection from the half-open ones.
            address: the address of the client.
        """

    @abstractmethod
    def _cut_refused(self) -> None:
        """Cut the sockets whose refusal is not sent yet."""

    def _begin(self, accepted: socket.socket, address: str) -> None:
        """Begin the handshake on an accepted socket."""
        handshake = AcceptedSocket(accepted)
        entry = self._half_open.add(address, handshake.cut)
        handshake.begin(lambda: self._new_protocol(entry, address), self._settings.tls_context, TLS_END_S)

    def _free_descriptors(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            self._half_open.drop_oldest()

"""The endpoint's server for WebSockets in memory, on a virtual clock."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from http import HTTPStatus

from rtpcodec.pump.memory import Listener, MakeReceiver, MemoryAnswer, MemoryNetwork
from rtpcodec.pump.memory_socket import MemorySocket
from rtpcodec.pump.socket import Receiver
from rtpcodec.server.listening import Acceptor
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.tcp_listener import Turns


class MemoryServer:
    """Listens on one address of a network in memory."""

    def __init__(self, settings: EndpointSettings, acceptor: Acceptor, network: MemoryNetwork) -> None:
        self._settings = settings
        self._acceptor = acceptor
        self._network = network
        self._listener: Listener | None = None

    @property
    def half_open(self) -> int | None:
        """Always 0: a socket in memory opens with its request."""
        return 0

    async def open(self) -> int:
        """Listen, and return the port. Raises OSError if the address is not available."""
        if self._settings.sock is not None:
            raise OSError(errno.EOPNOTSUPP, "a network in memory has no sockets")
        self._listener = self._network.listen(self._settings.host, self._settings.port, self._admit)
        return self._listener.port

    def share(self, _turns: Turns, _own: socket.socket | None) -> None:
        """Raise OSError, because the network in memory belongs to this process only."""
        raise OSError(errno.EOPNOTSUPP, "a network in memory has no sockets")

    async def hand_over(self) -> None:
        """Stop listening."""
        self._stop()

    def _stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def close(self) -> None:
        """Stop listening."""
        self._stop()

    def _admit(self, target: str, headers: Mapping[str, str]) -> MemoryAnswer | MakeReceiver:
        answer = self._acceptor.refusal(target, headers)
        if answer is not None:
            delay_s = self._acceptor.hold_back_s("") if answer.status == HTTPStatus.UNAUTHORIZED else 0.0
            return MemoryAnswer(answer.status, {"Content-Type": answer.content_type}, answer.body, delay_s)

        def accept(socket: MemorySocket) -> Receiver:
            return self._acceptor.accept(socket, target, headers)

        return accept

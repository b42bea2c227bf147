"""What an endpoint and the server library below it need of each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from rtpcodec.pump.socket import Receiver, Socket
from rtpcodec.server.access import Answer


class Acceptor(Protocol):
    """What a server library needs of an endpoint."""

    def refusal(self, target: str, headers: Mapping[str, str]) -> Answer | None:
        """The HTTP answer to a GET of `target` (path and query); None: it may become a call."""

    def accept(self, socket: Socket, target: str, headers: Mapping[str, str]) -> Receiver:
        """Begin a call on an open socket; the receiver of the socket's reports."""


class CallServer(Protocol):
    """What an endpoint needs of a server library."""

    async def open(self) -> int:
        """Listen; the port. OSError."""

    async def close(self) -> None:
        """Stop listening and cut the sockets that are not calls."""

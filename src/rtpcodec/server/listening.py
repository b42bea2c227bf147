"""The two protocols between an endpoint and the server library below it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol

from rtpcodec.pump.socket import Receiver, Socket
from rtpcodec.server.access import Answer
from rtpcodec.server.tcp_listener import Turns
from rtpcodec.stream.memory_budget import HeldBudget


class Acceptor(Protocol):
    """The side of the endpoint, which a server library calls."""

    @property
    def budget(self) -> HeldBudget:
        """The octets that all calls may hold together, fragments of messages included."""

    @property
    def free_calls(self) -> int:
        """The number of calls that may still be accepted."""

    def refusal(self, target: str, headers: Mapping[str, str], address: str = "") -> Answer | None:
        """Return the HTTP answer to a GET of `target` (path and query); None: it may become a call.

        Args:
            address: the address of the client, for the log; "": unknown.
        """

    def log_refusal(self, status: HTTPStatus, address: str, why: str) -> None:
        """Log the refusal of a request by the server library, and the rule that the request broke."""

    def hold_back_s(self, address: str) -> float:
        """Count an answer with 401, and return its delay in seconds.

        Args:
            address: address of the client; "": unknown.
        """

    def accept(self, socket: Socket, target: str, headers: Mapping[str, str]) -> Receiver:
        """Begin a call on an open socket, and return the receiver of the socket's reports.

        Args:
            socket: an open WebSocket without a receiver.
            target: path and query of its request.
            headers: headers of its request.
        """


class CallServer(Protocol):
    """The side of the server library, which an endpoint calls."""

    @property
    def half_open(self) -> int | None:
        """Sockets before their request, or refused and not ended; None: the server does not count them."""

    async def open(self) -> int:
        """Listen, and return the port. Raises OSError if the address is not available."""

    def share(self, turns: Turns, own: socket.socket | None) -> None:
        """Accept in turns with other processes that have the same listening socket.

        Args:
            turns: decides when to accept.
            own: a further bound socket, of this process only.
        """

    async def hand_over(self) -> None:
        """Stop listening, for other processes on the port. Wait until accepted sockets have sent their requests."""

    async def close(self) -> None:
        """Stop listening, and cut the sockets that have not become calls."""

"""Listening sockets that accept a limited number per turn, and wait when the process has no descriptor left.

The servers of asyncio, uvloop and aiofastnet have no such limit, and each handles missing descriptors differently
(docs/adr/0022-accepting-by-ourselves.md).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import Any, Final, Protocol

RECEIVE_BUFFER_OCTETS: Final = 32 * 1024
"""Receive buffer of each socket, which limits the data of one read. Linux doubles it for its own accounting. It
carries 320 kB per second over a round trip of 100 ms; L16 at 48 kHz in both tracks takes 276 kB per second."""
BACKLOG: Final = 1024
"""Connections that the system holds until they are accepted."""
ACCEPTS_PER_TURN: Final = 16
"""Accepted sockets per turn of the event loop, so that calls and requests are served in between."""
ACCEPT_WAIT_S: Final = 0.1
"""Wait after a failed accept. The connection stays in the backlog meanwhile."""
LOG_INTERVAL_S: Final = 60.0
"""Failed accepts are logged at most once in this time."""

_log = logging.getLogger("rtpcodec.server")


class Turns(Protocol):
    """Decides when to accept from a listening socket that several processes share."""

    def wait_s(self) -> float | None:
        """Return how long to leave the next connection to other processes, in s; None: accept it now."""


class TcpListener:
    """Listens on one host. Use it in the event loop's thread only."""

    __slots__ = ("_accepted", "_failed", "_logged_s", "_loop", "_sockets", "_timers", "_turns")

    def __init__(self, accepted: Callable[[socket.socket, str], object], failed: Callable[[], object]) -> None:
        """Make a listener that is not open yet.

        Args:
            accepted: takes over a non-blocking socket, and the address of its other side.
            failed: called when no descriptor or memory is left; it may free some.
        """
        self._loop = asyncio.get_running_loop()
        self._accepted = accepted
        self._failed = failed
        self._sockets: list[socket.socket] = []
        self._timers: dict[socket.socket, asyncio.TimerHandle] = {}
        self._turns: dict[socket.socket, Turns] = {}
        self._logged_s: float | None = None

    async def open(self, host: str, port: int, *, reuse_port: bool = False) -> int:
        """Listen on all addresses of a host, and return the port. Raises OSError if one is not available.

        Args:
            host, port: the address; "": all addresses; 0: any free port.
            reuse_port: whether other processes may listen on the port as well.
        """
        found = await self._loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, kind, protocol, _, address in dict.fromkeys(found):
                # All addresses of a host use the port that the first one got.
                at: Any = (address[0], port, *address[2:])
                port = self._bind(socket.socket(family, kind, protocol), at, reuse_port=reuse_port)
        except OSError:
            self.close()
            raise
        self._begin()
        return port

    def adopt(self, bound: socket.socket) -> int:
        """Listen on a bound or listening socket, and return its port. Raises OSError if that is not possible."""
        try:
            port = self._listen(bound)
        except OSError:
            self.close()
            raise
        self._begin()
        return port

    def share(self, turns: Turns) -> None:
        """Accept from the sockets that are open now in turns with other processes, one connection at a time."""
        self._turns = dict.fromkeys(self._sockets, turns)

    def hand_over(self) -> None:
        """Accept the connections that wait, and stop listening: other sockets of the port get later connections."""
        for each in tuple(self._sockets):
            for _ in range(BACKLOG // ACCEPTS_PER_TURN):
                if not self._accept(each):
                    break
        self.close()

    def close(self) -> None:
        """Stop listening."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for each in self._sockets:
            self._loop.remove_reader(each)
            each.close()
        self._sockets.clear()

    def _begin(self) -> None:
        for each in self._sockets:
            self._loop.add_reader(each, self._accept, each)

    def _bind(self, opened: socket.socket, address: Any, *, reuse_port: bool) -> int:
        self._sockets.append(opened)
        if os.name == "posix":
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if opened.family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if reuse_port:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind(address)
        return self._listen(opened)

    def _listen(self, bound: socket.socket) -> int:
        if bound not in self._sockets:
            self._sockets.append(bound)
        bound.setblocking(False)
        # Accepted sockets inherit it. It must be set before the TCP handshake, which announces it.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
        bound.listen(BACKLOG)
        port: int = bound.getsockname()[1]
        return port

    def _accept(self, listening: socket.socket) -> bool:
        """Accept waiting connections, up to ACCEPTS_PER_TURN. Returns whether more may wait."""
        turns = self._turns.get(listening)
        for _ in range(ACCEPTS_PER_TURN):
            # 1. Is it another process's turn? Then look again later.
            if turns is not None and (wait_s := turns.wait_s()) is not None:
                self._look_later(listening, wait_s)
                return False
            # 2. Accept one. If no descriptor or memory is left, free some, and wait.
            try:
                accepted, address = listening.accept()
            except (BlockingIOError, InterruptedError):
                return False
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._wait(listening, error)
                return False
            # 3. Begin its handshake.
            accepted.setblocking(False)
            self._accepted(accepted, address[0])
        return True

    def _wait(self, listening: socket.socket, error: OSError) -> None:
        """Accept nothing for a while: the socket stays readable, so that immediate retries would never end."""
        now_s = self._loop.time()
        if self._logged_s is None or now_s >= self._logged_s + LOG_INTERVAL_S:
            self._logged_s = now_s
            _log.error("cannot accept a connection: %s; retrying every %g s", error.strerror, ACCEPT_WAIT_S)
        self._failed()
        self._look_later(listening, ACCEPT_WAIT_S)

    def _look_later(self, listening: socket.socket, wait_s: float) -> None:
        self._loop.remove_reader(listening)
        self._timers[listening] = self._loop.call_later(wait_s, self._resume, listening)

    def _resume(self, listening: socket.socket) -> None:
        del self._timers[listening]
        self._loop.add_reader(listening, self._accept, listening)
        self._accept(listening)

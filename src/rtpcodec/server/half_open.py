"""Accepted sockets that have not become calls: limited in total and per address, each with a deadline.

A full table drops its oldest socket instead of the newest. A carrier's socket becomes a call within milliseconds, so
the oldest socket is a silent one, and silent sockets never prevent a call. The free places for calls are added to the
limits, because a carrier dials all its calls at once after an interruption, often through one proxy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import islice
from typing import Final

from rtpcodec.server.addresses import network_of

HANDSHAKE_TIMEOUT_S: Final = 5.0
"""Time from accepting a socket to its upgrade or refusal, TLS included; then it is cut."""

DROPS_PER_TURN: Final = 16
"""Late sockets that are cut in one turn of the event loop. Cutting a TLS socket takes 0.2 ms, in which calls wait."""


class HalfOpenSocket:
    """A socket in its handshake."""

    __slots__ = ("accepted_s", "cut", "network")

    def __init__(self, network: str, accepted_s: float, cut: Callable[[], object]) -> None:
        """Describe a socket.

        Args:
            network: the part of its address that a peer cannot change.
            accepted_s: when it was accepted, or its late refusal was sent.
            cut: cuts it.
        """
        self.network = network
        self.accepted_s = accepted_s
        self.cut = cut


class HalfOpenSockets:
    """The sockets of one endpoint in their handshakes. Use it in the event loop's thread only."""

    __slots__ = (
        "_free_calls",
        "_loop",
        "_max_sockets",
        "_max_sockets_per_address",
        "_networks",
        "_sockets",
        "_timer",
        "_waiter",
    )

    def __init__(
        self, max_sockets: int, max_sockets_per_address: int, free_calls: Callable[[], int] | None = None
    ) -> None:
        """Begin without sockets.

        Args:
            max_sockets: limit in all.
            max_sockets_per_address: limit per IPv4 address, or IPv6 network of 64 bits.
            free_calls: returns the number of calls that may still be accepted, which is added to both limits; None: 0.
        """
        self._free_calls = free_calls or _none
        self._loop = asyncio.get_running_loop()
        self._max_sockets = max_sockets
        self._max_sockets_per_address = max_sockets_per_address
        # Both in the order of arrival.
        self._sockets: dict[HalfOpenSocket, None] = {}
        self._networks: dict[str, dict[HalfOpenSocket, None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._sockets)

    def add(self, address: str, cut: Callable[[], object]) -> HalfOpenSocket:
        """Add a socket, and drop an older one if a limit is exceeded.

        Args:
            address: its other side's IP address.
            cut: cuts it.
        """
        added = HalfOpenSocket(network_of(address), self._loop.time(), cut)
        self._put(added)
        return added

    def add_again(self, refused: HalfOpenSocket, cut: Callable[[], object]) -> None:
        """Add a removed socket whose refusal was sent.

        With TLS it stays open until the other side has ended TLS as well.

        Args:
            cut: cuts it.
        """
        self.remove(refused)
        refused.accepted_s = self._loop.time()
        refused.cut = cut
        self._put(refused)

    def _put(self, added: HalfOpenSocket) -> None:
        self._sockets[added] = None
        neighbours = self._networks.setdefault(added.network, {})
        neighbours[added] = None
        free_calls = max(self._free_calls(), 0)
        if len(neighbours) > self._max_sockets_per_address + free_calls:
            self._drop(next(iter(neighbours)))
        elif len(self._sockets) > self._max_sockets + free_calls:
            self.drop_oldest()
        if self._timer is None:
            self._timer = self._loop.call_at(added.accepted_s + HANDSHAKE_TIMEOUT_S, self._drop_late)

    def remove(self, ended: HalfOpenSocket) -> None:
        """Remove a socket that became a call or is gone. A second call does nothing."""
        if ended not in self._sockets:
            return
        del self._sockets[ended]
        ended.cut = _nothing  # it refers to the connection, which refers to this entry
        neighbours = self._networks[ended.network]
        del neighbours[ended]
        if not neighbours:
            del self._networks[ended.network]
        if self._waiter is not None and not self._sockets and not self._waiter.done():
            self._waiter.set_result(None)

    async def settled(self) -> None:
        """Wait until each socket has become a call or is gone, for HANDSHAKE_TIMEOUT_S at most."""
        if self._sockets:
            self._waiter = self._loop.create_future()
            await self._waiter

    def drop_oldest(self) -> bool:
        """Drop the oldest socket of the address with the most sockets. Returns whether there was one."""
        if not self._sockets:
            return False
        fullest = max(self._networks, key=lambda network: len(self._networks[network]))
        self._drop(next(iter(self._networks[fullest])))
        return True

    def close(self) -> None:
        """Drop all sockets."""
        for each in tuple(self._sockets):
            self._drop(each)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _drop(self, dropped: HalfOpenSocket) -> None:
        cut = dropped.cut
        self.remove(dropped)
        cut()

    def _drop_late(self) -> None:
        """Drop the sockets whose deadline has passed, and set the timer for the oldest remaining one."""
        self._timer = None
        latest_s = self._loop.time() - HANDSHAKE_TIMEOUT_S
        for each in tuple(islice(self._sockets, DROPS_PER_TURN)):
            if each.accepted_s > latest_s:
                break
            self._drop(each)
        oldest = next(iter(self._sockets), None)
        if oldest is not None:  # if it is late too, the timer fires in the next turn
            self._timer = self._loop.call_at(oldest.accepted_s + HANDSHAKE_TIMEOUT_S, self._drop_late)


def _nothing() -> None:
    """Replace `cut` after the end."""


def _none() -> int:
    """Replace `free_calls` if none was given."""
    return 0

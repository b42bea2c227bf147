"""The delay of answers with 401, which grows with each one to the same address. No sockets and no clock.

Only refusals are delayed. A request with a right token is never delayed, even from the same address, which may be that
of a proxy for all calls. So the delay slows clients that retry, and saves work and log records. The protection against
guessing is a token of 32 random octets.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from typing import Final

from rtpcodec.server.addresses import network_of

FREE_REFUSALS: Final = 3
"""Refusals per address without delay, so that a wrong setting shows at once."""
FIRST_DELAY_S: Final = 0.5
MAX_DELAY_S: Final = 4.0
"""The delay doubles up to this value, which is shorter than the 5 s that a handshake may take."""
RESET_S: Final = 300.0
"""After this time without a refusal, an address starts again."""
MAX_ADDRESSES: Final = 1024
"""Limit on stored addresses; beyond it the one with the oldest refusal is dropped."""
MAX_WAITING: Final = 64
"""Limit on delayed refusals, each with an open socket; beyond it a refusal is sent at once."""
MAX_WAITING_PER_ADDRESS: Final = 8
MAX_WAITING_OCTETS: Final = 4096
"""Octets that a client may send during the delay; beyond it, it is disconnected. It has no reason to send anything."""


class _RefusedAddress:
    """The refusals of one address."""

    __slots__ = ("due_s", "last_s", "refusals")

    def __init__(self) -> None:
        self.refusals = 0
        self.last_s = 0.0
        self.due_s: list[float] = []  # when its delayed refusals are sent; a heap


class RefusalDelays:
    """Computes the delay of each refusal. Times are in s of one clock. Use it from one thread at a time."""

    __slots__ = ("_due_s", "_guessers")

    def __init__(self) -> None:
        self._guessers: OrderedDict[str, _RefusedAddress] = OrderedDict()  # the address with the oldest refusal first
        self._due_s: list[float] = []

    def __len__(self) -> int:
        return len(self._guessers)

    def refused(self, address: str, now_s: float) -> float:
        """Count a refusal, and return its delay in seconds.

        Args:
            address: address of the client; "": unknown.
            now_s: the time.
        """
        name = network_of(address)
        guesser = self._guessers.pop(name, None)
        if guesser is None or now_s - guesser.last_s >= RESET_S:
            guesser = _RefusedAddress()
        self._guessers[name] = guesser
        if len(self._guessers) > MAX_ADDRESSES:
            self._guessers.popitem(last=False)
        guesser.refusals += 1
        guesser.last_s = now_s
        _drop_past(guesser.due_s, now_s)
        if guesser.refusals <= FREE_REFUSALS or len(guesser.due_s) >= MAX_WAITING_PER_ADDRESS:
            return 0.0
        if self.waiting(now_s) >= MAX_WAITING:
            return 0.0
        doublings = min(guesser.refusals - FREE_REFUSALS - 1, 10)  # more than 10 exceed the longest delay
        delay_s: float = min(FIRST_DELAY_S * 2**doublings, MAX_DELAY_S)
        heapq.heappush(guesser.due_s, now_s + delay_s)
        heapq.heappush(self._due_s, now_s + delay_s)
        return delay_s

    def waiting(self, now_s: float) -> int:
        """Return the number of delayed refusals. One whose socket has ended counts until the end of its delay."""
        _drop_past(self._due_s, now_s)
        return len(self._due_s)


def _drop_past(due_s: list[float], now_s: float) -> None:
    while due_s and due_s[0] <= now_s:
        heapq.heappop(due_s)

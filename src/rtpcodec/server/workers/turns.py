"""Which worker accepts the next connection of the shared socket: the one with the fewest calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rtpcodec.server.placement import WorkerLoad
from rtpcodec.server.workers.worker_table import WorkerState, WorkerTable

YIELD_S: Final = 0.005
"""Time for a worker with fewer calls to accept first. Then this worker accepts, because the other may be busy."""
AWAY_S: Final = 0.05
"""Interval of checks of a worker that has no room or drains, while others serve."""
ARRIVALS_S: Final = 15.0
"""Limit on the wait for expected calls when a worker is replaced: a handshake takes at most 5 s, a placed call 10 s,
and `stream` waits 10 s by default."""


class Turns:
    """The turns of one worker. They also write its row of the table."""

    __slots__ = ("_draining", "_load", "_number", "_table", "_yielded")

    def __init__(self, table: WorkerTable, number: int, load: Callable[[], WorkerLoad]) -> None:
        """Make the turns of a worker.

        Args:
            table: the table of all workers.
            number: this worker's row.
            load: returns its figures now. Sockets that may become calls count as calls.
        """
        self._table = table
        self._number = number
        self._load = load
        self._draining = False
        self._yielded = False

    def drain(self) -> None:
        """Accept no more connections while another worker serves."""
        self._draining = True
        self.write()

    def write(self) -> WorkerLoad:
        """Write this worker's row, and return its figures."""
        load = self._load()
        state = WorkerState.SERVING if load.has_room else WorkerState.FULL
        if self._draining or load.draining:
            state = WorkerState.DRAINING
        self._table.write(self._number, state, calls=load.calls, max_calls=load.max_calls, taken=load.taken)
        return load

    def wait_s(self) -> float | None:
        """Return how long to leave the next connection to the other workers; None: accept it now.

        If no other worker accepts a connection, this one does, so that no connection waits for a blocked worker. If all
        workers drain or are full, any of them accepts the connection and refuses it.
        """
        # 1. Does this worker drain? Then leave it to any other that serves.
        own = self.write()
        others = self._table.others_serving(self._number)
        if self._draining or own.draining:
            return AWAY_S if others else None
        # 2. Is it full? Then leave it to any other with room.
        with_room = [calls for calls in others if calls is not None]
        if not own.has_room or own.calls >= own.max_calls:
            return AWAY_S if with_room else None
        # 3. Has another one fewer calls? Then leave it once, for YIELD_S.
        self._yielded = not self._yielded and bool(with_room) and min(with_room) < own.calls
        return YIELD_S if self._yielded else None

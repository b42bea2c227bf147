"""A pump whose machine can outlive its WebSocket: a lost line is held, and another WebSocket carries the machine on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from rtpcodec.pump.frame_budget import FrameBudget
from rtpcodec.pump.pump import Machine, Pump, Sink
from rtpcodec.pump.socket import Socket


class HoldableMachine(Machine, Protocol):
    """A machine that may wait for another WebSocket. When it stops to wait, it sets `cut`."""

    @property
    def held(self) -> bool:
        """Whether the line is lost, and the machine waits for another WebSocket."""

    def attached(self, now_ms: float) -> None:
        """Record that another WebSocket carries the machine on. StreamEnded: it has ended."""


HoldableT = TypeVar("HoldableT", bound=HoldableMachine)


class ReconnectablePump(Pump[HoldableT]):
    """Drives one machine over one WebSocket after the other. It is the Receiver of the current one's reports."""

    __slots__ = ("on_held",)

    def __init__(
        self, machine: HoldableT, socket: Socket, sink: Sink | None = None, budget: FrameBudget | None = None
    ) -> None:
        """Take over an open socket. Arguments as for Pump."""
        self.on_held: Callable[[], object] | None = None
        """Called when a WebSocket is gone and the machine waits for another one."""
        super().__init__(machine, socket, sink, budget)

    def attach(self, socket: Socket, budget: FrameBudget | None = None) -> None:
        """Carry the machine on over another open WebSocket. The one before, if it is still open, is cut.

        Reports of the one before do not arrive any more; from now on the new one must report here.

        Args:
            socket: the open WebSocket.
            budget: what the other side may send; None: the budget before, as it is.

        Raises:
            StreamEnded: the machine has ended; then nothing was changed.
        """
        self.machine.attached(self.now_ms())
        before, self._socket = self._socket, socket
        if before is not None:
            before.detach()
        self._send = socket.send
        if budget is not None:
            self._budget = budget
        self._lost = False
        self.machine.backlog = lambda: socket.unacknowledged_octets
        self.run()

    def lost(self) -> None:
        """Report that the connection is gone; a second report does nothing."""
        if self._lost:
            return
        self._lost = True
        self.machine.lost(self.now_ms())
        if not self.machine.held:
            self._lost = False
            super().lost()
            return
        self._socket = None
        self._send = _drop
        self.machine.backlog = None
        self.run()
        if self.on_held is not None:
            self.on_held()

    def _control_connection(self) -> None:
        # Without a WebSocket, the end of the machine is the end of the connection.
        ends = self.machine.cut and self._socket is None
        super()._control_connection()
        if ends:
            self.stop()
            asyncio.get_running_loop().call_soon(self._release)


def _drop(_item: object) -> None:
    """Stand for the `send` of a WebSocket while there is none."""

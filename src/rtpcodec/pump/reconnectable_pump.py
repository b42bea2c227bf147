"""A pump whose machine can outlive its WebSocket: after a loss it is held, and continues on another WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from rtpcodec.pump.frame_budget import FrameBudget
from rtpcodec.pump.pump import Machine, Pump, Sink
from rtpcodec.pump.socket import Socket


class HoldableMachine(Machine, Protocol):
    """A machine that may wait for another WebSocket. When it stops waiting, it sets `cut`."""

    @property
    def held(self) -> bool:
        """Whether the connection is lost, and the machine waits for another WebSocket."""

    def attached(self, now_ms: float) -> None:
        """Record that the machine continues on another WebSocket. Raises StreamEnded if it has ended."""


HoldableT = TypeVar("HoldableT", bound=HoldableMachine)


class ReconnectablePump(Pump[HoldableT]):
    """Drives one machine over successive WebSockets. It is the Receiver of the current one's reports."""

    __slots__ = ("on_held",)

    def __init__(
        self, machine: HoldableT, socket: Socket, sink: Sink | None = None, budget: FrameBudget | None = None
    ) -> None:
        """Drive a machine over an open socket. Arguments as for Pump."""
        self.on_held: Callable[[], object] | None = None
        """Called when a WebSocket is lost and the machine waits for another one."""
        super().__init__(machine, socket, sink, budget)

    def attach(self, socket: Socket, budget: FrameBudget | None = None) -> None:
        """Continue the machine on another open WebSocket. The previous one is cut, if it is still open.

        The previous one reports nothing more; from now on the new one must report here.

        Args:
            socket: the open WebSocket.
            budget: what the other side may send; None: the previous budget, unchanged.

        Raises:
            StreamEnded: the machine has ended; nothing was changed.
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
        # 1. Does the machine wait for another WebSocket? If not, this is its end.
        if not self.machine.held:
            self._lost = False
            super().lost()
            return
        # 2. Run it without a WebSocket until `attach`.
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
    """Replace `send` while there is no WebSocket."""

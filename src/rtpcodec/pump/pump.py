"""Drives one machine, with or without a WebSocket: deliver events, send due texts, sleep until the next deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, Generic, Protocol, TypeVar

from typing_extensions import Buffer

from rtpcodec.pump._driving import DriverFastPath, PumpFastPath
from rtpcodec.pump.frame_budget import FrameBudget
from rtpcodec.pump.socket import Socket
from rtpcodec.pump.timer import DeadlineTimer
from rtpcodec.stream.events import Audio, Event

POLICY_VIOLATION: Final = 1008


class StateMachine(Protocol):
    """A state machine that a driver drives. No I/O and no clock: time is an argument, in ms of `loop.time()`."""

    @property
    def hangup(self) -> int | None:
        """The code of a close frame that is due; None: no close frame is due."""

    @property
    def cut(self) -> bool:
        """Whether the connection must be cut."""

    @property
    def ping(self) -> bytes | None:
        """The payload of a ping that is due; None: none is due."""

    def events(self, now_ms: float) -> Sequence[Event]:
        """Remove and return the events since the last call."""

    def outgoing(self, now_ms: float) -> Sequence[Any]:
        """Remove and return the items that are due, such as texts."""

    @property
    def next_deadline_ms(self) -> float | None:
        """When to call `events` and `outgoing` at the latest; None: not before a change."""


class Machine(StateMachine, Protocol):
    """A state machine for a WebSocket."""

    ping: bytes | None
    """The payload of a ping that is due, not empty, because pings of server libraries are empty; None: none is due.
    `pinged` sets it to None."""
    backlog: Callable[[], int | None] | None
    """Returns the octets that were sent and not acknowledged (`Socket.unacknowledged_octets`). The pump sets it until
    the end of the connection. It costs a system call, so use it only before audio is sent."""
    hangup: int | None
    """The code of a close frame that is due; None: no close frame is due."""
    cut: bool
    """Whether the connection must be cut."""
    paused: bool
    """Whether the socket accepts no texts for now; then `outgoing` returns an empty list."""

    def receive(self, text: str | Buffer, now_ms: float) -> None:
        """Feed one text message."""

    def reject(self, rule: str, detail: str, now_ms: float) -> None:
        """Count a frame that is not a message: the rule that it breaks, and the rule with its numbers in words."""

    def touch(self, now_ms: float) -> None:
        """Record that a frame of any kind was received."""

    def pinged(self, sent: bool, now_ms: float) -> None:
        """Record that the due ping was sent, after all texts so far; False: this socket cannot send pings."""

    def ponged(self, payload: bytes, now_ms: float) -> None:
        """Record a pong, perhaps one that answers no ping."""

    def peer_closed(self, code: int | None, now_ms: float) -> None:
        """Record the other side's close frame."""

    def lost(self, now_ms: float) -> None:
        """Record that the connection is gone."""

    def close(self, code: int, now_ms: float) -> None:
        """End the machine: a close frame with this code becomes due."""

    def outgoing(self, now_ms: float) -> Sequence[str]:
        """Remove and return the texts that are due."""

    def hung_up(self) -> None:
        """Record that the close frame was sent."""


StateMachineT = TypeVar("StateMachineT", bound=StateMachine)
MachineT = TypeVar("MachineT", bound=Machine)


class Sink(Protocol):
    """Handles a machine's events. If it changes the machine, it calls `Pump.run` afterwards, like any other caller."""

    @property
    def take_audio(self) -> Callable[[Audio], object]:
        """The function that handles each Audio, the one hot event."""

    def take(self, event: Event) -> None:
        """Handle any other event."""

    def failed(self, error: BaseException) -> None:
        """Handle an error that `take_audio` or `take` raised: any but KeyboardInterrupt."""

    def disconnected(self) -> None:
        """Handle the end of the connection. Called once, after all events."""


class TurnWatch(Protocol):
    """Gets the slow turns of a pump, in which all other machines of the event loop must wait."""

    limit_s: float
    """A longer turn is reported."""

    def report(self, took_s: float, cause: str) -> None:
        """Handle one slow turn: its seconds, and its cause in words."""


class Driver(DriverFastPath, Generic[StateMachineT]):
    """Drives one machine: delivers its events, sends due texts, sleeps until its next deadline.

    After each change of the machine, `run` must be called. If a sink calls `run`, the call only sets a flag, and the
    outer run repeats its steps. So there is no recursion, and a sink gets events one at a time and in order.

    All methods must be called in the event loop's thread.
    """

    __slots__ = ()

    machine: StateMachineT
    _send: Callable[[Any], object]
    _sink: Sink | None

    def __init__(self, machine: StateMachineT, send: Callable[[Any], object], sink: Sink | None = None) -> None:
        """Drive a machine. Without a sink its events are dropped."""
        super().__init__(machine, send, sink)
        self._timer = DeadlineTimer(asyncio.get_running_loop(), self.run)

    def send_due(self) -> None:
        """Send the texts that are due now, such as a clear, before the machine is ended within a run."""
        for item in self.machine.outgoing(self.now_ms()):
            self._send(item)

    def stop(self) -> None:
        """Drop the next deadline. From now on only an explicit `run` handles the machine."""
        self._timer.release()

    def _control_connection(self) -> None:
        """Carry out `ping`, `hangup` and `cut`, which a machine without a connection never sets."""


class Pump(PumpFastPath, Driver[MachineT]):
    """Drives one machine over one WebSocket. It is the Receiver of the socket's reports."""

    __slots__ = ()

    machine: MachineT
    _budget: FrameBudget
    _socket: Socket | None
    _watch: TurnWatch | None

    def __init__(
        self, machine: MachineT, socket: Socket, sink: Sink | None = None, budget: FrameBudget | None = None
    ) -> None:
        """Drive a machine over an open socket.

        Args:
            machine: gets messages and the time, and returns events and texts.
            socket: its WebSocket.
            sink: handles the machine's events; None: they are dropped.
            budget: limit on the frames and octets of the other side; None: without limit.
        """
        Driver.__init__(self, machine, socket.send, sink)
        self._budget = budget if budget is not None else FrameBudget(None, None, self.now_ms())
        self._socket = socket
        machine.backlog = lambda: socket.unacknowledged_octets

    def rejected(self, rule: str, detail: str, code: int | None = None, octets: int = 0) -> None:
        """Report a frame that is not a message.

        Args:
            rule: the name of the rule that it breaks.
            detail: the rule with its numbers, in words.
            code: the close code that the connection must end with; None: the connection continues.
            octets: the octets of a complete message, which count in the budget.
        """
        now_ms = self.now_ms()
        if code is None:  # with a code it is the last frame
            budget = self._budget
            budget.frames -= 1
            budget.octets -= octets
            if (budget.frames < 0 or budget.octets < 0) and not self._refill(now_ms):
                return
        self.machine.reject(rule, detail, now_ms)
        if code is not None:
            self.machine.close(code, now_ms)
        self.run()

    def touched(self, octets: int = 0) -> None:
        """Report a control frame, a fragment, or a frame after the end of delivery.

        Args:
            octets: the octets of a message, which count in the budget; those of fragments are reported with their
                message.
        """
        now_ms = self.now_ms()
        budget = self._budget
        budget.frames -= 1
        budget.octets -= octets
        if (budget.frames >= 0 and budget.octets >= 0) or self._refill(now_ms):
            self.machine.touch(now_ms)

    def ponged(self, payload: bytes) -> None:
        """Report a pong, which counts as `touched`. The machine knows whether it answers a ping of ours."""
        self.touched()
        self.machine.ponged(payload, self.now_ms())
        self.run()

    def paused(self) -> None:
        """Report that the socket accepts no more texts for now: they wait in the machine."""
        self.machine.paused = True

    def resumed(self) -> None:
        """Report that the socket accepts texts again."""
        self.machine.paused = False
        self.run()

    def peer_closed(self, code: int | None) -> None:
        """Report the other side's close frame."""
        self.machine.peer_closed(code, self.now_ms())
        self.run()

    def lost(self) -> None:
        """Report that the connection is gone; a second report does nothing."""
        if self._lost:
            return
        self._lost = True
        self.machine.lost(self.now_ms())
        self.run()
        self.stop()
        if self._running:  # that run still has to deliver its last events
            asyncio.get_running_loop().call_soon(self._release)
        else:
            self._release()

    def _refill(self, now_ms: float) -> bool:
        """Refill the budget. Returns whether the frame that emptied it is within the budget."""
        budget = self._budget
        breach = budget.refill(now_ms)
        if breach is None:
            return True
        if budget.closing:
            # The other side continues to send after our close frame, or after a breach.
            self.machine.cut = True
            self.run()
        else:
            budget.close()
            self.rejected("rate", breach, POLICY_VIOLATION)
        return False

    def _control_connection(self) -> None:
        machine, socket = self.machine, self._socket
        if machine.ping is not None:
            machine.pinged(socket is not None and socket.ping(machine.ping), self.now_ms())
        if machine.hangup is not None:
            self._budget.close()
            if socket is not None:
                socket.close(machine.hangup)
            machine.hung_up()
        if machine.cut:
            machine.cut = False
            if socket is not None:
                socket.abort()

    def _release(self) -> None:
        """Report the end to the sink, and drop sink and socket: they own this pump, which is a reference cycle."""
        sink, self._sink, self._socket, self._send, self._watch = self._sink, None, None, _drop, None
        self.machine.backlog = None
        if sink is not None:
            sink.disconnected()


def _drop(_item: object) -> None:
    """Replace the socket's `send` after the end of the connection."""

"""The two ends of a WebSocket in memory."""

# ruff: noqa: SLF001 -- both ends are of one class

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Final, TypeAlias

from rtpcodec.pickling import Live
from rtpcodec.pump.socket import NullReceiver, Receiver

MAX_UNREAD_OCTETS: Final = 256 * 1024
"""Limit of unread octets at which the sender is paused; about the size of the buffers of a TCP connection."""
RESUME_DIVISOR: Final = 4
"""The sender is resumed when the unread octets have fallen to the limit divided by this."""
RECEIVE_BUFFER_OCTETS: Final = 64 * 1024
"""Octets that count as acknowledged before the other program has read them: the first window of a TCP connection on
Linux (tcp_rmem of 128 KiB, half of it for data)."""
CONTROL_OCTETS: Final = 2
"""Octets of a ping or pong without its payload (RFC 6455 section 5.2)."""


# States of one end, in order: an end never returns to an earlier state.
_OPEN: Final = 0
_CLOSING: Final = 1  # our close frame is sent
_ENDED: Final = 2  # the connection is gone, not reported yet
_LOST: Final = 3  # reported

MakeWaker: TypeAlias = Callable[[Callable[[], object], Context], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class _CloseFrame:
    """A close frame; its code is optional (RFC 6455 section 5.5.1)."""

    code: int | None


@dataclass(frozen=True, slots=True)
class _Ping:
    payload: bytes


@dataclass(frozen=True, slots=True)
class _Pong:
    payload: bytes


_Frame: TypeAlias = str | _Ping | _Pong


_NULL_RECEIVER: Final = NullReceiver()


class MemorySocket(Live):
    """One end of a WebSocket in memory; implements `Socket`.

    Texts, control frames and the end of the connection reach the other end's Receiver in later callbacks of the loop,
    never within the call that sends them. Only `paused` is called within `send`, on the sender's own Receiver.
    A Receiver that raises cuts the connection; the exception goes to the loop's exception handler.
    """

    __slots__ = (
        "_acknowledged_octets",
        "_arrived_octets",
        "_close_frame",
        "_inbox",
        "_max_unread_octets",
        "_paused",
        "_peer",
        "_reading",
        "_receiver",
        "_resumes",
        "_state",
        "_unread_octets",
        "_wake",
        "_woken",
        "answer_ping",
    )

    _peer: MemorySocket
    _wake: Callable[[], None]

    def __init__(self, max_unread_octets: int) -> None:
        self._receiver: Receiver = _NULL_RECEIVER
        self._max_unread_octets = max_unread_octets
        self._inbox: deque[_Frame] = deque()  # received and not reported yet; a close frame is always the last frame
        self._unread_octets = 0
        self._arrived_octets = 0  # of all frames so far
        self._acknowledged_octets: int | None = (
            None  # the acknowledged ones; None: all except those beyond the receive buffer
        )
        self._close_frame: _CloseFrame | None = None
        self._state = _OPEN
        self._reading = True
        self._paused = False
        self._resumes = False
        self._woken = False
        self.answer_ping: Callable[[bytes], object] | None = None
        """Called with the payload of each ping, and may answer it later with `pong`; None: each is answered at once."""

    def attach(self, receiver: Receiver) -> None:
        """Set the Receiver of this end."""
        self._receiver = receiver
        if self._paused:
            receiver.paused()

    @property
    def unsent_octets(self) -> int:
        """Octets that the other end has not read yet."""
        return self._peer._unread_octets

    @property
    def unacknowledged_octets(self) -> int:
        """Octets that were sent and that the other end's system has not acknowledged. Transport takes no time."""
        peer = self._peer
        if peer._acknowledged_octets is not None:
            return peer._arrived_octets - peer._acknowledged_octets
        return max(0, peer._unread_octets - RECEIVE_BUFFER_OCTETS)

    def send(self, text: str) -> None:
        """Send a text frame; dropped after our close frame and after the end of the connection."""
        if self._state:
            return
        peer = self._peer
        octets = len(text) if text.isascii() else _octets(text)
        peer._inbox.append(text)
        peer._unread_octets += octets
        peer._arrived_octets += octets
        if not peer._woken and peer._reading:
            peer._woken = True
            peer._wake()
        if peer._unread_octets > self._max_unread_octets and not self._paused:
            self._paused = True
            self._receiver.paused()

    def close(self, code: int) -> None:
        """Send a close frame; the other end answers with its own, which ends the connection."""
        self._send_close(_CloseFrame(code))

    def abort(self) -> None:
        """Cut the connection. Unread texts of both ends are lost."""
        if self._state < _ENDED:
            self._end()
            self._peer._end()

    def detach(self) -> None:
        """Cut the connection and report nothing more."""
        self._receiver = _NULL_RECEIVER
        self.abort()

    def ping(self, payload: bytes = b"") -> bool:
        """Send a ping, which the other end answers after reading everything before it. Returns False after the end."""
        if self._state:
            return False
        self._send_control(_Ping(payload))
        return True

    def pong(self, payload: bytes) -> None:
        """Answer a ping, unless the other side does not read, because pongs would accumulate."""
        if not (self._state or self._paused):
            self._send_control(_Pong(payload))

    def _send_control(self, frame: _Ping | _Pong) -> None:
        peer = self._peer
        octets = CONTROL_OCTETS + len(frame.payload)
        peer._inbox.append(frame)
        peer._unread_octets += octets
        peer._arrived_octets += octets
        peer._report_soon()

    def hold_acknowledgements(self, *, hold: bool) -> None:
        """Stop acknowledging received octets, as in a network blackout, or acknowledge them again."""
        if not hold:
            self._acknowledged_octets = None
        elif self._acknowledged_octets is None:
            self._acknowledged_octets = self._arrived_octets - max(0, self._unread_octets - RECEIVE_BUFFER_OCTETS)

    def break_off(self, *, reset: bool) -> None:
        """Cut the connection without a close frame; in memory, RST and FIN are the same."""
        self.abort()

    def fall_silent(self) -> None:
        """Read nothing and acknowledge nothing from now on."""
        self.hold_acknowledgements(hold=True)
        self.pause_reading()

    def pause_reading(self) -> None:
        """Stop reading, as a slow program does."""
        self._reading = False

    def resume_reading(self) -> None:
        """Resume reading."""
        self._reading = True
        self._report_soon()

    def _send_close(self, frame: _CloseFrame) -> None:
        if not self._state:
            self._state = _CLOSING
            self._peer._close_frame = frame
            self._peer._report_soon()

    def _report_soon(self) -> None:
        """Schedule one callback that reports everything."""
        if not self._woken:
            self._woken = True
            self._wake()

    def _report(self) -> None:
        """Report frames in their order for as long as our side reads, then flow and end."""
        self._woken = False
        inbox, received = self._inbox, self._receiver.received
        try:
            while inbox and self._reading:
                frame = inbox.popleft()
                if isinstance(frame, str):
                    self._unread_octets -= len(frame) if frame.isascii() else _octets(frame)
                    received(frame)
                else:
                    self._report_control(frame)
            if self._close_frame is not None:
                self._report_close()
            if self._resumes:
                self._resumes = False
                self._receiver.resumed()
        except Exception as error:
            self._fail(error)
        if self._peer._paused:
            self._resume_peer()
        if self._state == _ENDED:
            self._state = _LOST
            self._receiver.lost()
            if self._peer._state == _LOST:
                self._peer._release()
                self._release()

    def _report_control(self, frame: _Ping | _Pong) -> None:
        self._unread_octets -= CONTROL_OCTETS + len(frame.payload)
        if isinstance(frame, _Pong):
            self._receiver.ponged(frame.payload)
        else:
            self._receiver.touched()
            (self.answer_ping or self.pong)(frame.payload)

    def _report_close(self) -> None:
        if not self._reading or self._state >= _ENDED:
            return
        frame, self._close_frame = self._close_frame, None
        if frame is not None:
            self._receiver.peer_closed(frame.code)
            self._send_close(frame)  # the answer, unless we have sent one (RFC 6455 section 5.5.1)
            self._end()

    def _resume_peer(self) -> None:
        """Resume the other end if our side has read enough."""
        peer = self._peer
        if self._unread_octets <= self._max_unread_octets // RESUME_DIVISOR and peer._state < _ENDED:
            peer._paused = False
            peer._resumes = True
            peer._report_soon()

    def _fail(self, error: Exception) -> None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a Receiver raised an exception; its WebSocket is cut", "exception": error}
        )
        self.abort()

    def _end(self) -> None:
        """End our side, after both close frames or a cut."""
        if self._state < _ENDED:
            self._state = _ENDED
            self._inbox.clear()
            self._unread_octets = 0
            self._acknowledged_octets = None
            self._close_frame = None
            self._resumes = False
            self._report_soon()

    def _release(self) -> None:
        """Drop references back to this end, because both ends have lost the connection."""
        self._receiver = _NULL_RECEIVER
        self._peer = _GONE
        self._wake = _nothing
        self.answer_ping = None


_GONE: Final = MemorySocket(0)
"""Replaces the other end after the end of the connection."""


def _nothing() -> None:
    """Replace the function that schedules a report."""


def open_pair(
    make_waker: MakeWaker, contexts: tuple[Context, Context], max_unread_octets: int
) -> tuple[MemorySocket, MemorySocket]:
    """Create two connected ends.

    Args:
        make_waker: makes a function that schedules the report of an end.
        contexts: contexts in which the first and the second Receiver are called.
        max_unread_octets: limit of unread octets at which the sender is paused.
    """
    first, second = MemorySocket(max_unread_octets), MemorySocket(max_unread_octets)
    first._peer, second._peer = second, first
    for end, context in zip((first, second), contexts, strict=True):
        end._wake = make_waker(end._report, context)
    return first, second


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))

"""The two ends of a WebSocket in memory."""

# ruff: noqa: SLF001 -- both ends are of one class

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Final, TypeAlias

from typing_extensions import Buffer

from rtpcodec.pickling import Live
from rtpcodec.pump.socket import Receiver

MAX_UNREAD_OCTETS: Final = 256 * 1024
"""Limit of unread octets at which the sender is paused; about the size of the buffers of a TCP connection."""
RESUME_DIVISOR: Final = 4
"""The sender is resumed once the unread octets fall to the limit divided by this."""


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


class _Nobody:
    """Stands for the Receiver until `attach` is called."""

    def received(self, text: str | Buffer) -> None: ...

    def rejected(self, rule: str, detail: str, code: int | None = None, octets: int = 0) -> None: ...

    def touched(self, octets: int = 0) -> None: ...

    def peer_closed(self, code: int | None) -> None: ...

    def lost(self) -> None: ...

    def paused(self) -> None: ...

    def resumed(self) -> None: ...

    def run(self) -> None: ...


_NOBODY: Final = _Nobody()


class MemorySocket(Live):
    """One end of a WebSocket in memory; implements `Socket`.

    Texts, control frames and the end of the connection reach the other end's Receiver in later callbacks of the loop,
    never within the call that sends them. Only `paused` is called within `send`, on the sender's own Receiver.
    A Receiver that raises cuts the connection; the exception goes to the loop's exception handler.
    """

    __slots__ = (
        "_close_frame",
        "_inbox",
        "_max_unread_octets",
        "_paused",
        "_peer",
        "_pings",
        "_pongs",
        "_reading",
        "_receiver",
        "_resumes",
        "_state",
        "_unread_octets",
        "_wake",
        "_woken",
    )

    _peer: MemorySocket
    _wake: Callable[[], None]

    def __init__(self, max_unread_octets: int) -> None:
        self._receiver: Receiver = _NOBODY
        self._max_unread_octets = max_unread_octets
        # Received and not reported yet. Only texts need a queue: a close frame is always the last frame, and pings and
        # pongs may be reported after texts that were sent later.
        self._inbox: deque[str] = deque()
        self._unread_octets = 0
        self._pings = self._pongs = 0
        self._close_frame: _CloseFrame | None = None
        self._state = _OPEN
        self._reading = True
        self._paused = False
        self._resumes = False
        self._woken = False

    def attach(self, receiver: Receiver) -> None:
        """Set the Receiver of this end."""
        self._receiver = receiver
        if self._paused:
            receiver.paused()

    @property
    def unsent_octets(self) -> int:
        """Octets of text that the other end has not read yet."""
        return self._peer._unread_octets

    def send(self, text: str) -> None:
        """Send a text frame; dropped after our close frame and after the end of the connection."""
        if self._state:
            return
        peer = self._peer
        peer._inbox.append(text)
        peer._unread_octets += len(text) if text.isascii() else _octets(text)
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
        """Cut the connection; both ends lose their unread texts."""
        if self._state < _ENDED:
            self._end()
            self._peer._end()

    def ping(self) -> None:
        """Send a ping; the other end answers with a pong, and both Receivers are touched."""
        if not self._state:
            self._peer._pings += 1
            self._peer._report_soon()

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
        """Report texts and control frames for as long as our side reads, then flow and end."""
        self._woken = False
        inbox, received = self._inbox, self._receiver.received
        try:
            while inbox and self._reading:
                text = inbox.popleft()
                self._unread_octets -= len(text) if text.isascii() else _octets(text)
                received(text)
            if self._pings or self._pongs or self._close_frame is not None:
                self._report_controls()
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

    def _report_controls(self) -> None:
        if not self._reading or self._state >= _ENDED:
            return
        pings, self._pings = self._pings, 0
        pongs, self._pongs = self._pongs, 0
        for _ in range(pings + pongs):
            self._receiver.touched()
        if pings:
            self._peer._pongs += pings
            self._peer._report_soon()
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
            {"message": "a Receiver failed, its WebSocket is cut", "exception": error}
        )
        self.abort()

    def _end(self) -> None:
        """End our side, after both close frames or a cut."""
        if self._state < _ENDED:
            self._state = _ENDED
            self._inbox.clear()
            self._unread_octets = self._pings = self._pongs = 0
            self._close_frame = None
            self._resumes = False
            self._report_soon()

    def _release(self) -> None:
        """Drop what refers back to this end, because the connection is gone for both."""
        self._receiver = _NOBODY
        self._peer = _GONE
        self._wake = _nothing


_GONE: Final = MemorySocket(0)
"""Stands for the other end after the end of the connection."""


def _nothing() -> None:
    """Stand for the function that schedules a report."""


def open_pair(
    make_waker: MakeWaker, contexts: tuple[Context, Context], max_unread_octets: int
) -> tuple[MemorySocket, MemorySocket]:
    """Make two connected ends.

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

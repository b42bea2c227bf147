"""The two ends of a WebSocket in memory."""

# ruff: noqa: SLF001 -- one class: an end writes into the other

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Final

from typing_extensions import Buffer

from rtpcodec.pump.socket import Receiver

MAX_UNREAD_OCTETS: Final = 256 * 1024
"""What one end may leave unread before the other is paused, about what the buffers of a TCP connection hold."""
RESUME_DIVISOR: Final = 4
"""The sender is resumed once no more than this part of the limit is unread."""


@dataclass(frozen=True, slots=True)
class _CloseFrame:
    """A close frame; its code is optional (RFC 6455 section 5.5.1)."""

    code: int | None


class _Nobody:
    """Stands for the Receiver until there is one."""

    def received(self, text: str | Buffer) -> None: ...

    def rejected(self, rule: str, detail: str, code: int | None = None) -> None: ...

    def touched(self) -> None: ...

    def peer_closed(self, code: int | None) -> None: ...

    def lost(self) -> None: ...

    def paused(self) -> None: ...

    def resumed(self) -> None: ...

    def run(self) -> None: ...


_NOBODY: Final = _Nobody()


class MemorySocket:
    """One end of a WebSocket in memory; implements `Socket`.

    Texts, control frames and the end of the connection reach the other end's Receiver in later callbacks of the loop,
    never within the call that sends them. Only `paused` is called within `send`, on the sender's own Receiver.
    A Receiver that raises cuts the connection; the exception goes to the loop's exception handler.
    """

    __slots__ = (
        "_call_soon",
        "_close_frame",
        "_close_sent",
        "_gone",
        "_inbox",
        "_max_unread_octets",
        "_paused",
        "_peer",
        "_pings",
        "_pongs",
        "_reading",
        "_receiver",
        "_scheduled",
        "_unread_octets",
    )

    _peer: MemorySocket

    def __init__(self, call_soon: Callable[[Callable[[], None]], object], max_unread_octets: int) -> None:
        self._call_soon = call_soon
        self._receiver: Receiver = _NOBODY
        self._max_unread_octets = max_unread_octets
        # Received, but not reported to our Receiver yet. Nothing follows a close frame, so it needs no place in the
        # queue, and what pings and pongs prove does not depend on their order among texts.
        self._inbox: deque[str] = deque()
        self._unread_octets = 0
        self._pings = self._pongs = 0
        self._close_frame: _CloseFrame | None = None
        self._reading = True
        self._scheduled = False
        self._paused = False
        self._close_sent = False
        self._gone = False

    def attach(self, receiver: Receiver) -> None:
        """Report to this Receiver from now on."""
        self._receiver = receiver
        if self._paused:
            receiver.paused()

    @property
    def unsent_octets(self) -> int:
        """How many octets of texts the other end has not read yet."""
        return self._peer._unread_octets

    def send(self, text: str) -> None:
        """Send a text frame; drop it after a close frame of ours or the end of the connection."""
        if self._close_sent or self._gone:
            return
        peer = self._peer
        peer._inbox.append(text)
        peer._unread_octets += len(text) if text.isascii() else _octets(text)
        if not peer._scheduled:
            peer._schedule()
        if peer._unread_octets > self._max_unread_octets and not self._paused:
            self._paused = True
            self._receiver.paused()

    def close(self, code: int) -> None:
        """Send a close frame; the other end answers with its own, which ends the connection."""
        self._send_close(code)

    def abort(self) -> None:
        """Cut the connection: both ends lose what they have not read."""
        if not self._gone:
            self._end()
            self._peer._end()

    def ping(self) -> None:
        """Send a ping; the other end answers with a pong by itself, and both Receivers are touched."""
        if not (self._close_sent or self._gone):
            self._peer._pings += 1
            self._peer._schedule()

    def pause_reading(self) -> None:
        """Leave unread what comes from now on, as a slow program does."""
        self._reading = False

    def resume_reading(self) -> None:
        """Read again."""
        self._reading = True
        self._schedule()

    def _send_close(self, code: int | None) -> None:
        if self._close_sent or self._gone:
            return
        self._close_sent = True
        self._peer._close_frame = _CloseFrame(code)
        self._peer._schedule()

    def _schedule(self) -> None:
        """Have all that is unread reported in one callback."""
        if self._reading and not self._scheduled and not self._gone:
            self._scheduled = True
            self._call_soon(self._report)

    def _report(self) -> None:
        """Report what is unread, for as long as our side reads."""
        self._scheduled = False
        inbox, received = self._inbox, self._receiver.received
        try:
            while inbox and self._reading:
                text = inbox.popleft()
                self._unread_octets -= len(text) if text.isascii() else _octets(text)
                received(text)
            if self._reading and not self._gone:
                self._report_controls()
        except Exception as error:
            self._fail(error)
        peer = self._peer
        if peer._paused and self._unread_octets <= self._max_unread_octets // RESUME_DIVISOR:
            peer._paused = False
            peer._call_soon(peer._report_resumed)

    def _report_controls(self) -> None:
        pings, self._pings = self._pings, 0
        pongs, self._pongs = self._pongs, 0
        for _ in range(pings + pongs):
            self._receiver.touched()
        if pings:
            self._peer._pongs += pings
            self._peer._schedule()
        if self._close_frame is not None:
            self._answer_close(self._close_frame)

    def _answer_close(self, frame: _CloseFrame) -> None:
        """Report a close frame, answer it unless ours is sent, and end: both frames have passed."""
        self._close_frame = None
        self._receiver.peer_closed(frame.code)
        self._send_close(frame.code)
        self._end()

    def _report_resumed(self) -> None:
        if not (self._gone or self._paused):
            self._receiver.resumed()

    def _fail(self, error: Exception) -> None:
        asyncio.get_running_loop().call_exception_handler(
            {"message": "a Receiver failed, its WebSocket is cut", "exception": error}
        )
        self.abort()

    def _end(self) -> None:
        if self._gone:
            return
        self._gone = True
        self._inbox.clear()
        self._unread_octets = 0
        self._close_frame = None
        self._call_soon(self._report_lost)

    def _report_lost(self) -> None:
        self._receiver.lost()


def open_pair(
    loop: asyncio.AbstractEventLoop, contexts: tuple[Context, Context], max_unread_octets: int
) -> tuple[MemorySocket, MemorySocket]:
    """Make two connected ends.

    contexts: those in which the Receivers of the first and of the second end are called.
    max_unread_octets: what one end may leave unread before the other is paused.
    """
    first, second = (MemorySocket(partial(loop.call_soon, context=context), max_unread_octets) for context in contexts)
    first._peer, second._peer = second, first
    return first, second


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))

"""Drives a stream over the WebSocket to its app, over any library."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol

from rtpcodec.pump.pump import Pump
from rtpcodec.pump.socket import Socket
from rtpcodec.sim.media.stream import CarrierStream

SocketLoss = Literal["rst", "fin", "black_hole"]
"""Ways to lose a socket: the connection is reset; it ends without a close frame; or nothing passes any longer."""


class DialFailed(ConnectionError):
    """The address has no WebSocket.

    Args:
        status: the HTTP status that the app answered; None: it did not answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class AppSocket(Socket, Protocol):
    """The WebSocket of a stream, apart from sending."""

    def pause_reading(self) -> None:
        """Stop reading, so that the app feels back-pressure."""

    def resume_reading(self) -> None:
        """Resume reading."""

    def hold_acknowledgements(self, *, hold: bool) -> None:
        """Acknowledge nothing that the app sends from now on, or everything again, where the network allows that."""

    def break_off(self, *, reset: bool) -> None:
        """End the connection without a close frame: by RST where the network has it, or by FIN."""

    def fall_silent(self) -> None:
        """Read nothing, and acknowledge nothing where the network allows that, until the connection is broken off."""

    answer_ping: Callable[[bytes], object] | None
    """Gets the payload of each ping; None: each is answered at once."""

    def pong(self, payload: bytes) -> None:
        """Answer a ping."""


class StreamPump(Pump[CarrierStream]):
    """A pump that also reads as slowly as its stream says, and answers pings as late as its links say.

    Once it is silent (`black_hole`), it neither sends nor reads, and does not notice that the app cuts the connection.
    """

    __slots__ = ("_closed", "_flow", "silent")

    _socket: AppSocket | None

    def __init__(self, open_stream: Callable[[StreamPump], CarrierStream], socket: AppSocket) -> None:
        """Take over an open socket; `open_stream` makes its stream."""
        self._flow = (False, True)  # whether reading is paused, and what is read acknowledged
        self.silent = False
        """Whether nothing passes any longer."""
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        super().__init__(open_stream(self), socket)
        self._after_run = self._serve_app
        socket.answer_ping = self._answer_ping
        self.run()

    async def wait_closed(self) -> None:
        """Wait until the connection is closed, by either side."""
        await asyncio.shield(self._closed)

    def lose(self, how: SocketLoss) -> None:
        """Lose the socket without a close frame; nothing if it is gone."""
        app = self._socket
        if app is None or self.silent:
            return
        if how != "black_hole":
            app.break_off(reset=how == "rst")
            return
        self.silent = True
        self._send = _swallow
        app.fall_silent()

    def end_silence(self) -> None:
        """Cut the connection, because the stream has ended."""
        app = self._socket
        if self.silent and app is not None:
            self.silent = False
            app.break_off(reset=True)
            self.lost()

    def lost(self) -> None:
        """Report that the connection is gone."""
        if self.silent:
            return
        super().lost()
        if not self._closed.done():
            self._closed.set_result(None)

    def _control_connection(self) -> None:
        if not self.silent:
            super()._control_connection()
        elif self.machine.hangup is not None:
            self.machine.hung_up()

    def _answer_ping(self, payload: bytes) -> None:
        self.machine.answer_ping(payload, self.now_ms())
        self.run()

    def _release(self) -> None:
        app = self._socket
        super()._release()
        self._after_run = None  # it refers to this pump
        if app is not None:
            app.answer_ping = None  # it refers to this pump

    def _serve_app(self, now_ms: float) -> None:
        """Answer pings, and read as slowly as the stream says now."""
        app = self._socket
        if self._lost or app is None or self.silent:
            return
        machine = self.machine
        if machine.pongs:
            for payload in machine.take_pongs():
                app.pong(payload)
        flow = (machine.reading_paused(now_ms), machine.acknowledges(now_ms))
        if flow != self._flow:
            self._change_flow(app, *flow)

    def _change_flow(self, app: AppSocket, paused: bool, acknowledges: bool) -> None:
        was_paused, acknowledged = self._flow
        self._flow = (paused, acknowledges)
        if acknowledges != acknowledged:
            app.hold_acknowledgements(hold=not acknowledges)
        if paused and not was_paused:
            app.pause_reading()
        elif was_paused and not paused:
            app.resume_reading()


def _swallow(_text: str) -> None:
    """Replace the socket's `send` while nothing passes."""

"""Drives a stream over the WebSocket to its app, whatever library carries that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from rtpcodec.pump.pump import Pump
from rtpcodec.pump.socket import Socket
from rtpcodec.sim.media.stream import CarrierStream


class DialFailed(ConnectionError):
    """There is no WebSocket at the address."""


class AppSocket(Socket, Protocol):
    """What a stream needs of its WebSocket beside sending."""

    def pause_reading(self) -> None:
        """Read nothing, so that the app feels a slow carrier."""

    def resume_reading(self) -> None:
        """Read again."""

    def hold_acknowledgements(self, *, hold: bool) -> None:
        """Acknowledge nothing that the app sends from now on, or everything again, where the network allows that."""

    answer_ping: Callable[[bytes], object] | None
    """Gets the payload of each ping; None: each is answered at once."""

    def pong(self, payload: bytes) -> None:
        """Answer a ping."""


class StreamPump(Pump[CarrierStream]):
    """A pump that also reads as slowly as its stream says, and answers pings as late as its links say."""

    __slots__ = ("_app", "_closed", "_flow")

    def __init__(self, open_stream: Callable[[StreamPump], CarrierStream], socket: AppSocket) -> None:
        """Take over an open socket; `open_stream` makes its stream."""
        self._app: AppSocket | None = socket
        self._flow = (False, True)  # whether reading is paused, and what is read acknowledged
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        super().__init__(open_stream(self), socket)
        socket.answer_ping = self._answer_ping
        self.run()

    async def wait_closed(self) -> None:
        """Return once the connection is gone, whoever closed it."""
        await asyncio.shield(self._closed)

    def lost(self) -> None:
        """Report that the connection is gone."""
        super().lost()
        if not self._closed.done():
            self._closed.set_result(None)

    def _answer_ping(self, payload: bytes) -> None:
        self.machine.answer_ping(payload, self.now_ms())
        self.run()

    def _release(self) -> None:
        super()._release()
        app, self._app = self._app, None
        if app is not None:
            app.answer_ping = None  # it refers to this pump

    def _run(self, now_ms: float) -> None:
        super()._run(now_ms)
        app = self._app
        if self._lost or app is None:
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

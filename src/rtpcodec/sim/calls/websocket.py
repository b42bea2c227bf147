"""The WebSocket of a stream, by picows: dials, carries texts, and sleeps until the next deadline of the stream."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Final

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSListener,
    WSMsgType,
    WSParsedURL,
    WSProtocolError,
    WSTransport,
    ws_connect,
)

from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.stream.fragments import BrokenFragments, FragmentJoiner
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

_DATA: Final = (WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION)

# Not in the registry of loggers, so that nobody lowers its level: picows writes the token's header at level 9.
_LOGGER: Final = logging.Logger("rtpcodec.sim.picows", logging.WARNING)
_LOGGER.parent = logging.getLogger("rtpcodec.sim")


class DialFailed(ConnectionError):
    """There is no WebSocket at the address."""


class AppSocket(WSListener):
    """The connection to one app, for as long as it is open."""

    def __init__(self, open_stream: Callable[[AppSocket], CarrierStream]) -> None:
        self._loop = asyncio.get_running_loop()
        self._open_stream = open_stream
        self._stream: CarrierStream | None = None
        self._transport: WSTransport | None = None
        self._joiner = FragmentJoiner()
        self._timer: asyncio.TimerHandle | None = None
        self._reading_paused = False

    @property
    def connected(self) -> bool:
        """The handshake succeeded."""
        return self._transport is not None

    async def wait_closed(self) -> None:
        """Return once the connection is gone, whoever closed it."""
        if self._transport is None or self._stream is None:
            return
        try:
            await self._transport.wait_disconnected()
        except WSProtocolError as broken:
            self._stream.close(broken.code.value, self._now_ms())
        self._stream.lost(self._now_ms())

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin the stream."""
        self._transport = transport
        self._stream = self._open_stream(self)
        self.pump()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame of the app."""
        if self._stream is None:
            return
        if frame.msg_type == WSMsgType.CLOSE:
            octets = frame.get_payload_as_bytes()[:2]
            code = int.from_bytes(octets, "big") if octets else None
            if transport.is_close_frame_sent and self._stream.end_reason is None:
                self._stream.ending.close_code = code  # picows has closed for a broken rule, which wait_closed learns
            else:
                self._stream.peer_closed(code, self._now_ms())
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
        elif frame.msg_type in _DATA:
            self._take(frame, self._stream)
        else:
            self._stream.touch(self._now_ms())

    def _take(self, frame: WSFrame, stream: CarrierStream) -> None:
        try:
            message = self._joiner.put(
                frame.get_payload_as_bytes(),
                opens=frame.msg_type != WSMsgType.CONTINUATION,
                last=frame.fin,
                binary=frame.msg_type == WSMsgType.BINARY,
            )
        except BrokenFragments as broken:
            stream.reject(broken.rule, broken.detail, self._now_ms())
            stream.close(broken.code, self._now_ms())
            self.pump()
            return
        if message is None:
            return
        if self._joiner.binary:
            stream.reject("binary", "message is a binary frame", self._now_ms())
        else:
            stream.receive(message, self._now_ms())
        self.pump()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Take note that nothing can be sent any more."""
        self._cancel_timer()

    def pause_writing(self) -> None:
        """Let texts wait in the stream: the app reads slowly."""
        if self._stream is not None:
            self._stream.paused = True

    def resume_writing(self) -> None:
        """Send again: the app has caught up."""
        if self._stream is not None:
            self._stream.paused = False
        self.pump()

    def pump(self) -> None:
        """Do everything that the stream asks for now, and come back at its next deadline."""
        transport, stream = self._transport, self._stream
        if transport is None or stream is None or transport.is_disconnected:
            return
        now_ms = self._now_ms()
        for text in stream.outgoing(now_ms):
            transport.send(WSMsgType.TEXT, text)
        if stream.hangup is not None:
            transport.send_close(WSCloseCode(stream.hangup))
            stream.hung_up()
        if stream.cut:
            stream.cut = False
            transport.disconnect(graceful=False)
            return
        self._pause_reading(transport.underlying_transport, paused=stream.reading_paused(now_ms))
        self._sleep(stream.next_deadline_ms, now_ms)

    def _pause_reading(self, transport: asyncio.Transport, *, paused: bool) -> None:
        if paused != self._reading_paused:
            self._reading_paused = paused
            if paused:
                transport.pause_reading()
            else:
                transport.resume_reading()

    def _sleep(self, deadline_ms: float | None, now_ms: float) -> None:
        self._cancel_timer()
        if deadline_ms is not None:
            self._timer = self._loop.call_later(max(0.0, deadline_ms - now_ms) / 1000, self.pump)

    def _now_ms(self) -> float:
        return self._loop.time() * 1000

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Dialer:
    """Opens WebSockets to apps."""

    def __init__(self, connect_timeout_s: float, ssl_context: ssl.SSLContext | None) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._ssl_context = ssl_context

    async def dial(
        self, url: str, auth_token: str | None, open_stream: Callable[[AppSocket], CarrierStream]
    ) -> AppSocket:
        """Connect and begin the stream.

        Raises: DialFailed if the address refuses, is unreachable or too slow, or does not speak WebSocket.
        """
        app = AppSocket(open_stream)
        sockets: list[socket.socket] = []
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await ws_connect(
                    lambda _request, _response: app,
                    url,
                    ssl_context=self._ssl_context,
                    websocket_handshake_timeout=None,
                    logger_name=_LOGGER,
                    max_frame_size=MAX_MESSAGE_OCTETS,
                    extra_headers=None if auth_token is None else {TOKEN_HEADER: auth_token},
                    max_redirects=0,
                    socket_factory=_Connector(sockets),
                )
        except (OSError, WSError, ValueError) as error:
            # The time-out may come in the very moment of success.
            if not app.connected:
                raise DialFailed(f"{type(error).__name__}: no WebSocket was opened") from error
        finally:
            # picows leaves a connection open whose handshake is abandoned: end of input makes it close.
            if not app.connected:
                _shut(sockets)
        if not app.connected:
            raise DialFailed("the connection was closed during the handshake")
        return app


class _Connector:
    """Connects by itself, to know the socket of a connection that is abandoned."""

    def __init__(self, sockets: list[socket.socket]) -> None:
        self._sockets = sockets

    async def __call__(self, url: WSParsedURL) -> socket.socket:
        loop = asyncio.get_running_loop()
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in await loop.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM):
            candidate = socket.socket(family, kind, protocol)
            candidate.setblocking(False)
            try:
                await loop.sock_connect(candidate, address)
            except OSError as error:
                candidate.close()
                failure = error
            except BaseException:
                candidate.close()
                raise
            else:
                self._sockets.append(candidate)
                return candidate
        raise failure


def _shut(sockets: list[socket.socket]) -> None:
    for opened in sockets:
        with contextlib.suppress(OSError):  # it is closed already
            opened.shutdown(socket.SHUT_RDWR)

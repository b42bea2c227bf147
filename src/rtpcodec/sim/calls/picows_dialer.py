"""The WebSocket of a stream by picows: dials apps."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import socket
import ssl
import struct
import sys
from collections.abc import Callable, Mapping
from typing import Final, cast

from picows import WSError, WSHandshakeError, WSParsedURL, WSUpgradeRequest, WSUpgradeResponse, ws_connect

from rtpcodec.pump.frame_rules import response_fault
from rtpcodec.pump.picows_socket import READ_BUFFER_OCTETS, PicowsSocket
from rtpcodec.sim.calls.stream_pump import DialFailed, StreamPump
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

# Not in the registry of loggers, so that no setting lowers its level: picows logs the token's header at level 9.
_LOGGER: Final = logging.Logger("rtpcodec.sim.picows", logging.WARNING)
_LOGGER.parent = logging.getLogger("rtpcodec.sim")

_LINGER_NOT: Final = struct.pack("ii", 1, 0)
"""`struct linger`: on, for 0 s. The end of the connection is then an RST."""
_SO_ATTACH_FILTER: Final = 26
"""Of Linux, which Python does not name: a filter for what arrives at a socket."""
_DROP_ALL: Final = struct.pack("HBBI", 0x06, 0, 0, 0)
"""`struct sock_filter` of one instruction: return 0, the octets that pass."""


class PicowsDialer:
    """Opens WebSockets to apps."""

    def __init__(self, connect_timeout_s: float, ssl_context: ssl.SSLContext | None) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._ssl_context = ssl_context

    async def dial(
        self, url: str, headers: Mapping[str, str], open_stream: Callable[[StreamPump], CarrierStream]
    ) -> StreamPump:
        """Connect and begin the stream.

        Raises DialFailed if the address refuses, is unreachable or too slow, or does not speak WebSocket.
        """
        pumps: list[StreamPump] = []

        def begin(opened: PicowsSocket) -> StreamPump:
            pumps.append(StreamPump(open_stream, cast("_AppSocket", opened)))
            return pumps[0]

        app = _AppSocket(begin, MAX_MESSAGE_OCTETS)

        def accept(_request: WSUpgradeRequest, response: WSUpgradeResponse) -> PicowsSocket:
            fault = response_fault(response.headers.items())
            if fault is not None:
                raise DialFailed(fault)
            return app

        sockets: list[socket.socket] = []
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await ws_connect(
                    accept,
                    url,
                    ssl_context=self._ssl_context,
                    websocket_handshake_timeout=None,
                    enable_auto_pong=False,
                    logger_name=_LOGGER,
                    max_frame_size=MAX_MESSAGE_OCTETS,
                    read_buffer_init_size=READ_BUFFER_OCTETS,
                    extra_headers=dict(headers) or None,
                    max_redirects=0,
                    socket_factory=_Connector(sockets),
                )
        except (OSError, WSError, ValueError) as error:
            # The time-out may fire at the moment of success.
            if not app.open:
                response = error.response if isinstance(error, WSHandshakeError) else None
                status = None if response is None else int(response.status)
                raise DialFailed(f"{type(error).__name__}: no WebSocket was opened", status) from error
        finally:
            # picows leaves a connection open whose handshake is abandoned: end of input makes it close.
            if not app.open:
                _shut(sockets)
        if not app.open:
            raise DialFailed("the connection was closed during the handshake")
        return pumps[0]


class _AppSocket(PicowsSocket):
    """A socket that can lose its connection."""

    __slots__ = ()

    def break_off(self, *, reset: bool) -> None:
        """End the connection without a close frame, by RST or by FIN."""
        with self._same_socket() as same:
            if reset:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            else:
                same.shutdown(socket.SHUT_WR)
        self.abort()

    def fall_silent(self) -> None:
        """Read nothing, and on Linux acknowledge nothing: the system drops arriving packets before TCP sees them."""
        self.pause_reading()
        if sys.platform == "linux":
            instruction = ctypes.create_string_buffer(_DROP_ALL, len(_DROP_ALL))
            program = struct.pack("HP", 1, ctypes.addressof(instruction))
            with self._same_socket() as same:
                same.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)

    def _same_socket(self) -> socket.socket:
        """Return another object of the same socket: event loops forbid such calls on their own."""
        descriptor = self._transport.underlying_transport.get_extra_info("socket").fileno()
        return socket.socket(fileno=os.dup(descriptor))


class _Connector:
    """Connects itself, to have the socket of a connection that is abandoned."""

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
        try:
            raise failure
        finally:
            del failure  # its traceback holds this frame


def _shut(sockets: list[socket.socket]) -> None:
    for opened in sockets:
        with contextlib.suppress(OSError):  # it is closed already
            opened.shutdown(socket.SHUT_RDWR)

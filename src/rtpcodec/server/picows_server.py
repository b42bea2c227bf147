"""The endpoint's listening by picows, which answers any GET: health checks are answered here as well."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

from rtpcodec.errors import MissingExtra
from rtpcodec.pump.socket import Receiver
from rtpcodec.server.access import Answer
from rtpcodec.server.descriptors import warn_if_short
from rtpcodec.server.half_open import HANDSHAKE_TIMEOUT_S, HalfOpenSocket, HalfOpenSockets
from rtpcodec.server.listening import Acceptor
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.tcp_listener import ACCEPTS_PER_TURN, TcpListener, Turns
from rtpcodec.stream.held import Account

try:
    from multidict import CIMultiDictProxy
    from picows import (
        WSAutoPingStrategy,
        WSListener,
        WSUpgradeRequest,
        WSUpgradeResponse,
        WSUpgradeResponseWithListener,
    )
    from picows.picows import WSProtocol  # type: ignore[attr-defined]  # what ws_create_server itself makes

    from rtpcodec.pump.frame_rules import VERSION, request_fault
    from rtpcodec.pump.picows_socket import READ_BUFFER_OCTETS, PicowsSocket
    from rtpcodec.server.late_refusals import LateRefusals
except ImportError as error:
    raise MissingExtra("serve", "picows", "server") from error

TLS_END_S: Final = 2.0
"""For the other side's answer to the end of TLS; then the connection is cut. Event loops wait 30 s, in which a peer
that broke a rule would hold its call."""


class PicowsServer:
    """Listen on one address."""

    socket_class: type[PicowsSocket] = PicowsSocket
    """The class of the sockets of calls."""

    def __init__(self, settings: EndpointSettings, acceptor: Acceptor) -> None:
        self._settings = settings
        self._acceptor = acceptor
        self._log = _QuietLog(logging.getLogger("picows.server"))
        self._half_open = HalfOpenSockets(
            settings.max_half_open, settings.max_half_open_per_address, lambda: acceptor.free_calls
        )
        self._late_refusals = LateRefusals(acceptor.hold_back_s, settings.ping_interval_s)
        self._listener = TcpListener(self._begin, self._free_descriptors)

    @property
    def half_open(self) -> int:
        """Sockets that have not become calls."""
        return len(self._half_open)

    async def open(self) -> int:
        """Listen, and return the port. Raises OSError if the address is not available."""
        warn_if_short(self._settings)
        settings = self._settings
        if settings.sock is not None:
            return self._listener.adopt(settings.sock)
        return await self._listener.open(settings.host, settings.port, reuse_port=settings.reuse_port)

    def share(self, turns: Turns, own: socket.socket | None) -> None:
        """Accept in turns with other processes that have the same listening socket.

        turns: says when.
        own: a further bound socket, of this process alone.
        """
        self._listener.share(turns)
        if own is not None:
            self._listener.adopt(own)

    async def hand_over(self) -> None:
        """Stop listening, and wait until what was accepted has sent its request, for HANDSHAKE_TIMEOUT_S at most."""
        self._listener.hand_over()
        await self._half_open.settled()

    async def close(self) -> None:
        """Stop listening, and cut the sockets that have not become calls."""
        self._listener.close()
        self._half_open.close()
        self._late_refusals.cut()
        # Let the cancelled tasks, and the callbacks of cut connections, run to their end.
        for _ in range(3):
            await asyncio.sleep(0)

    def _begin(self, accepted: socket.socket, address: str) -> None:
        """Begin the handshake on an accepted socket."""
        handshake = _Handshake(accepted)
        entry = self._half_open.add(address, handshake.cut)
        admit = partial(self._admit, entry, address)
        handshake.begin(
            lambda: self._new_protocol(admit, partial(self._half_open.remove, entry)), self._settings.tls_context
        )

    def _free_descriptors(self) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            self._half_open.drop_oldest()

    def _new_protocol(self, admit: Callable[[WSUpgradeRequest], object], ended: Callable[[], object]) -> _Protocol:
        ping_s = self._settings.ping_interval_s
        protocol = _Protocol(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=admit,
            logger=self._log,
            disconnect_on_exception=True,
            websocket_handshake_timeout=None,  # that of HalfOpenSockets includes TLS
            enable_auto_ping=ping_s is not None,
            auto_ping_idle_timeout=ping_s or 1.0,
            auto_ping_reply_timeout=ping_s or 1.0,
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,
            max_frame_size=self._settings.max_message_octets,
            extra_headers=None,
            read_buffer_init_size=READ_BUFFER_OCTETS,
        )
        protocol.ended = ended
        return protocol

    def _admit(
        self, entry: HalfOpenSocket, address: str, request: WSUpgradeRequest
    ) -> WSListener | WSUpgradeResponseWithListener:
        """Answer a request, or return the socket of a new call. picows checks afterwards whether it is an upgrade."""
        fault = request_fault(request.headers.items())
        if fault is not None:
            self._acceptor.log_refusal(fault.status, address, fault.detail)
            return WSUpgradeResponseWithListener(_response(Answer(fault.status, fault.detail.encode())), None)
        target = request.path.decode("ascii", "surrogateescape")
        headers: Mapping[str, str] = CIMultiDictProxy(request.headers)
        answer = self._acceptor.refusal(target, headers, address)
        if answer is not None and answer.status == HTTPStatus.UNAUTHORIZED:
            self._half_open.remove(entry)  # while they wait, late refusals have their own limits
            return self._late_refusals.refuse(request, _response(answer), partial(self._half_open.add_again, entry))
        if answer is not None:
            return WSUpgradeResponseWithListener(_response(answer), None)
        connection = ",".join(request.headers.getall("Connection", []))
        if "upgrade" in [token.strip().lower() for token in connection.split(",")]:
            # picows accepts only this single token, but proxies add others (RFC 6455 section 4.2.1 allows a list).
            request.headers["Connection"] = "Upgrade"
        else:
            self._acceptor.log_refusal(HTTPStatus.BAD_REQUEST, address, "it does not ask for a WebSocket")

        def begin(opened: PicowsSocket) -> Receiver:
            self._half_open.remove(entry)
            return self._acceptor.accept(opened, target, headers)

        return self.socket_class(
            begin,
            self._settings.max_message_octets,
            self._settings.max_fragments,
            Account(self._acceptor.budget),
        )


_ENDED: Final = asyncio.BufferedProtocol()
"""The protocol of ended connections."""


class _Protocol(WSProtocol):  # type: ignore[misc]  # picows' stub lacks it
    """picows' protocol of one connection, which reports its end."""

    ended: Callable[[], object]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        # A transport of TLS refers to its protocol for ever, and this protocol to the transport.
        self.transport.underlying_transport.set_protocol(_ENDED)
        self.ended()


class _Handshake:
    """An accepted socket until its transport is open, TLS included."""

    __slots__ = ("_accepted", "_task", "_transport")

    def __init__(self, accepted: socket.socket) -> None:
        self._accepted = accepted
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.BaseTransport | None = None

    def begin(self, make_protocol: Callable[[], _Protocol], tls: ssl.SSLContext | None) -> None:
        """Open the transport, by the running loop's own implementation."""
        self._task = asyncio.get_running_loop().create_task(self._open(make_protocol, tls))
        self._task.add_done_callback(self._opened)

    def cut(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            cast("asyncio.Transport", self._transport).abort()
        elif self._task is not None:
            self._task.cancel()

    async def _open(self, make_protocol: Callable[[], _Protocol], tls: ssl.SSLContext | None) -> None:
        with suppress(OSError):  # the other side is gone, or does not speak TLS
            self._transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                make_protocol,
                self._accepted,
                ssl=tls,
                # HalfOpenSockets cut it earlier, and few in one turn.
                ssl_handshake_timeout=None if tls is None else 2 * HANDSHAKE_TIMEOUT_S,
                ssl_shutdown_timeout=None if tls is None else TLS_END_S,
            )

    def _opened(self, _task: asyncio.Task[None]) -> None:
        self._task = None  # a cancelled one holds its error, whose traceback holds this object
        if self._transport is None:
            self._accepted.close()


class _QuietLog(logging.LoggerAdapter[logging.Logger]):
    """picows' logger from WARNING upwards.

    Below it, picows logs two lines per connection, which anyone can open, and requests with their tokens.
    """

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 -- logging's name
        return level >= logging.WARNING and super().isEnabledFor(level)

    def error(self, msg: object, *args: object, **kwargs: Any) -> None:
        # Once per read of a socket that broke a rule. The endpoint logs the broken rule once, with the call.
        if not str(msg).startswith("WS parser error"):
            super().error(msg, *args, **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs


def _response(answer: Answer) -> WSUpgradeResponse:
    extra = {"Content-Type": answer.content_type}
    if answer.status == HTTPStatus.UPGRADE_REQUIRED:
        extra["Sec-WebSocket-Version"] = VERSION  # RFC 6455 section 4.4
    if answer.status < 400:
        response = WSUpgradeResponse.create_ok_response(answer.body, extra)
    else:
        response = WSUpgradeResponse.create_error_response(answer.status, answer.body, extra)
    return cast("WSUpgradeResponse", response)

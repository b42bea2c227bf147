"""Listening with picows. It passes on any GET, so health checks are answered here as well."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from rtpcodec.errors import MissingExtra
from rtpcodec.pump.socket import Receiver
from rtpcodec.pump.transports import release
from rtpcodec.server.access import Answer
from rtpcodec.server.half_open import HalfOpenSocket
from rtpcodec.server.library_log import LibraryLog
from rtpcodec.server.listening import Acceptor
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.tcp_server import TcpServer
from rtpcodec.stream.memory_budget import Account

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
    from rtpcodec.server.delayed_refusals import DelayedRefusals
except ImportError as error:
    raise MissingExtra("serve", "picows", "server") from error


class PicowsServer(TcpServer):
    """Listens on one address."""

    socket_class: type[PicowsSocket] = PicowsSocket
    """The class of the sockets of calls."""

    def __init__(self, settings: EndpointSettings, acceptor: Acceptor) -> None:
        super().__init__(settings, acceptor)
        self._log = _PicowsLog(logging.getLogger("picows.server"))
        self._late_refusals = DelayedRefusals(acceptor.hold_back_s)

    def _cut_refused(self) -> None:
        self._late_refusals.cut()

    def _new_protocol(self, entry: HalfOpenSocket, address: str) -> _Protocol:
        protocol = _Protocol(
            host_port=None,
            ws_path=None,
            is_client_side=False,
            ws_listener_factory=partial(self._admit, entry, address),
            logger=self._log,
            disconnect_on_exception=True,
            websocket_handshake_timeout=None,  # HalfOpenSockets has a time-out that includes TLS
            enable_auto_ping=False,  # the machine of each call pings; picows needs the other options nevertheless
            auto_ping_idle_timeout=1.0,
            auto_ping_reply_timeout=1.0,
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,
            max_frame_size=self._settings.max_message_octets,
            extra_headers=None,
            read_buffer_init_size=READ_BUFFER_OCTETS,
        )
        protocol.ended = partial(self._half_open.remove, entry)
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
            self._half_open.remove(entry)  # delayed refusals have their own limits
            return self._late_refusals.refuse(request, _response(answer), partial(self._half_open.add_again, entry))
        if answer is not None:
            return WSUpgradeResponseWithListener(_response(answer), None)
        connection = ",".join(request.headers.getall("Connection", []))
        if "upgrade" in [token.strip().lower() for token in connection.split(",")]:
            # picows accepts only this single token, but RFC 6455 section 4.2.1 allows a list, and proxies send one.
            request.headers["Connection"] = "Upgrade"
        else:
            self._acceptor.log_refusal(HTTPStatus.BAD_REQUEST, address, "it does not request a WebSocket")

        def begin(opened: PicowsSocket) -> Receiver:
            self._half_open.remove(entry)
            return self._acceptor.accept(opened, target, headers)

        return self.socket_class(
            begin,
            self._settings.max_message_octets,
            self._settings.max_fragments,
            Account(self._acceptor.budget),
        )


class _Protocol(WSProtocol):  # type: ignore[misc]  # picows' stub lacks it
    """picows' protocol of one connection; it reports the end of the connection."""

    ended: Callable[[], object]

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        release(self.transport.underlying_transport)
        self.ended()


class _PicowsLog(LibraryLog):
    """picows' logger without one line per read of a socket that broke a rule. The endpoint logs the rule once."""

    def error(self, msg: object, *args: object, **kwargs: Any) -> None:
        if not str(msg).startswith("WS parser error"):
            super().error(msg, *args, **kwargs)


def _response(answer: Answer) -> WSUpgradeResponse:
    extra = {"Content-Type": answer.content_type}
    if answer.status == HTTPStatus.UPGRADE_REQUIRED:
        extra["Sec-WebSocket-Version"] = VERSION  # RFC 6455 section 4.4
    if answer.status < 400:
        response = WSUpgradeResponse.create_ok_response(answer.body, extra)
    else:
        response = WSUpgradeResponse.create_error_response(answer.status, answer.body, extra)
    return cast("WSUpgradeResponse", response)

"""One connection of an endpoint on `websockets` until it becomes a call: its request, and the answer."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final, cast

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import LoggerLike

from rtpcodec.pump.frame_rules import VERSION, request_fault
from rtpcodec.pump.transports import release
from rtpcodec.pump.websockets_socket import WebsocketsSocket
from rtpcodec.server.access import Answer
from rtpcodec.server.half_open import HalfOpenSocket, HalfOpenSockets
from rtpcodec.server.listening import Acceptor
from rtpcodec.server.refusal_delays import MAX_WAITING_OCTETS
from rtpcodec.server.request_headers import request_headers
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.stream.memory_budget import Account

REQUEST_END: Final = b"\r\n\r\n"
MAX_REQUEST_OCTETS: Final = 16 * 1024
"""Limit on a request with its headers. A carrier's request has 500 octets, and proxies add some."""

_MALFORMED: Final = Answer(HTTPStatus.BAD_REQUEST, b"malformed request", why="it is not a GET request of HTTP/1.1")
_NO_UPGRADE: Final = Answer(HTTPStatus.BAD_REQUEST, b"not a WebSocket handshake", why="it does not request a WebSocket")
_TOO_LONG: Final = Answer(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    b"request too long",
    why=f"it has more than {MAX_REQUEST_OCTETS} octets",
)


class WaitingRefusals:
    """The connections of one server whose answer with 401 is delayed."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: set[Handshake] = set()

    def cut(self) -> None:
        """Cut them, because the server closes."""
        for each in tuple(self.waiting):
            each.cut()


class Handshake(asyncio.Protocol):
    """The protocol of a connection until it is a call."""

    __slots__ = (
        "_acceptor",
        "_address",
        "_answered",
        "_entry",
        "_half_open",
        "_log",
        "_octets",
        "_refusals",
        "_settings",
        "_timer",
        "_transport",
    )

    _transport: asyncio.Transport

    def __init__(
        self,
        settings: EndpointSettings,
        acceptor: Acceptor,
        *,
        half_open: HalfOpenSockets,
        refusals: WaitingRefusals,
        entry: HalfOpenSocket,
        address: str,
        log: LoggerLike,
    ) -> None:
        """Begin without a transport.

        Args:
            settings: limits on messages.
            acceptor: decides about requests, and accepts calls.
            half_open: the connections that are not calls yet.
            refusals: the connections whose refusal is delayed.
            entry: the entry of this connection in half_open.
            address: the address of the client.
            log: the logger of `websockets`.
        """
        self._settings = settings
        self._acceptor = acceptor
        self._half_open = half_open
        self._refusals = refusals
        self._entry = entry
        self._address = address
        self._log = log
        self._octets = bytearray()
        self._answered = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Collect the request, and answer it."""
        self._octets += data
        if self._answered:
            if len(self._octets) > MAX_WAITING_OCTETS:
                self._transport.abort()
            return
        head, end, rest = self._octets.partition(REQUEST_END)
        if len(head) > MAX_REQUEST_OCTETS:
            self._refuse(_TOO_LONG)
        elif end:
            self._answer(bytes(head + end), bytes(rest))

    def connection_lost(self, _error: Exception | None) -> None:
        """Remove the connection from all lists."""
        self._leave()
        self._half_open.remove(self._entry)
        release(self._transport)

    def cut(self) -> None:
        """Cut the connection."""
        self._leave()
        self._transport.abort()

    def _answer(self, head: bytes, rest: bytes) -> None:
        """Answer a request. rest: the octets after it."""
        # 1. Is it a valid GET request?
        handshake = ServerProtocol(logger=self._log)
        handshake.receive_data(head)
        events = handshake.events_received()
        if not events:  # `websockets` could not read it
            self._refuse(_MALFORMED)
            return
        request = cast("Request", events[0])
        if getattr(request, "method", "GET") != "GET":  # older versions of `websockets` read nothing else
            self._refuse(_MALFORMED)
            return
        # 2. Are its headers valid for a WebSocket?
        fault = request_fault(request.headers.raw_items())
        if fault is not None:
            self._refuse(Answer(fault.status, fault.detail.encode(), why=fault.detail))
            return
        # 3. Does the endpoint admit it?
        headers = request_headers(request.headers.raw_items())
        answer = self._acceptor.refusal(request.path, headers, self._address)
        if answer is not None and answer.status == HTTPStatus.UNAUTHORIZED:
            self._refuse_late(answer)
            return
        if answer is not None:
            self._send(answer)
            return
        # 4. Is it an upgrade? Then it becomes a call.
        response = handshake.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._refuse(_NO_UPGRADE)
            return
        self._transport.write(response.serialize())
        self._half_open.remove(self._entry)
        socket = WebsocketsSocket(
            self._transport,
            self._settings.max_message_octets,
            self._settings.max_fragments,
            Account(self._acceptor.budget),
        )
        socket.begin(self._acceptor.accept(socket, request.path, headers), rest)

    def _refuse(self, answer: Answer) -> None:
        """Refuse a request before the endpoint has checked it."""
        self._acceptor.log_refusal(answer.status, self._address, answer.why)
        self._send(answer)

    def _refuse_late(self, answer: Answer) -> None:
        """Refuse a request after the delay of its address. Delayed refusals have their own limits."""
        self._half_open.remove(self._entry)
        delay_s = self._acceptor.hold_back_s(self._address)
        self._answered = True
        self._octets.clear()
        self._refusals.waiting.add(self)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._send_late, answer)

    def _send_late(self, answer: Answer) -> None:
        self._leave()
        self._half_open.add_again(self._entry, self._transport.abort)
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        """Send an answer, and close."""
        self._answered = True
        fields = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            ("Connection", "close"),
        ]
        if answer.status == HTTPStatus.UPGRADE_REQUIRED:
            fields.append(("Sec-WebSocket-Version", VERSION))  # RFC 6455 section 4.4
        response = Response(answer.status.value, answer.status.phrase, Headers(fields), answer.body)
        self._transport.write(response.serialize())
        self._transport.close()

    def _leave(self) -> None:
        self._refusals.waiting.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

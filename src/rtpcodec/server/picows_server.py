"""The endpoint's server by picows. No other file of this package imports picows.

picows delivers frames instead of messages, so fragments are joined here. It can answer a GET without an upgrade, so
health checks are answered here as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, cast

from rtpcodec.errors import MissingExtra
from rtpcodec.pump.socket import Receiver
from rtpcodec.server.access import Answer
from rtpcodec.server.listening import Acceptor
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.stream.fragments import BrokenFragments, FragmentJoiner

try:
    from multidict import CIMultiDictProxy
    from picows import (
        WSCloseCode,
        WSFrame,
        WSListener,
        WSMsgType,
        WSTransport,
        WSUpgradeRequest,
        WSUpgradeResponse,
        WSUpgradeResponseWithListener,
        ws_create_server,
    )
except ImportError as error:
    raise MissingExtra("serve", "picows", "server") from error

TEXT: Final = WSMsgType.TEXT


class PicowsServer:
    """Listen on one address."""

    def __init__(self, settings: EndpointSettings, acceptor: Acceptor) -> None:
        self._settings = settings
        self._acceptor = acceptor
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen, and return the port. Raises OSError if the address is not available."""
        settings = self._settings
        ping_s = settings.ping_interval_s
        self._server = await ws_create_server(
            self._admit,
            settings.host,
            settings.port,
            ssl=settings.ssl,
            max_frame_size=settings.max_message_octets,
            enable_auto_ping=ping_s is not None,
            auto_ping_idle_timeout=ping_s or 1.0,
            auto_ping_reply_timeout=ping_s or 1.0,
            enable_auto_pong=False,
            logger_name=_QuietLog(logging.getLogger("picows.server")),
        )
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        """Stop listening, and cut the sockets that have not become calls."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        # Cut sockets that have not sent a request yet. Before Python 3.13 asyncio's own server cannot do that.
        abort_clients = getattr(server, "abort_clients", None)
        if abort_clients is not None:
            abort_clients()
        # Let the tasks that picows cancelled, and the callbacks of cut connections, run to their end.
        for _ in range(3):
            await asyncio.sleep(0)

    def _admit(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener:
        """Answer a request, or return the socket of a new call. picows checks afterwards whether it is an upgrade."""
        target = request.path.decode("ascii", "surrogateescape")
        headers: Mapping[str, str] = CIMultiDictProxy(request.headers)
        answer = self._acceptor.refusal(target, headers)
        if answer is not None:
            return WSUpgradeResponseWithListener(_response(answer), None)
        if "upgrade" in [token.strip().lower() for token in request.headers.get("Connection", "").split(",")]:
            # picows accepts only this single token, but proxies add others (RFC 6455 section 4.2.1 allows a list).
            request.headers["Connection"] = "Upgrade"
        return CallSocket(self._acceptor, self._settings, target, headers)


class CallSocket(WSListener):
    """One WebSocket: reports received frames to its receiver as messages, and sends texts as frames."""

    _transport: WSTransport
    _receiver: Receiver

    def __init__(self, acceptor: Acceptor, settings: EndpointSettings, target: str, headers: Mapping[str, str]) -> None:
        self._acceptor = acceptor
        self._target = target
        self._headers = headers
        self._max_octets = settings.max_message_octets
        self._joiner = FragmentJoiner(settings.max_message_octets, settings.max_fragments)
        self._paused = False

    # As a Socket

    def send(self, text: str) -> None:
        """Send a text frame."""
        self._transport.send(TEXT, text)

    def close(self, code: int) -> None:
        """Send a close frame, which the other side answers with its own."""
        self._transport.send_close(cast("WSCloseCode", code))

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.disconnect(graceful=False)

    # picows' reports

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin the call."""
        self._transport = transport
        self._receiver = self._acceptor.accept(self, self._target, self._headers)
        self._received = self._receiver.received

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Report a frame. Nearly all are whole text messages, so that case is first."""
        if frame.msg_type is TEXT and frame.fin and not self._joiner.joining:
            try:
                text: str | bytes = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                text = frame.get_payload_as_bytes()  # the session reports which octet is wrong
            self._received(text)
        else:
            self._take_rare(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """End the call."""
        closed: Any = transport.close_handshake  # None before any close frame, which its stub does not say
        sent = None if closed is None else closed.sent
        if sent is not None and sent.code == WSCloseCode.MESSAGE_TOO_BIG:
            # picows closes by itself, before it has read the frame that is too long.
            self._receiver.rejected("size", f"a frame has more than {self._max_octets} octets")
        self._receiver.lost()

    def is_user_specific_pong(self, frame: WSFrame) -> bool:
        """Return whether a frame answers our ping. picows calls this only while it waits for the answer."""
        self._receiver.touched()
        return frame.msg_type is WSMsgType.PONG

    def pause_writing(self) -> None:
        """Report that the write buffer is full: the other side reads slower than we send."""
        self._paused = True
        self._receiver.paused()

    def resume_writing(self) -> None:
        """Report that the write buffer has space again."""
        self._paused = False
        self._receiver.resumed()

    def _take_rare(self, transport: WSTransport, frame: WSFrame) -> None:
        """Handle control frames, fragments and binary messages."""
        self._receiver.touched()
        match frame.msg_type:
            case WSMsgType.PING:
                # While the other side does not read, pongs would pile up. Only the latest ping must be answered
                # (RFC 6455 section 5.5.3).
                if not self._paused:
                    transport.send_pong(frame.get_payload_as_bytes())
            case WSMsgType.CLOSE:
                self._answer_close(transport, frame)
            case WSMsgType.TEXT | WSMsgType.BINARY | WSMsgType.CONTINUATION:
                try:
                    self._join(frame)
                except BrokenFragments as broken:
                    self._receiver.rejected(broken.rule, broken.detail, broken.code)

    def _join(self, frame: WSFrame) -> None:
        message = self._joiner.put(
            frame.get_payload_as_bytes(),
            opens=frame.msg_type is not WSMsgType.CONTINUATION,
            last=bool(frame.fin),
            binary=frame.msg_type is WSMsgType.BINARY,
        )
        if message is None:
            return
        if self._joiner.binary:
            self._receiver.rejected("text", f"a binary message of {len(message)} octets, messages are text")
        else:
            self._received(message)

    def _answer_close(self, transport: WSTransport, frame: WSFrame) -> None:
        code = int.from_bytes(frame.get_payload_as_bytes()[:2]) or 1000
        self._receiver.peer_closed(code)
        if not transport.is_close_frame_sent:
            transport.send_close(cast("WSCloseCode", code))
        transport.disconnect()


class _QuietLog(logging.LoggerAdapter[logging.Logger]):
    """picows' logger without levels below DEBUG, at which it logs requests with their tokens."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 -- logging's name
        return level >= logging.DEBUG and super().isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs


def _response(answer: Answer) -> WSUpgradeResponse:
    extra = {"Content-Type": answer.content_type}
    if answer.status < 400:
        response = WSUpgradeResponse.create_ok_response(answer.body, extra)
    else:
        response = WSUpgradeResponse.create_error_response(answer.status, answer.body, extra)
    return cast("WSUpgradeResponse", response)

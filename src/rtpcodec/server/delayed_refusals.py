"""Sends answers with 401 after a delay, on picows, which can only answer a request at once or never.

picows gets the refused socket as an open WebSocket with an empty handshake response. The real answer follows after the
delay. The address of the client is also known only then.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from picows import (
    WSFrame,
    WSListener,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)

from rtpcodec.server.refusal_delays import MAX_WAITING_OCTETS

_UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
}
"""Headers that picows needs in the request, so that it opens the socket and sends no answer itself."""

AwaitEnd = Callable[[Callable[[], object]], object]
"""Called with the function that cuts a socket, once its refusal was sent."""


class DelayedRefusals:
    """The delayed refusals of one server. Use it in the event loop's thread only."""

    __slots__ = ("_delay_s", "waiting")

    def __init__(self, delay_s: Callable[[str], float]) -> None:
        """Begin without refusals. delay_s: returns the delay of a refusal to an address."""
        self._delay_s = delay_s
        self.waiting: set[_DelayedRefusal] = set()
        """Sockets whose refusal is not sent yet."""

    def refuse(
        self, request: WSUpgradeRequest, response: WSUpgradeResponse, await_end: AwaitEnd
    ) -> WSUpgradeResponseWithListener:
        """Return a response that makes picows delay the answer.

        Args:
            request: gets the headers of an upgrade, so that picows sends no answer itself.
            response: the refusal.
            await_end: called once the answer was sent, because the socket may stay open after it.
        """
        for name, value in _UPGRADE.items():
            request.headers[name] = value
        response.headers["Connection"] = "close"
        return WSUpgradeResponseWithListener(
            _empty_response(), _DelayedRefusal(self, bytes(response.to_bytes()), await_end)
        )

    def delay_s(self, transport: WSTransport) -> float:
        """Return the delay of a refusal on a socket."""
        peer = transport.underlying_transport.get_extra_info("peername")
        return self._delay_s(str(peer[0]) if isinstance(peer, tuple) else "")

    def cut(self) -> None:
        """Cut the waiting sockets, because the server closes."""
        for refusal in tuple(self.waiting):
            refusal.cut()


class _DelayedRefusal(WSListener):
    """One socket whose refusal is delayed."""

    _transport: WSTransport

    def __init__(self, refusals: DelayedRefusals, answer: bytes, await_end: AwaitEnd) -> None:
        self._refusals = refusals
        self._answer = answer
        self._await_end = await_end
        self._timer: asyncio.TimerHandle | None = None

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        delay_s = self._refusals.delay_s(transport)
        if delay_s == 0:
            self._send()
            return
        transport.underlying_transport.set_protocol(_Waiting(transport.underlying_transport))
        self._refusals.waiting.add(self)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._send)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Ignore data of the client."""

    def send_user_specific_ping(self, transport: WSTransport) -> None:
        """Send no ping: for the client this is not a WebSocket yet."""

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._leave()

    def cut(self) -> None:
        self._leave()
        self._transport.disconnect(graceful=False)

    def _send(self) -> None:
        self._leave()
        underlying = self._transport.underlying_transport
        underlying.write(self._answer)
        self._await_end(underlying.abort)
        self._transport.disconnect()

    def _leave(self) -> None:
        self._refusals.waiting.discard(self)
        if self._timer is not None:
            self._timer.cancel()


class _Waiting(asyncio.Protocol):
    """The protocol of a waiting socket. It limits what the client sends, which picows would read without limit."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._opened = cast("asyncio.Protocol", transport.get_protocol())
        self._octets = 0

    def data_received(self, data: bytes) -> None:
        """Drop what the client sends, and disconnect it beyond the limit."""
        self._octets += len(data)
        if self._octets > MAX_WAITING_OCTETS:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end to picows."""
        self._opened.connection_lost(exc)


class _EmptyResponse(WSUpgradeResponse):
    """An empty handshake response."""

    def to_bytes(self) -> bytearray:
        return bytearray()


def _empty_response() -> WSUpgradeResponse:
    response = _EmptyResponse()
    response.status = HTTPStatus.SWITCHING_PROTOCOLS
    response.headers = WSUpgradeResponse.create_101_response().headers
    return cast("WSUpgradeResponse", response)

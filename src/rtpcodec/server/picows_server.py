"""The endpoint's listening by picows, which answers any GET: health checks are answered here as well."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, MutableMapping
from typing import Any, cast

from rtpcodec.errors import MissingExtra
from rtpcodec.server.access import Answer
from rtpcodec.server.listening import Acceptor
from rtpcodec.server.settings import EndpointSettings

try:
    from multidict import CIMultiDictProxy
    from picows import (
        WSListener,
        WSUpgradeRequest,
        WSUpgradeResponse,
        WSUpgradeResponseWithListener,
        ws_create_server,
    )

    from rtpcodec.pump.picows_socket import READ_BUFFER_OCTETS, PicowsSocket
except ImportError as error:
    raise MissingExtra("serve", "picows", "server") from error


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
            read_buffer_init_size=READ_BUFFER_OCTETS,
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
        return PicowsSocket(
            lambda socket: self._acceptor.accept(socket, target, headers),
            self._settings.max_message_octets,
            self._settings.max_fragments,
        )


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

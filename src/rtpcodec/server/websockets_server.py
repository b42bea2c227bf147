"""Listening on the transports of the event loop, with the handshake of the package `websockets`."""

from __future__ import annotations

import logging

from rtpcodec.errors import MissingExtra
from rtpcodec.server.half_open import HalfOpenSocket
from rtpcodec.server.library_log import LibraryLog
from rtpcodec.server.listening import Acceptor
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.tcp_server import TcpServer

try:
    from rtpcodec.server.websockets_handshake import Handshake, WaitingRefusals
except ImportError as error:
    raise MissingExtra('serve(transport="websockets")', "websockets", "websockets") from error


class WebsocketsServer(TcpServer):
    """Listens on one address."""

    def __init__(self, settings: EndpointSettings, acceptor: Acceptor) -> None:
        super().__init__(settings, acceptor)
        self._log = LibraryLog(logging.getLogger("websockets.server"))
        self._late_refusals = WaitingRefusals()

    def _new_protocol(self, entry: HalfOpenSocket, address: str) -> Handshake:
        return Handshake(
            self._settings,
            self._acceptor,
            half_open=self._half_open,
            refusals=self._late_refusals,
            entry=entry,
            address=address,
            log=self._log,
        )

    def _cut_refused(self) -> None:
        self._late_refusals.cut()

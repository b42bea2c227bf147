"""An accepted socket until its transport is open, TLS included."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final, cast

from rtpcodec.server.half_open import HANDSHAKE_TIMEOUT_S

TLS_END_S: Final = 2.0
"""Limit on the other side's answer to the end of TLS; then the connection is cut. Event loops wait 30 s, in which a
peer that broke a rule would keep its call."""


class AcceptedSocket:
    """An accepted socket until its transport is open, TLS included."""

    __slots__ = ("_accepted", "_task", "_transport")

    def __init__(self, accepted: socket.socket) -> None:
        self._accepted = accepted
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.BaseTransport | None = None

    def begin(
        self, make_protocol: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None, tls_end_s: float
    ) -> None:
        """Open the transport, by the running loop's own implementation.

        Args:
            make_protocol: makes the protocol of the connection.
            tls: its TLS context; None: no TLS.
            tls_end_s: limit on the other side's answer to the end of TLS.
        """
        self._task = asyncio.get_running_loop().create_task(self._open(make_protocol, tls, tls_end_s))
        self._task.add_done_callback(self._opened)

    def cut(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            cast("asyncio.Transport", self._transport).abort()
        elif self._task is not None:
            self._task.cancel()

    async def _open(
        self, make_protocol: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None, tls_end_s: float
    ) -> None:
        with suppress(OSError):  # the other side is gone, or does not speak TLS
            self._transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                make_protocol,
                self._accepted,
                ssl=tls,
                # HalfOpenSockets cuts it earlier, and only a few sockets per turn.
                ssl_handshake_timeout=None if tls is None else 2 * HANDSHAKE_TIMEOUT_S,
                ssl_shutdown_timeout=None if tls is None else tls_end_s,
            )

    def _opened(self, _task: asyncio.Task[None]) -> None:
        self._task = None  # a cancelled task holds its error, whose traceback holds this object
        if self._transport is None:
            self._accepted.close()

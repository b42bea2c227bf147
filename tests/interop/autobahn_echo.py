"""An echo with the endpoint's listener and framing, for Autobahn's test suite. Prints its port, ends with stdin.

python -m tests.interop.autobahn_echo [--message-octets N] [--fragments N]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from picows import WSMsgType

from rtpcodec.pump.picows_socket import PicowsSocket
from rtpcodec.pump.socket import Receiver, Socket
from rtpcodec.server.access import Answer
from rtpcodec.server.picows_server import PicowsServer
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.stream.memory_budget import HeldBudget

MESSAGE_OCTETS: Final = 16 * 1024 * 1024
"""The longest message of Autobahn's cases 9.1.6 and 9.2.6."""
FRAGMENTS: Final = 65_537
"""Cases 9.3.1 and 9.4.1 send 4 MiB in fragments of 64 octets, and an empty last one."""


class EchoSocket(PicowsSocket):
    """The endpoint's socket; echoes binary messages, which the endpoint drops."""

    def _receive_binary(self, message: bytes) -> None:
        self._transport.send(WSMsgType.BINARY, message)


class EchoServer(PicowsServer):
    """The endpoint's listener."""

    socket_class = EchoSocket


class Echo:
    """Echoes texts, and closes like a call."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def received(self, text: str) -> None:
        self._socket.send(text)

    def rejected(self, _rule: str, _detail: str, code: int | None = None, octets: int = 0) -> None:
        if code is not None:
            self._socket.close(code)

    def touched(self, octets: int = 0) -> None: ...

    def ponged(self, payload: bytes) -> None: ...

    def peer_closed(self, code: int | None) -> None: ...

    def lost(self) -> None: ...

    def paused(self) -> None: ...

    def resumed(self) -> None: ...

    def run(self) -> None: ...


class EveryCaller:
    """Accepts every WebSocket."""

    budget = HeldBudget(1 << 30)
    free_calls = 500

    def hold_back_s(self, _address: str) -> float:
        return 0.0

    def refusal(self, _target: str, _headers: Mapping[str, str], _address: str = "") -> Answer | None:
        return None

    def log_refusal(self, _status: HTTPStatus, _address: str, _why: str) -> None:
        """Refuse nothing, so log nothing."""

    def accept(self, socket: Socket, _target: str, _headers: Mapping[str, str]) -> Receiver:
        return Echo(socket)  # type: ignore[return-value]  # it gets texts as str only


async def serve(message_octets: int, fragments: int) -> None:
    """Serve until stdin ends."""
    settings = EndpointSettings(max_fragments=fragments, ping_interval_s=None)
    object.__setattr__(settings, "max_message_octets", message_octets)  # an endpoint's settings refuse more than 4 MiB
    server = EchoServer(settings, EveryCaller())
    print(await server.open(), flush=True)  # the script reads it
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--message-octets", type=int, default=MESSAGE_OCTETS, help="limit of one message")
    options.add_argument("--fragments", type=int, default=FRAGMENTS, help="limit of one message")
    given = options.parse_args()
    asyncio.run(serve(given.message_octets, given.fragments))


if __name__ == "__main__":
    main()

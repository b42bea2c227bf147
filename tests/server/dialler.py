"""The carrier's side of a call: a WebSocket client that a test controls message by message."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import math
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from rtpcodec.stream.marks import OWN_PREFIX

CHUNK = bytes(range(160))
"""20 ms of PCMU."""
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


def run(
    main: Callable[[], Coroutine[Any, Any, None]],
    loop: str = "asyncio",
    timeout_s: float = 60,
    *,
    slow_turns: bool = False,
) -> None:
    """Run a test in asyncio's debug mode, and check that it leaves no task and no timer.

    slow_turns: whether the test wants log records about slow turns, which a busy machine makes as well.
    """

    async def checked() -> None:
        asyncio.get_running_loop().slow_callback_duration = math.inf  # a busy machine would fill the log
        async with asyncio.timeout(timeout_s):
            await main()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        assert not pending_timers(), pending_timers()

    endpoint_log = logging.getLogger("rtpcodec.server")
    if not slow_turns:
        endpoint_log.addFilter(_is_not_about_slow_turns)
    try:
        with asyncio.Runner(debug=True, loop_factory=LOOPS[loop]) as runner:
            runner.run(checked())
    finally:
        endpoint_log.removeFilter(_is_not_about_slow_turns)


def _is_not_about_slow_turns(record: logging.LogRecord) -> bool:
    return "held the event loop" not in record.getMessage()


def pending_timers() -> list[asyncio.TimerHandle]:
    """Return the timers of the running loop; uvloop does not show them."""
    return [timer for timer in getattr(asyncio.get_running_loop(), "_scheduled", ()) if not timer.cancelled()]


async def until(condition: Callable[[], object]) -> None:
    """Poll a condition that has no event. The test's own time limit ends it."""
    while not condition():  # noqa: ASYNC110 -- the conditions of tests have no events
        await asyncio.sleep(0.002)


def is_own_mark(message: dict[str, Any]) -> bool:
    """Whether a message is a mark that the endpoint sends for itself."""
    return message["event"] == "mark" and str(message["mark"]["name"]).startswith(OWN_PREFIX)


class Dialler:
    """One call's socket, seen from the carrier."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.chunks = 0

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def start(self, encoding: str = "PCMU", rate: int = 8000, **members: object) -> None:
        await self.send(event="connected", version="1.0.0")
        body = {
            "call_control_id": "v3:control",
            "media_format": {"encoding": encoding, "sample_rate": rate, "channels": 1},
        }
        await self.send(event="start", sequence_number="1", stream_id="stream-1", start=body | members)

    async def media(self, payload: bytes = CHUNK, *, chunk: int | None = None, track: str = "inbound") -> None:
        self.chunks = self.chunks + 1 if chunk is None else chunk
        body = {"track": track, "chunk": str(self.chunks), "payload": base64.b64encode(payload).decode()}
        await self.send(event="media", media=body)

    async def stop(self) -> None:
        await self.send(event="stop", stop={})

    async def echo_mark(self, name: str) -> None:
        await self.send(event="mark", mark={"name": name})

    async def next(self, event: str | None = None) -> dict[str, Any]:
        """Return the next message, own marks apart; with `event`, skip to the next one of that name."""
        while True:
            message: dict[str, Any] = json.loads(await self.socket.recv())
            if not is_own_mark(message) and event in (None, message["event"]):
                return message

    async def own_mark(self) -> str:
        """Return the name of the next mark that the endpoint sends for itself, fences included."""
        while True:
            message: dict[str, Any] = json.loads(await self.socket.recv())
            if is_own_mark(message):
                return str(message["mark"]["name"])

    async def payload(self) -> bytes:
        """Return the payload of the next media message."""
        return base64.b64decode((await self.next("media"))["media"]["payload"])

    async def all_payloads(self) -> bytes:
        """Read until the socket closes, and return all payloads."""
        payloads = []
        with suppress(ConnectionClosed):
            while True:
                payloads.append(await self.payload())
        return b"".join(payloads)

    async def close_code(self) -> int | None:
        """Read until the socket closes, and return its close code."""
        try:
            while True:
                await self.socket.recv()
        except ConnectionClosed:
            return self.socket.close_code


@asynccontextmanager
async def dial(url: str, **options: Any) -> AsyncIterator[Dialler]:
    """Open a socket."""
    headers = {"x-telnyx-streaming-auth-token": token} if (token := options.pop("token", None)) is not None else {}
    headers |= options.pop("headers", {})
    options = {"compression": None, "ping_interval": None, "close_timeout": 5} | options
    async with connect(url, proxy=None, additional_headers=headers, **options) as socket:
        yield Dialler(socket)


@asynccontextmanager
async def call(url: str, **options: Any) -> AsyncIterator[Dialler]:
    """Open a socket and start a stream of PCMU on it."""
    async with dial(url, **options) as dialler:
        await dialler.start()
        yield dialler


async def refused_with(url: str, **options: Any) -> int:
    """Return the status with which the upgrade is refused; 101 if it is accepted."""
    try:
        async with dial(url, **options):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


class RawSocket:
    """A TCP connection for octets that a client library does not send."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def write(self, octets: bytes) -> None:
        self.writer.write(octets)

    def request(self, target: str = "/", **headers: str) -> None:
        """Send a GET request."""
        named = {"Host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
        self.write("\r\n".join(lines).encode("latin-1"))

    async def upgrade(self, target: str = "/", **headers: str) -> str:
        """Request a WebSocket, and return the head of the response."""
        key = base64.b64encode(bytes(16)).decode()
        asked = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": key,
        }
        self.request(target, **asked | headers)
        return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    def frame(self, opcode: int, payload: bytes = b"", *, fin: bool = True, claimed: int | None = None) -> None:
        """Send a masked frame; `claimed` replaces the true length in its header."""
        octets = len(payload) if claimed is None else claimed
        head = bytes([opcode | (0x80 if fin else 0)])
        if octets < 126:
            head += bytes([0x80 | octets])
        elif octets < 65536:
            head += bytes([0x80 | 126]) + octets.to_bytes(2)
        else:
            head += bytes([0x80 | 127]) + octets.to_bytes(8)
        self.write(head + bytes(4) + payload)

    async def close_code(self) -> int:
        """Read frames up to the close frame, and return its code."""
        while True:
            first, second = await self.reader.readexactly(2)
            octets = second & 0x7F
            if octets == 126:
                octets = int.from_bytes(await self.reader.readexactly(2))
            payload = await self.reader.readexactly(octets)
            if first & 0x0F == 8:
                return int.from_bytes(payload[:2])


@asynccontextmanager
async def raw(port: int, *, receive_octets: int | None = None) -> AsyncIterator[RawSocket]:
    """Open a TCP connection; receive_octets sets the size of its receive buffer."""
    tcp = socket.socket()
    if receive_octets is not None:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
    tcp.setblocking(False)
    await asyncio.get_running_loop().sock_connect(tcp, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=tcp)
    try:
        yield RawSocket(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):  # some tests make the endpoint cut it first
            await writer.wait_closed()


async def get(port: int, target: str, **headers: str) -> tuple[int, str]:
    """Return status and body of a plain GET."""
    async with raw(port) as http:
        http.request(target, **headers)
        answer = (await http.reader.read()).decode()
    return int(answer.split()[1]), answer.partition("\r\n\r\n")[2]

"""Apps for the simulated carrier, and commands for it, on other libraries than the simulator's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from rtpcodec.sim import Carrier, SimulatedCall

Message = dict[str, Any]


class App:
    """Answers one stream at a time, and keeps its messages. `answer` is called with each message on arrival."""

    def __init__(self, answer: Callable[[ServerConnection, Message], Awaitable[None]] | None = None) -> None:
        self._answer = answer
        self.url = ""
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.received: list[Message] = []
        self.sizes: list[int] = []
        self.close_code: int | None = None
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()
        self._news = asyncio.Condition()

    async def serve_stream(self, socket: ServerConnection) -> None:
        """Take one connection until it closes."""
        assert socket.request is not None
        self.paths.append(socket.request.path)
        self.headers.append({name.lower(): value for name, value in socket.request.headers.raw_items()})
        self.connected.set()
        try:
            async for text in socket:
                message = json.loads(text)
                self.sizes.append(len(text))
                async with self._news:
                    self.received.append(message)
                    self._news.notify_all()
                if self._answer is not None:
                    await self._answer(socket, message)
        except ConnectionClosed:
            pass  # in the middle of an answer
        self.close_code = socket.close_code
        self.closed.set()

    async def saw(self, event: str, count: int = 1) -> list[Message]:
        """Wait for so many messages of that kind, and return them."""
        async with self._news, asyncio.timeout(50):
            await self._news.wait_for(lambda: len(self.of(event)) >= count)
        return self.of(event)

    def of(self, event: str) -> list[Message]:
        """Return the messages of one kind."""
        return [message for message in self.received if message["event"] == event]

    @property
    def events(self) -> list[str]:
        """The kinds of all messages."""
        return [message["event"] for message in self.received]


@asynccontextmanager
async def listening(app: App) -> AsyncIterator[App]:
    """Yield the app behind a real server."""
    async with serve(app.serve_stream, "127.0.0.1", 0, max_size=2**23, max_queue=4) as server:
        app.url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/media"
        yield app


async def echo(socket: ServerConnection, message: Message) -> None:
    """Send each chunk back."""
    if message["event"] == "media":
        await socket.send(json.dumps({"event": "media", "media": {"payload": message["media"]["payload"]}}))


async def command(
    carrier: Carrier, call: SimulatedCall, action: str, method: str | None = None, **body: Any
) -> httpx.Response:
    """Send one command; all but one are POSTs."""
    url = f"{carrier.base_url}/calls/{call.call_control_id}/actions/{action}"
    headers = {"Authorization": f"Bearer {carrier.api_key}"}
    async with httpx.AsyncClient(trust_env=False, verify=False, headers=headers) as client:
        method = method or ("PUT" if action == "client_state_update" else "POST")
        return await client.request(method, url, json=body)


async def start(carrier: Carrier, call: SimulatedCall, url: str, **body: Any) -> None:
    """Stream the call to an app that the caller hears."""
    wishes = {"stream_bidirectional_mode": "rtp", "stream_bidirectional_target_legs": "self"} | body
    response = await command(carrier, call, "streaming_start", stream_url=url, **wishes)
    assert (response.status_code, response.json()) == (200, {"data": {"result": "ok"}})


def run(main: Callable[[], Awaitable[None]], timeout_s: float = 60.0) -> None:
    """Run an async test, and check that it leaves no task behind."""

    async def limited() -> None:
        async with asyncio.timeout(timeout_s):
            await main()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks are left behind: {left}"

    asyncio.run(limited())

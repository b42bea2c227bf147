"""An app that receives webhooks on a real local server, and accepts only signed ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from rtpcodec.client.webhook import verify_webhook
from rtpcodec.client.webhook_events import WebhookEvent


class WebhookApp:
    """Keeps each verified event; `status` has the statuses of the next answers, in turn."""

    def __init__(self, *status: int) -> None:
        self.statuses = list(status)
        self.public_key = ""
        self.url = ""
        self.events: list[Any] = []
        self.paths: list[str] = []
        self.hang: Callable[[WebhookEvent], bool] = lambda _event: False
        self._news = asyncio.Condition()
        self._over = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        event = verify_webhook(await request.read(), request.headers, self.public_key)
        async with self._news:
            self.events.append(event)
            self.paths.append(request.path)
            self._news.notify_all()
        if self.hang(event):
            await self._over.wait()
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers={"location": "/elsewhere"} if 300 <= status < 400 else None)

    async def saw(self, *event_types: str) -> None:
        """Wait until all of these have arrived."""
        async with self._news, asyncio.timeout(50):
            await self._news.wait_for(lambda: set(event_types) <= set(self.types))

    async def came(self, count: int) -> None:
        """Wait until so many have arrived."""
        async with self._news, asyncio.timeout(50):
            await self._news.wait_for(lambda: len(self.events) >= count)

    def of(self, event_type: str) -> Any:
        """Return the one event of this type."""
        (event,) = (event for event in self.events if event.event_type == event_type)
        return event

    @property
    def types(self) -> list[str]:
        return [event.event_type for event in self.events]

    def end(self) -> None:
        """End requests that hang."""
        self._over.set()


@asynccontextmanager
async def serving_webhooks(hook: WebhookApp) -> AsyncIterator[WebhookApp]:
    """Yield the app behind a real server."""
    app = web.Application()
    app.router.add_post("/{path:.*}", hook.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield hook
    finally:
        hook.end()
        await runner.cleanup()

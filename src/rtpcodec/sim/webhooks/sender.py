"""Posts webhooks by aiohttp: sends the posts that are due, and sleeps until more are."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp

from rtpcodec.sim.webhooks.queue import Delivery, Post, WebhookQueue


class WebhookSender:
    """Sends the events of one queue, each in a task of its own: a slow app delays no other event."""

    def __init__(self, queue: WebhookQueue, timeout_s: float, ssl_context: ssl.SSLContext | None) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue = queue
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            connector=aiohttp.TCPConnector(ssl=ssl_context or True),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.closed = False

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All attempts that are over."""
        return tuple(self._queue.deliveries)

    def post(self, event_type: str, payload: dict[str, Any]) -> None:
        """Post an event that happened now; nothing once the sender is closed."""
        if not self.closed:
            self._queue.put(event_type, payload, self._now_ms())
            self.wake()

    def wake(self) -> None:
        """Send the posts that are due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now_ms = self._now_ms()
        for post in self._queue.outgoing(now_ms):
            task = self._loop.create_task(self._carry(post))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        deadline_ms = self._queue.next_deadline_ms
        if deadline_ms is not None:
            self._timer = self._loop.call_later(max(0.0, deadline_ms - now_ms) / 1000, self.wake)

    async def _carry(self, post: Post) -> None:
        status: int | None = None
        try:
            async with self._session.post(
                post.url, data=post.body, headers=post.headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = None
        self._queue.answered(post, status, self._now_ms())
        self.wake()

    async def close(self) -> None:
        """Post every event that was not posted yet, once, and wait for those on their way: at most one timeout."""
        self._queue.close(self._now_ms())
        self.wake()
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._timer is not None:
            self._timer.cancel()
        await self._session.close()
        self.closed = True

    def _now_ms(self) -> float:
        return self._loop.time() * 1000

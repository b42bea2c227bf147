"""Posts webhooks by aiohttp: takes what is due of the queue, and sleeps until more is."""

from __future__ import annotations

import asyncio
import ssl
import time

import aiohttp

from rtpcodec.sim.loop_thread import clock_ms
from rtpcodec.sim.webhooks.queue import Post, WebhookQueue


class WebhookSender:
    """Carries the events of one queue, each in a task of its own: a slow app delays no other event."""

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

    def wake(self) -> None:
        """Something may be due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now_ms = clock_ms()
        for post in self._queue.due(now_ms, time.time() * 1000):
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
        self._queue.answered(post, status, clock_ms())
        self.wake()

    async def close(self) -> None:
        """Post what was not posted yet, once, and wait for those on their way: at most one timeout."""
        self._queue.close(clock_ms())
        self.wake()
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._timer is not None:
            self._timer.cancel()
        await self._session.close()

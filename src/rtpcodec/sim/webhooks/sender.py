"""Sends webhooks: each post that is due in a task of its own, by aiohttp or in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

from rtpcodec.pump.pump import Driver
from rtpcodec.sim.webhooks.queue import Delivery, Post, WebhookQueue


class Transport(Protocol):
    """Posts to apps."""

    async def post(self, post: Post) -> int | None:
        """Send one post. Returns the status of the answer; None: there was none."""

    def close(self) -> Awaitable[None]:
        """Close the connections that are kept open between posts."""


class WebhookSender:
    """Sends the events of one queue: a slow app delays no other event."""

    def __init__(self, queue: WebhookQueue, transport: Transport) -> None:
        self._driver = Driver(queue, self._start)
        self._transport = transport
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = False

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All ended attempts."""
        return tuple(self._driver.machine.deliveries)

    def post(self, event_type: str, payload: dict[str, Any]) -> None:
        """Post an event that happened now; nothing once the sender is closed."""
        if not self.closed:
            self._driver.machine.put(event_type, payload, self._driver.now_ms())
            self._driver.run()

    def _start(self, post: Post) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(post))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, post: Post) -> None:
        status = await self._transport.post(post)
        self._driver.machine.answered(post, status, self._driver.now_ms())
        self._driver.run()

    async def close(self) -> None:
        """Post each remaining event once, and wait for all attempts: at most one time-out."""
        self._driver.machine.close(self._driver.now_ms())
        self._driver.run()
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._driver.stop()
        await self._transport.close()
        self.closed = True

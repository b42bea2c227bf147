"""Posts webhooks in memory, on a virtual clock."""

from __future__ import annotations

import asyncio

from rtpcodec.pump.memory import MemoryNetwork
from rtpcodec.sim.webhooks.queue import Post


class MemoryTransport:
    """Posts to apps that serve HTTP on one network."""

    def __init__(self, timeout_s: float, network: MemoryNetwork) -> None:
        self._timeout_s = timeout_s
        self._network = network

    async def post(self, post: Post) -> int | None:
        """Send one post. Returns the status of the answer; None: there was none in time."""
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._network.request("POST", post.url, post.headers, post.body)
        except (TimeoutError, OSError):
            return None
        return answer.status

    async def close(self) -> None:
        """Do nothing: no connection is kept open."""

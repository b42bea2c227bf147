"""Receives webhooks while the call lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rtpcodec.client.webhook import verify_webhook
from rtpcodec.client.webhook_events import WebhookEvent
from rtpcodec.doctor.network.listener import HookListener
from rtpcodec.doctor.readings.observer import now_ms
from rtpcodec.errors import WebhookError
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.pump.virtual import VirtualEventLoop


@dataclass(slots=True)
class WebhookInbox:
    """The events of one call, with the time at which each arrived."""

    public_key: str | None = field(default=None, repr=False)
    """Key of the signatures; None: that of TELNYX_PUBLIC_KEY."""
    events: list[tuple[float, WebhookEvent]] = field(default_factory=list)
    refused: int = 0
    """Requests that were not signed by the carrier."""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, fields: Mapping[str, str], body: bytes) -> bytes:
        """Receive a request; one that the carrier has not signed is counted and dropped."""
        try:
            self.events.append((now_ms(), verify_webhook(body, dict(fields), self.public_key)))
        except WebhookError:
            self.refused += 1
        self.news.set()
        return b""

    def arrived_ms(self, event_type: str) -> float | None:
        """Return when the first event of a type arrived; None: none has."""
        return next((at_ms for at_ms, event in self.events if event.event_type == event_type), None)

    async def arrival(self, *event_types: str) -> WebhookEvent:
        """Wait for the first event of one of these types, without limit."""
        while True:
            for _, event in self.events:
                if event.event_type in event_types:
                    return event
            self.news.clear()
            await self.news.wait()

    async def has(self, event_type: str, limit_s: float) -> bool:
        """Wait for an event of a type. Returns whether one arrived within the limit."""
        try:
            async with asyncio.timeout(limit_s):
                await self.arrival(event_type)
        except TimeoutError:
            return False
        return True

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Listen on a port, 0 for any free one, and yield its number. OSError: the port is in use."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, VirtualEventLoop):
            listener = loop.network.serve_http(f"http://{host}:{port}", self._answer)
            try:
                yield listener.port
            finally:
                listener.close()
            return
        async with HookListener(host, port, lambda _target, fields, body: self.take(fields, body)) as opened:
            yield opened.port

    async def _answer(self, request: MemoryRequest) -> MemoryAnswer:
        self.take(request.headers, request.body)
        return MemoryAnswer(200)

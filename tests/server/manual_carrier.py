"""A carrier that accepts every command, and opens a socket when a test calls `dial`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from rtpcodec.server import Call, Endpoint
from tests.server.dialler import Dialler, dial, until


class ManualCarrier:
    """Keeps the fields of each `streaming_start`."""

    def __init__(self) -> None:
        self.starts: list[dict[str, Any]] = []

    async def start_streaming(self, _call_control_id: str, **fields: Any) -> None:
        self.starts.append(fields)

    async def stop_streaming(self, _call_control_id: str, **_fields: Any) -> None:
        """Accept."""

    def dial(self, number: int) -> AbstractAsyncContextManager[Dialler]:
        """Open the socket of a command."""
        fields = self.starts[number]
        return dial(fields["stream_url"], token=fields["stream_auth_token"])


@asynccontextmanager
async def begun(endpoint: Endpoint, carrier: ManualCarrier) -> AsyncIterator[tuple[Call, Dialler]]:
    """Begin a call by the first command."""
    asking = asyncio.create_task(endpoint.stream(carrier, "v3:control"))
    await until(lambda: carrier.starts)
    async with carrier.dial(0) as dialler:
        await dialler.start()
        yield await asking, dialler

"""The HTTP library's transport in memory, for an AsyncCallControl on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

from rtpcodec.pump.memory import MemoryNetwork
from rtpcodec.pump.virtual import VirtualEventLoop


def memory_transport(library: ModuleType) -> object | None:
    """Return the client's argument `transport` where the running event loop has a virtual clock; else None."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return None
    return _transport(library, loop.network) if isinstance(loop, VirtualEventLoop) else None


def _transport(library: ModuleType, network: MemoryNetwork) -> object:
    # The base class belongs to the installed library, so this class is made here.
    class MemoryTransport(library.AsyncBaseTransport):  # type: ignore[misc,name-defined]  # a module is not typed
        async def handle_async_request(self, request: Any) -> Any:
            body = await request.aread()
            try:
                answer = await network.request(request.method, str(request.url), dict(request.headers), body)
            except ConnectionRefusedError as error:
                raise library.ConnectError(str(error)) from error
            except ConnectionError as error:
                raise library.ReadError(str(error)) from error
            return library.Response(answer.status, headers=dict(answer.headers), content=_parts(answer.body))

    return MemoryTransport()


async def _parts(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body that was not read yet."""
    yield body

"""An HTTP listener that answers every request with 200 and passes it to a function."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

MAX_REQUEST_OCTETS: Final = 64 * 1024
REQUEST_LIMIT_S: Final = 5.0
"""Limit of a whole request in seconds: it is the doctor's own, or a webhook."""

_ANSWER: Final = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"

Take = Callable[[str, dict[str, str], bytes], bytes]


class HookListener:
    """Listens where the app for webhooks will listen. `async with` opens and closes it; OSError: the port is in use."""

    def __init__(self, host: str, port: int, take: Take) -> None:
        """Make a listener that is not open yet.

        Args:
            take: gets target (path and query), header fields (names in lower case) and body of each request; returns
                the answer's body.
        """
        self._host = host
        self._take = take
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.port = port
        """Number of the port; not 0 once the listener is open."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, self.port, limit=MAX_REQUEST_OCTETS)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            # A request that is broken, too long or too slow is dropped.
            with contextlib.suppress(
                OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
            ):
                async with asyncio.timeout(REQUEST_LIMIT_S):
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    first, *rest = head.split("\r\n")
                    lines = [line.partition(":") for line in rest if line]
                    fields = {name.strip().lower(): value.strip() for name, _, value in lines}
                    body = await _body(reader, fields)
                    answer = self._take(first.split(" ")[1], fields, body)
                    writer.write(_ANSWER % (len(answer), answer))
                    await writer.drain()
        finally:
            writer.close()


async def _body(reader: asyncio.StreamReader, fields: dict[str, str]) -> bytes:
    """Read a body with its length, or in chunks, as some proxies forward it (RFC 9112 sections 6 and 7.1)."""
    if "chunked" not in fields.get("transfer-encoding", "").lower():
        return await reader.readexactly(min(int(fields.get("content-length", "0")), MAX_REQUEST_OCTETS))
    body = b""
    while size := int((await reader.readline()).partition(b";")[0], 16):
        if size < 0 or len(body) + size > MAX_REQUEST_OCTETS:
            raise ValueError(f"a request has more than {MAX_REQUEST_OCTETS} octets")
        body += await reader.readexactly(size)
        await reader.readline()
    return body

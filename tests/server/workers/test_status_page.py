"""The supervisor's port: readiness before workers serve, tokens, and clients that misbehave. Without processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from rtpcodec.server.workers import status_page
from rtpcodec.server.workers.sockets import bound_socket
from rtpcodec.server.workers.status_page import MAX_CONNECTIONS, StatusPage
from rtpcodec.server.workers.supervisor import Supervisor
from rtpcodec.server.workers.worker_table import WorkerState, new_table
from tests.server.dialler import get, raw, run


@asynccontextmanager
async def page_of(metrics: bool | str = True, *, with_room: bool = False) -> AsyncIterator[int]:
    """The port of a page of a supervisor without workers; with_room: the table has one that serves."""
    listener, table = bound_socket("127.0.0.1", 0), new_table()
    if with_room:
        table.begin(1, "ws://127.0.0.1/")
        table.write(1, WorkerState.SERVING)
    page = StatusPage(Supervisor(b"", 1, listener, table), metrics)
    try:
        yield await page.open("127.0.0.1", 0)
    finally:
        await page.close()
        listener.close()
        table.close()


def test_health_readiness_and_metrics_before_a_worker_serves() -> None:
    async def main() -> None:
        async with page_of() as port:
            assert await get(port, "/healthz") == (200, '{"status": "ok"}')
            assert await get(port, "/readyz?x=1") == (503, '{"status": "starting"}')
            assert "\nrtpcodec_workers_died_total 0.0\n" in (await get(port, "/metrics"))[1]
            assert await get(port, "/") == (404, "no such path")

    run(main)


def test_a_token_opens_the_metrics_alone() -> None:
    async def main() -> None:
        async with page_of("secret") as port:
            assert await get(port, "/metrics") == (401, "not authorized")
            assert await get(port, "/metrics", Authorization="Bearer wrong") == (401, "not authorized")
            assert (await get(port, "/metrics", Authorization="Bearer secret"))[0] == 200
            assert (await get(port, "/healthz"))[0] == 200
        async with page_of(metrics=False) as port:
            assert await get(port, "/metrics") == (404, "no such path")

    run(main)


def test_a_client_that_sends_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_page, "REQUEST_TIMEOUT_S", 0.05)

    async def main() -> None:
        async with page_of() as port, raw(port) as silent:
            assert await silent.reader.read() == b""

    run(main)


def test_requests_that_are_none_and_too_many_connections() -> None:
    async def main() -> None:
        async with page_of() as port:
            async with raw(port) as client:
                client.write(b"POST /metrics HTTP/1.1\r\n\r\n")
                assert b" 405 " in await client.reader.read()
            async with raw(port) as client:
                client.write(b"x" * 100_000)
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await client.reader.readexactly(1)
            clients = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_CONNECTIONS)]
            async with raw(port) as client:
                assert await client.reader.read() == b""
            for _, writer in clients:
                writer.close()

    run(main)

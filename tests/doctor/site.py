"""Helpers of the doctor's tests: an HTTP server, free ports, and findings without secrets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from rtpcodec.doctor.finding import Finding

KEY = "KEY0123456789_secretsecretsecret"
HIDDEN_PATH = "/path-that-nobody-guesses"


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def found_by(main: Callable[[], Awaitable[list[Finding]]]) -> dict[str, Finding]:
    """Return the findings by name; none of them shows a secret."""

    async def run() -> list[Finding]:
        return await main()

    found = asyncio.run(run())
    shown = repr(found)
    for secret in (KEY, "secretsecretsecret", HIDDEN_PATH, "token-of-the-endpoint"):
        assert secret not in shown
    return {finding.name: finding for finding in found}


def results(found: dict[str, Finding], *names: str) -> list[str]:
    return [found[name].result for name in names]


@asynccontextmanager
async def site(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[int]:
    """Yield an HTTP server, for proxies and apps."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()

"""The carrier's HTTP interface, by aiohttp: moves requests to the desk and its answers back."""

from __future__ import annotations

import contextlib
from typing import Final

from aiohttp import web

from rtpcodec.sim.desk import MAX_BODY_OCTETS, Desk, HttpAnswer, HttpRequest

HOST: Final = "127.0.0.1"
"""A simulator serves tests on this machine only."""
SHUTDOWN_TIMEOUT_S: Final = 1.0


class HttpServer:
    """Serves one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        app = web.Application(client_max_size=MAX_BODY_OCTETS)
        app.router.add_post("/v2/calls/{call_control_id}/actions/{action}", self._serve)
        app.router.add_route("*", "/{elsewhere:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S)

    async def open(self, port: int) -> str:
        """Listen, on a free port if 0 is given; the address that commands go below."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        return f"http://{HOST}:{self._runner.addresses[0][1]}/v2"

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        answer = await self._answer(request)
        response = web.Response(status=answer.status, body=answer.body, content_type="application/json")
        try:
            # The stream begins after the answer, also where nobody waits for it any more.
            with contextlib.suppress(ConnectionError):
                await response.prepare(request)
                await response.write_eof()
        finally:
            if answer.then is not None:
                answer.then()
        return response

    async def _answer(self, request: web.Request) -> HttpAnswer:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return self._desk.too_large()
        path = request.match_info
        return self._desk.answer(
            HttpRequest(
                request.headers.get("Authorization", ""),
                request.headers.get("Content-Type", ""),
                body,
                path.get("call_control_id"),
                path.get("action"),
            )
        )

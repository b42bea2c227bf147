"""The carrier's HTTP interface, by aiohttp: carries requests to the handler and its answers back."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from aiohttp import web

from rtpcodec.carriers.telnyx import commands, members
from rtpcodec.sim.commands.faults import CommandFault, FaultInjector
from rtpcodec.sim.commands.handler import MAX_BODY_OCTETS, CommandHandler, HttpAnswer, HttpRequest

HOST: Final = "127.0.0.1"
"""A simulator serves tests on this machine only."""
SHUTDOWN_TIMEOUT_S: Final = 1.0

_DIAL_PATH: Final = commands.BASE_PATH + commands.DIAL_PATH
_CONFERENCES_PATH: Final = commands.BASE_PATH + commands.CONFERENCES_PATH
_WITHOUT_CALL: Final = {_DIAL_PATH: commands.DIAL, _CONFERENCES_PATH: commands.CREATE_CONFERENCE}


class HttpServer:
    """Serves one handler."""

    def __init__(self, handler: CommandHandler, injector: FaultInjector) -> None:
        self._handler = handler
        self._injector = injector
        self._serving: set[asyncio.Task[object]] = set()
        app = web.Application(client_max_size=MAX_BODY_OCTETS)
        app.router.add_route("*", commands.BASE_PATH + commands.ACTION_PATH, self._serve)
        app.router.add_route("*", commands.BASE_PATH + commands.CONFERENCE_ACTION_PATH, self._serve)
        for path in _WITHOUT_CALL:
            app.router.add_post(path, self._serve)
        app.router.add_route("*", "/{elsewhere:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S)

    async def open(self, port: int) -> str:
        """Listen, on a free port if 0 is given, and return the base URL of commands."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        return f"http://{HOST}:{self._runner.addresses[0][1]}{commands.BASE_PATH}"

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        await self._runner.cleanup()
        # Late answers have no reader.
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- aiohttp serves in tasks
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        fault = self._injector.next()
        answer = self._handler.answer_with(fault, await self._read(request))
        try:
            return await self._respond(request, answer, fault)
        finally:
            # The stream begins after the answer, even if the client is gone.
            if answer.then is not None:
                answer.then()

    async def _respond(self, request: web.Request, answer: HttpAnswer, fault: CommandFault) -> web.StreamResponse:
        body = fault.spoil(answer.body)
        response = web.StreamResponse(status=answer.status, headers=fault.headers)
        response.content_type = "text/html" if fault.body == "not_json" else commands.CONTENT_TYPE
        response.content_length = len(body)
        with contextlib.suppress(ConnectionError):
            if fault.delay_s:
                await asyncio.sleep(fault.delay_s)
            if fault.drop is not None:
                _cut(request)
                return response
            await response.prepare(request)
            if fault.body == "cut":
                await response.write(body[: len(body) // 2])
                _cut(request)
                return response
            await response.write(body)
            await response.write_eof()
        return response

    @staticmethod
    async def _read(request: web.Request) -> HttpRequest | None:
        """Return the request as a value; None: its body is too large."""
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return None
        except ConnectionError:
            body = b""  # the client is gone
        path = request.match_info
        return HttpRequest(
            request.headers.get(commands.AUTHORIZATION_HEADER, ""),
            request.headers.get("Content-Type", ""),
            body,
            path.get(members.CALL_CONTROL_ID),
            _WITHOUT_CALL.get(request.path) or path.get("action"),
            request.method,
            path.get(commands.CONFERENCE_ID),
        )


def _cut(request: web.Request) -> None:
    """End the connection without another octet."""
    if request.transport is not None:
        request.transport.close()

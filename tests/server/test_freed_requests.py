"""A requested call is freed at once, however `endpoint.stream` ends: nothing of it waits for the cycle collector."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import CommandRefused, StreamNotStarted
from rtpcodec.server import Endpoint
from tests.census import Census
from tests.server.dialler import call, run, until


async def ended(endpoint: Endpoint) -> None:
    await until(lambda: not endpoint.statistics().calls_running)


class Control:
    """A carrier that dials the address of the command, or answers otherwise."""

    def __init__(self, *, error: Callable[[], Exception] | None = None, dials: bool = True) -> None:
        self._error = error
        self._dials = dials
        self.asked = asyncio.Event()
        self.dialling: asyncio.Task[None] | None = None

    async def start_streaming(self, _call_control_id: str, **body: Any) -> None:
        self.asked.set()
        if self._error is not None:
            raise self._error()
        if self._dials:
            self.dialling = asyncio.create_task(self._dial(body["stream_url"], body["stream_auth_token"]))

    async def _dial(self, url: str, token: str) -> None:
        async with call(url, token=token) as carrier:
            await carrier.close_code()


async def invite(endpoint: Endpoint, control: Control, **options: Any) -> None:
    """Request a stream, close it, and wait for the end of both sides."""
    with suppress(StreamNotStarted):
        stream = await endpoint.stream(control, "v3:a", **options)
        await stream.close()
    if control.dialling is not None:
        await control.dialling
    await ended(endpoint)


async def withdraw(endpoint: Endpoint) -> None:
    """Request a stream, and cancel the request."""
    control = Control(dials=False)
    waiting = asyncio.create_task(endpoint.stream(control, "v3:a"))
    await control.asked.wait()
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting


INVITATIONS: dict[str, Callable[[Endpoint], Awaitable[None]]] = {
    "accepted": lambda endpoint: invite(endpoint, Control()),
    "refused": lambda endpoint: invite(endpoint, Control(error=lambda: CommandRefused("no", status=422))),
    "failed": lambda endpoint: invite(endpoint, Control(error=lambda: OSError("a fault of the transport"))),
    "not dialled": lambda endpoint: invite(endpoint, Control(dials=False), timeout_s=0.02),
    "withdrawn": withdraw,
}


@pytest.mark.parametrize("outcome", INVITATIONS)
def test_nothing_of_a_requested_call_lives_after(outcome: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve() as endpoint:
            with suppress(OSError):
                await INVITATIONS[outcome](endpoint)
            with Census() as census:
                with suppress(OSError):
                    await INVITATIONS[outcome](endpoint)
                assert await census.settled() == []

    run(main, "uvloop")

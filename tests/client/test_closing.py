"""A control that is closed while it is used."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from rtpcodec.client import AsyncCallControl, CallControl, Retry
from rtpcodec.errors import CommandUnreachable, OutcomeUnknown
from tests.client.conftest import RecordingCarrier

KEY = "KEY0123456789_abcdefghij"


def test_a_control_that_is_closed_while_a_command_runs_or_before(carrier: RecordingCarrier) -> None:
    """An attempt that was sent may have taken effect, and the error of the repeat must say so."""

    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True

    carrier.respond = hang_up
    closing: list[Any] = []

    async def aclosing(_wait_s: float) -> None:
        if carrier.received:
            await closing[0].aclose()

    def close(_wait_s: float) -> None:
        if carrier.received:
            closing[0].close()

    def checked(error: CommandUnreachable) -> None:
        closed = "(the control was closed); whether it took effect is unknown (command_id once)"
        assert str(error) == f"hangup got no answer from 127.0.0.1:{carrier.server_port} in 2 attempts {closed}"

    async def main() -> None:
        control = AsyncCallControl(KEY, base_url=carrier.url, retry=Retry(4), sleep=aclosing)
        closing.append(control)
        with pytest.raises(OutcomeUnknown) as caught:
            await control.hangup("v3:x", command_id="once")
        checked(caught.value)
        with pytest.raises(CommandUnreachable, match=r"\(the control was closed\); nothing was sent") as late:
            await control.hangup("v3:x")
        assert (late.value.nothing_sent, late.value.attempts) == (True, 1)

    asyncio.run(main())
    carrier.received.clear()
    closing.clear()
    control = CallControl(KEY, base_url=carrier.url, retry=Retry(4), sleep=close)
    closing.append(control)
    with pytest.raises(OutcomeUnknown) as caught:
        control.hangup("v3:x", command_id="once")
    checked(caught.value)
    with pytest.raises(CommandUnreachable, match=r"\(the control was closed\); nothing was sent"):
        control.hangup("v3:x")

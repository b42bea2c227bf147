"""A handler that returns while its WebSocket is lost, and has nothing to say: the event loop is not held."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import L16
from tests.server.reconnection import scene
from tests.server.reconnection_outcome import until


@pytest.mark.parametrize("plan", [L16, StreamPlan(mode="mp3")], ids=["replies", "files"])
@pytest.mark.parametrize("hangs_up", [False, True])
def test_a_handler_that_has_returned_ends_the_call_at_once_after_a_loss(plan: StreamPlan, hangs_up: bool) -> None:
    async def leave(call: Call) -> None:
        await until(lambda: call.statistics().disconnects > 0)
        if hangs_up:
            await call.hangup()

    async def main() -> None:
        options: dict[str, Any] = {"disconnect_hold_s": 5.0, "plan": plan}
        async with scene(leave, **options) as it:
            call = await it.stream()
            await asyncio.sleep(0.5)
            it.live.lose_socket("rst")
            await until(lambda: call.ended)
            assert call.statistics().disconnected_ms < 1500

    run_virtual(main())

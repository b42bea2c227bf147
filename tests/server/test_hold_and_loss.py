"""A hold and a lost WebSocket at the same time: the caller hears the rest of the reply, after both have ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from rtpcodec import events
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import LossHabits
from tests.server.phone_webhooks import phone_event
from tests.server.reconnection import REPLY, heard, scene
from tests.server.reconnection_outcome import until

SPOKEN = REPLY[: 10 * 16_000]
KINDS = (events.Held, events.Unheld, events.Disconnected, events.Reconnected)


async def after(seconds: float, act: Callable[[], object]) -> None:
    await asyncio.sleep(seconds)
    act()


async def held_and_lost(how: Any, held_s: float, unheld_s: float) -> tuple[float, float, list[str]]:
    """Lose the socket 1 s into a reply of a call that is held from one time to another.

    Returns: how much the caller heard twice and how much Disconnected says, in ms, and the events in their order.
    """

    async def speak(call: Call) -> None:
        async def watch() -> None:
            async for event in call.events():
                seen.events.append((0.0, event))
                if type(event) is events.Disconnected:
                    await it.endpoint.reconnect(call)

        watching = asyncio.create_task(watch())
        try:
            assert await (await call.say((SPOKEN,))).played()
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async with scene(speak, losses=LossHabits(busy_s=3, stopped_late_s=4.25)) as it:
        seen = it.seen
        call = await it.stream()
        number = it.live.call_control_id
        await asyncio.gather(
            after(held_s, lambda: it.endpoint.webhook(phone_event("call.hold", number, second=1))),
            after(1.0, lambda: it.live.lose_socket(how)),
            after(unheld_s, lambda: it.endpoint.webhook(phone_event("call.unhold", number, second=2))),
        )
        await until(lambda: call.ended)
        await it.live.finished()
        first, second = it.live.reports
    before = heard(first, 0)
    again = heard(second, before.end)
    assert (before.first, again.end) == (0, len(SPOKEN) // 2)
    kinds = [type(event).__name__ for _, event in seen.events if isinstance(event, KINDS)]
    return (before.end - again.first) / 8, seen.one(events.Disconnected).uncertainty_ms, kinds


@pytest.mark.parametrize("how", ["rst", "fin", "black_hole"])
@pytest.mark.parametrize(("held_s", "unheld_s"), [(0.5, 20.0), (0.5, 2.5)])
def test_a_held_call_is_lost(how: Any, held_s: float, unheld_s: float) -> None:
    repeated_ms, _, kinds = run_virtual(held_and_lost(how, held_s, unheld_s))
    assert 0 <= repeated_ms <= 60
    assert sorted(kinds) == ["Disconnected", "Held", "Reconnected", "Unheld"]


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_a_lost_call_is_held(how: Any) -> None:
    repeated_ms, _, kinds = run_virtual(held_and_lost(how, 1.5, 8.0))
    assert 0 <= repeated_ms <= 80
    assert kinds == ["Disconnected", "Held", "Reconnected", "Unheld"]


@pytest.mark.parametrize(("held_s", "unheld_s"), [(1.5, 20.0), (1.5, 2.5), (1.1, 1.3), (5.0, 14.0)])
def test_a_call_is_held_before_the_loss_is_noticed(held_s: float, unheld_s: float) -> None:
    repeated_ms, uncertainty_ms, kinds = run_virtual(held_and_lost("black_hole", held_s, unheld_s))
    assert 0 <= repeated_ms <= 40 + uncertainty_ms
    assert uncertainty_ms <= 600
    assert sorted(kinds) == ["Disconnected", "Held", "Reconnected", "Unheld"]

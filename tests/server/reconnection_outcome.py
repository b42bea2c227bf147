"""Measures the effect of one lost WebSocket on a reply. As a program it prints the figures of docs/reconnect.md."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rtpcodec import events
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import LossHabits
from tests.server.reconnection import REPLY, heard, scene

LOSSES: Final = ("rst", "fin", "black_hole")
BAR: Final = LossHabits(busy_s=3, stopped_late_s=4.25)
"""90045 for 3 s; the old stream's end is reported 1 s after the new one has begun."""
LIMIT_S: Final = 60.0
"""Of one call, as a safety net."""


@dataclass
class Outcome:
    """The effect of one loss; times in ms."""

    noticed_ms: float
    """From the loss to Disconnected."""
    silent_ms: float
    """From the end of 90045 to the first audio on the new stream."""
    repeated_ms: float
    """Audio that the caller heard twice; negative: audio that is missing."""
    uncertainty_ms: float
    """As Disconnected states it."""
    stopped_after_ms: float
    """From the new `start` to the old stream's `streaming.stopped`."""
    late_ms: float
    """How busy the machine was, on the real clock."""


async def lose_and_reconnect(how: Any, losses: LossHabits = BAR, *, reply_s: int = 20, **options: Any) -> Outcome:
    """Run a call whose socket is lost 1 s into a reply, and whose handler reconnects it."""
    loop, spoken = asyncio.get_running_loop(), REPLY[: reply_s * 16_000]

    async def speak(call: Call) -> None:
        async def watch() -> None:
            async for event in call.events():
                seen.events.append((loop.time(), event))
                if type(event) is events.Disconnected:
                    await it.endpoint.reconnect(call)

        watching = asyncio.create_task(watch())
        try:
            reply = await call.say((spoken,))
            assert await reply.played()
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async with asyncio.timeout(LIMIT_S), scene(speak, losses=losses, **options) as it:
        seen = it.seen
        call = await it.stream()
        await asyncio.sleep(1.0)
        lost_s = loop.time()
        it.live.lose_socket(how)
        await until(lambda: call.ended)
        # At a `black_hole` the carrier notices nothing before `streaming_stop`.
        noticed_s = seen.at(events.Disconnected) if how == "black_hole" else lost_s
        assert not it.live.ended, "nobody hangs up"
        await it.live.finished()
        first, second = it.live.reports
    before = heard(first, 0)
    again = heard(second, before.end)
    assert before.first == 0
    assert again.end == len(spoken) // 2, "the rest is heard to its end"
    started_s = seen.at(events.Reconnected)
    stops = [at for at, kind in seen.webhooks if kind == "streaming.stopped"]
    return Outcome(
        noticed_ms=(seen.at(events.Disconnected) - lost_s) * 1000,
        silent_ms=(started_s + again.at / 8000 - noticed_s - losses.busy_s) * 1000,
        repeated_ms=(before.end - again.first) / 8,
        uncertainty_ms=seen.one(events.Disconnected).uncertainty_ms,
        stopped_after_ms=(stops[0] - started_s) * 1000,
        late_ms=max(first.worst_late_ms, second.worst_late_ms),
    )


async def until(condition: Callable[[], object]) -> None:
    """Poll a condition that has no event."""
    while not condition():  # noqa: ASYNC110 -- the conditions of tests have no events
        await asyncio.sleep(0.01)


def _main() -> None:
    titles = ("clock", "loss", "Disconnected after", "audio again after 90045", "heard twice", "stated uncertainty")
    _print(titles)
    _print(("---",) * len(titles))
    for clock, run in (("virtual", run_virtual), ("real", asyncio.run)):
        for how in LOSSES:
            one = run(lose_and_reconnect(how))
            figures = (one.noticed_ms, one.silent_ms, one.repeated_ms, one.uncertainty_ms)
            _print((clock, how, *(f"{figure:.0f} ms" for figure in figures)))


def _print(cells: tuple[str, ...]) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()

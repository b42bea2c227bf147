"""A virtual clock whose event loop can be blocked, as by a busy machine or a blocking call."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any, TypeVar

from rtpcodec.pump.virtual import VirtualEventLoop

T = TypeVar("T")

HELD_MS = (0, 5, 10, 20, 40, 80, 150, 300)
"""How long a busy machine blocks the loop."""
BETWEEN_MS = (3, 10, 30, 100)


class HeldLoop(VirtualEventLoop):
    """Timers whose deadline passed while the loop was blocked fire late, when the block ends."""

    def hold(self, ms: float) -> None:
        """Advance the time without running callbacks."""
        self._now_s += ms / 1000

    def _jump(self) -> None:
        held_to_s = self._now_s
        super()._jump()
        self._now_s = max(self._now_s, held_to_s)


def hold(ms: float) -> None:
    """Block the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, HeldLoop)
    loop.hold(ms)


async def hold_at_random(seed: int) -> None:
    """Block the loop repeatedly, until cancelled: between any two callbacks, and between deadlines."""
    chance = random.Random(seed)
    while True:
        if chance.random() < 0.4:
            for _ in range(chance.randrange(12)):
                await asyncio.sleep(0)
        else:
            await asyncio.sleep(chance.choice(BETWEEN_MS) / 1000)
        hold(chance.choice(HELD_MS))


def run_held(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on such a clock."""
    with asyncio.Runner(loop_factory=HeldLoop) as runner:
        return runner.run(main)

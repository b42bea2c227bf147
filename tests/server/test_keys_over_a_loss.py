"""Keys of the caller and a lost WebSocket: an entry continues, keys that are pressed without a stream are lost."""

from __future__ import annotations

import asyncio

import pytest

from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, Digits
from rtpcodec.sim import LossHabits
from tests.server.reconnection import scene
from tests.server.reconnection_outcome import until

BUSY_S = 2.0


def test_an_entry_that_runs_continues_on_the_next_socket() -> None:
    found: list[Digits] = []

    async def ask(call: Call) -> None:
        found.append(await call.collect_dtmf(max=4, between_timeout_s=10))

    async def main() -> None:
        async with scene(ask, reconnect=True, losses=LossHabits(busy_s=BUSY_S)) as it:
            call = await it.stream()
            await asyncio.sleep(0.5)
            it.live.press("12")
            await asyncio.sleep(0.5)
            it.live.lose_socket("rst")
            await until(lambda: call.statistics().disconnects > 0)
            with pytest.raises(RuntimeError, match="stream"):
                it.live.press("9")  # the carrier has no stream that could report it
            await until(lambda: call.statistics().reconnections > 0 and it.live.streaming)
            await asyncio.sleep(0.5)
            it.live.press("34")
            await until(lambda: bool(found))

    run_virtual(main())
    assert found == [Digits("1234", "complete")]


def test_its_time_out_runs_while_there_is_no_socket() -> None:
    found: list[tuple[Digits, float]] = []

    async def ask(call: Call) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        digits = await call.collect_dtmf(max=4, first_timeout_s=2)
        found.append((digits, loop.time() - begun))

    async def main() -> None:
        async with scene(ask, reconnect=True, losses=LossHabits(busy_s=5)) as it:
            await it.stream()
            await asyncio.sleep(0.5)
            it.live.lose_socket("rst")
            await until(lambda: bool(found))

    run_virtual(main())
    [(digits, took_s)] = found
    assert digits == Digits("", "timeout")
    assert took_s == pytest.approx(2, abs=0.3)


def test_a_key_that_waits_for_an_earlier_one_at_the_loss_is_not_lost() -> None:
    """It is reported at the loss: nothing that comes on the next socket can be earlier."""
    found: list[Digits] = []

    async def ask(call: Call) -> None:
        found.append(await call.collect_dtmf(max=1))

    async def main() -> None:
        async with scene(ask, losses=LossHabits(busy_s=BUSY_S), disconnect_hold_s=1.0) as it:
            await it.stream()
            await asyncio.sleep(0.5)
            it.live.press("7")
            await asyncio.sleep(0.05)  # it has arrived, and waits for up to 150 ms
            it.live.lose_socket("rst")
            await until(lambda: bool(found))

    run_virtual(main())
    assert found == [Digits("7", "complete")]

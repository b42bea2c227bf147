"""The clock and the timer of a pump: those of its event loop, whichever it is."""

from __future__ import annotations

import asyncio
import math

import pytest

from rtpcodec import MediaSession
from rtpcodec.pump.pump import Pump
from rtpcodec.pump.timer import DeadlineTimer
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.stream.machine import CallMachine
from tests.pump.test_pump import RecordedSocket


def new_pump() -> Pump[CallMachine]:
    return Pump(CallMachine(MediaSession(), 0.0), RecordedSocket())


def test_the_clock_of_asyncio_is_read_between_two_of_its_own_reads() -> None:
    async def main() -> tuple[float, float, float]:
        loop, pump = asyncio.get_running_loop(), new_pump()
        return loop.time() * 1000, pump.now_ms(), loop.time() * 1000

    before_ms, now_ms, after_ms = asyncio.run(main())
    assert before_ms <= now_ms <= after_ms


def test_a_clock_that_replaces_that_of_the_loop_is_the_pumps_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> float:
        with monkeypatch.context() as patched:
            patched.setattr(asyncio.get_running_loop(), "time", lambda: 12.5)
            return new_pump().now_ms()

    assert asyncio.run(main()) == 12_500.0


def test_a_virtual_clock_is_the_pumps_clock() -> None:
    async def main() -> tuple[float, float]:
        pump = new_pump()
        await asyncio.sleep(3)
        return pump.now_ms(), asyncio.get_running_loop().time() * 1000

    now_ms, loop_ms = run_virtual(main())
    assert now_ms == loop_ms >= 3000.0


def test_a_stopped_pump_sets_no_timer_and_runs_when_it_is_asked() -> None:
    async def main() -> int:
        pump = new_pump()
        pump.stop()
        pump.run()  # its machine has a deadline: `start` is due
        assert pump.machine.next_deadline_ms is not None
        await asyncio.sleep(60)
        assert pump.machine.hangup is None
        pump.run()
        socket = pump._socket
        assert isinstance(socket, RecordedSocket)
        return len(socket.close_codes)

    assert run_virtual(main()) == 1


def test_a_released_timer_is_never_set_again() -> None:
    fired: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        timer = DeadlineTimer(loop, lambda: fired.append(loop.time()))
        timer.by(1000.0)
        timer.release()
        timer.by(-math.inf)
        timer.by(500.0)
        await asyncio.sleep(2)

    run_virtual(main())
    assert fired == []

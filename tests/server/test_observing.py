"""Figures of an endpoint: lag of its loop, descriptors, protocol errors."""

from __future__ import annotations

import asyncio
import gc
import os
from collections import deque
from time import monotonic

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import Call, Endpoint
from rtpcodec.server.descriptors import descriptor_limit, open_descriptors
from rtpcodec.server.loop_lag import COVERED_S, LoopLag
from tests.server.dialler import LOOPS, call, run, until


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


def test_the_lag_is_the_lateness_of_a_timer() -> None:
    """The clock that is compared runs apart from the loop's by amounts that the test chooses."""
    late_s = deque([0.0, 0.1, -0.001, 0.025])

    async def main() -> None:
        loop = asyncio.get_running_loop()
        offset_s = 0.0

        def clock() -> float:
            return loop.time() + offset_s

        lag = LoopLag(loop, 2.0, clock)
        assert (lag.latest_ms, lag.max_ms) == (0.0, 0.0)
        lag.start()
        found = []
        for add_s in late_s:
            await asyncio.sleep(1.0)
            offset_s += add_s
            await asyncio.sleep(1.0)
            found.append(round(lag.latest_ms, 3))
        assert found == [0.0, 100.0, 0.0, 25.0]
        assert round(lag.max_ms, 3) == 100.0
        lag.stop()
        await asyncio.sleep(10)
        assert lag.latest_ms == pytest.approx(25.0)

    run_virtual(main())


def test_the_maximum_covers_the_last_measurements_only() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        offset_s = 0.0
        lag = LoopLag(loop, 1.0, lambda: loop.time() + offset_s)
        lag.start()
        offset_s = 0.5
        await asyncio.sleep(1.5)
        assert lag.max_ms == pytest.approx(500.0)
        await asyncio.sleep(COVERED_S)
        assert lag.max_ms == pytest.approx(0.0)
        lag.stop()

    run_virtual(main())


@pytest.mark.parametrize(("late", "stays"), [(6, False), (7, True)])
def test_one_percent_of_a_minute_may_be_late(late: int, *, stays: bool) -> None:
    async def main() -> None:
        lag = LoopLag(asyncio.get_running_loop(), 0.1, limit_ms=20.0)
        for _ in range(late):
            lag.take(20.001)
        for _ in range(599 - late):
            lag.take(20.0)
        assert not lag.stays_late, "less than a minute is not judged"
        lag.take(1.0)
        assert (lag.stays_late, lag.p99_ms) == (stays, 20.001 if stays else 20.0)
        lag.take(20.0)
        assert not lag.stays_late, "the first late one is more than a minute old"

    run_virtual(main())


def test_the_limit_is_above_0() -> None:
    with pytest.raises(EndpointError, match=r"^max_lag_ms is 0, more than 0 is needed; None disables it$"):
        rtpcodec.serve(listen, max_lag_ms=0)


def test_without_a_limit_no_lag_is_too_much() -> None:
    async def main() -> None:
        lag = LoopLag(asyncio.get_running_loop(), 60.0, limit_ms=None)
        lag.take(1e6)
        assert not lag.stays_late

    run_virtual(main())


@pytest.mark.parametrize("loop", LOOPS)
def test_an_endpoint_measures_the_lag_of_its_loop(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, lag_period_s=0.02) as endpoint:
            end_s = monotonic() + 0.1
            while monotonic() < end_s:
                pass
            await until(lambda: (endpoint.statistics().loop_lag_max_ms or 0.0) >= 75.0)
            assert (endpoint.statistics().loop_lag_ms or 0.0) >= 0.0

    run(main, loop)


def test_the_measurement_can_be_switched_off() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen, lag_period_s=None) as endpoint:
            found = endpoint.statistics()
            assert (found.loop_lag_ms, found.loop_lag_max_ms) == (None, None)

    run(main)


def test_the_virtual_clock_has_no_lag_and_its_endpoint_no_timer() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            found = endpoint.statistics()
            assert (found.loop_lag_ms, found.loop_lag_max_ms) == (0.0, 0.0)
            assert not getattr(asyncio.get_running_loop(), "_scheduled")  # noqa: B009

    run_virtual(main())


def test_descriptors_are_those_of_the_process() -> None:
    gc.collect()  # or it could close sockets of earlier tests between two counts
    before = open_descriptors()
    assert before is not None
    reading, writing = os.pipe()
    try:
        assert open_descriptors() == before + 2
    finally:
        os.close(reading)
        os.close(writing)

    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            idle = endpoint.statistics()
            assert idle.descriptors_limit == descriptor_limit()
            assert idle.descriptors_open is not None
            async with call(endpoint.url):
                await until(lambda: endpoint.calls)
                busy = endpoint.statistics()
                assert busy.descriptors_open == idle.descriptors_open + 2  # both ends are in this process

    run(main)


def test_protocol_errors_of_running_and_ended_calls_are_counted() -> None:
    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            async with call(endpoint.url) as first, call(endpoint.url) as second:
                await first.socket.send("{")
                await second.socket.send(b"\0")
                await until(lambda: endpoint.statistics().protocol_errors == 2)
            await until(lambda: not endpoint.calls)
            assert endpoint.statistics().protocol_errors == 2

    run(main)


def test_the_statistics_can_be_read_after_the_end_of_the_event_loop() -> None:
    endpoints: list[Endpoint] = []

    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint:
            endpoints.append(endpoint)

    run(main)
    assert endpoints[0].statistics().calls_taken == 0

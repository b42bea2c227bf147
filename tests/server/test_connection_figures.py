"""Figures of the connection and of the phone call: lost sockets, reconnections, hang-ups, transfers."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, CallSummary, EndpointStatistics, PhoneTotals, TransferResult
from rtpcodec.server.metrics import EndpointCollector
from rtpcodec.sim import LossHabits
from tests.server.phone import PhoneScene, on_phone
from tests.server.reconnection import scene
from tests.server.reconnection_outcome import until
from tests.server.transfers import AGENT, Scene, transferring

LINE = ("disconnects", "reconnections", "disconnected_ms")


def line_figures(found: Any) -> tuple[int, int, float]:
    return found.disconnects, found.reconnections, found.disconnected_ms


async def counted(call: Call, name: str, number: int) -> None:
    await until(lambda: getattr(call.statistics(), name) == number)


def metric(endpoint: rtpcodec.Endpoint, name: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(EndpointCollector(endpoint))
    return registry.get_sample_value(f"rtpcodec_{name}_total")


def test_lost_sockets_are_counted_with_the_time_without_one() -> None:
    """Two losses that are reconnected 2 s later each, and a third one whose reconnection comes too late."""

    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass

    async def main() -> None:
        async with scene(listen, reconnect=True, losses=LossHabits(busy_s=2)) as it:
            call = await it.stream()
            for number in (1, 2):
                await asyncio.sleep(1)
                it.live.lose_socket("rst")
                await counted(call, "disconnects", number)
                await asyncio.sleep(0.5)
                waiting = call.statistics()
                assert waiting.disconnected_ms == pytest.approx(2000 * (number - 1) + 500, abs=300)
                await counted(call, "reconnections", number)
            found = call.statistics()
            assert found.disconnected_ms == pytest.approx(4000, abs=600)
            await asyncio.sleep(1)
            assert call.statistics().disconnected_ms == found.disconnected_ms
            it.live.lose_socket("rst")
            await until(lambda: call.statistics().disconnects == 3)
            await asyncio.sleep(0.5)
            await call.close()
            await it.endpoint.drain()
            ended = call.statistics()
            assert line_figures(ended)[:2] == (3, 2)
            assert ended.disconnected_ms == pytest.approx(found.disconnected_ms + 500, abs=50)
            await asyncio.sleep(60)
            assert call.statistics().disconnected_ms == ended.disconnected_ms
            assert line_figures(it.endpoint.statistics().media) == line_figures(ended)
            assert metric(it.endpoint, "disconnects") == 3
            assert metric(it.endpoint, "reconnections") == 2
            assert metric(it.endpoint, "disconnected_seconds") == pytest.approx(ended.disconnected_ms / 1000)
            shown = CallSummary.of(call).figures()
            assert [shown[name] for name in LINE] == [3, 2, round(ended.disconnected_ms)]

    run_virtual(main())


def test_a_loss_without_a_hold_is_a_disconnect_untimed() -> None:
    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass

    async def main() -> None:
        async with scene(listen, disconnect_hold_s=0.0) as it:
            call = await it.stream()
            await asyncio.sleep(1)
            it.live.lose_socket("rst")
            await until(lambda: call.ended)
            assert line_figures(call.statistics()) == (1, 0, 0.0)

    run_virtual(main())


@pytest.mark.parametrize(
    ("agent", "outcome"),
    [
        ({"answers_after_s": 1.0}, "bridged"),
        ({"answers_after_s": 1.0, "refuses_with": "user_busy"}, "busy"),
        ({"answers_after_s": None}, "no_answer"),
        ({"answers_after_s": 0.0, "refuses_with": "not_found"}, "failed"),
    ],
    ids=["bridged", "busy", "no answer", "failed"],
)
def test_transfers_are_counted_by_their_result(agent: dict[str, Any], outcome: str) -> None:
    expected = PhoneTotals(**{f"transfers_{outcome}": 1})
    found: list[EndpointStatistics] = []
    results: list[TransferResult] = []

    async def handle(call: Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT, timeout_s=5)
        assert call.phone_totals == PhoneTotals(), "one that runs has no result"
        results.append(await transfer.result())
        assert call.phone_totals == CallSummary.of(call).phone == expected
        assert metric(scene.endpoint, f"transfers_{outcome}") == 1
        found.append(scene.endpoint.statistics())

    scene, _ = transferring(handle, agent=agent)
    found.append(scene.endpoint.statistics())
    for statistics in found:
        shown = asdict(statistics)
        assert {name: shown[name] for name in asdict(expected)} == asdict(expected)


def hung_up() -> tuple[int, int, int]:
    """Return the hang-ups of a call, of its endpoint while it runs, and of the endpoint after its end."""
    found: list[int] = []
    endpoints: list[rtpcodec.Endpoint] = []

    async def leave(call: Call) -> None:
        await call.hangup()
        await call.hangup()
        found.append(call.phone_totals.hang_ups)
        found.append(endpoints[0].statistics().hang_ups)

    async def script(scene: PhoneScene) -> None:
        endpoints.append(scene.endpoint)
        await scene.stream()
        await scene.phone.finished()
        await scene.endpoint.drain()
        found.append(scene.endpoint.statistics().hang_ups)

    on_phone(script, leave)
    return found[0], found[1], found[2]


def test_a_hang_up_of_ours_is_counted_and_one_of_the_caller_is_not() -> None:
    assert hung_up() == (1, 1, 1)

    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass
        assert call.phone_totals.hang_ups == 0
        assert CallSummary.of(call).figures()["hang_ups"] == 0

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        scene.phone.hang_up()
        await scene.phone.finished()
        assert scene.endpoint.statistics().hang_ups == 0

    on_phone(script, listen)

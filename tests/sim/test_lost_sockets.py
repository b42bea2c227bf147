"""A stream whose socket is lost: the app's view, answers to commands meanwhile, and the time of its report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import StreamingInUse, StreamingNotInUse
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryNetwork, MemoryRequest
from rtpcodec.sim import Carrier, LossHabits, SimulatedCall, Variations, Webhooks
from tests.sim.apps import App, command, listening, run, start
from tests.sim.streams import ramp

SPEECH = bytes(16 * 60_000)
HOOK = "https://app.example/hooks"
PLAN = rtpcodec.StreamPlan()


@pytest.mark.parametrize("how", ["rst", "fin"])
def test_an_app_on_a_real_socket_sees_neither_stop_nor_close_frame(how: Any) -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(SPEECH)
            await start(carrier, call, app.url)
            await app.saw("media", 2)
            call.lose_socket(how)
            report = await call.finished()
            await app.closed.wait()
            assert app.close_code in (None, 1006)
            assert "stop" not in app.events
            assert report.end_reason == "connection_lost"
            assert call.state == "answered"
            assert not call.streaming
            with pytest.raises(RuntimeError, match="while the call is streaming"):
                call.lose_socket(how)
            app.received.clear()
            await start(carrier, call, app.url)
            await app.saw("media")
            assert call.reports == (report,)

    run(main)


def test_a_black_hole_of_a_real_socket_passes_nothing_until_the_stream_is_stopped() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(SPEECH)
            await start(carrier, call, app.url)
            await app.saw("media", 2)
            call.lose_socket("black_hole")
            call.lose_socket("black_hole")
            # Earlier messages are still read; then nothing arrives, neither media nor `stop`.
            refusal = await command(carrier, call, "streaming_start", stream_url=app.url)
            assert refusal.json()["errors"][0]["code"] == "90045"
            assert call.streaming
            assert (await command(carrier, call, "streaming_stop")).status_code == 200
            report = await call.finished()
            await app.closed.wait()
            assert (report.end_reason, "stop" in app.events) == ("streaming_stop", False)

    run(main)


def virtual(
    losses: LossHabits, carry: Callable[[Carrier, SimulatedCall, rtpcodec.AsyncCallControl, str], Any], **phone: Any
) -> list[tuple[float, str]]:
    """Run a call on the virtual clock; returns the webhooks with the times of their posts, in s since its `start`."""
    posted: list[tuple[float, str]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        network: MemoryNetwork = loop.network  # type: ignore[attr-defined]

        async def hook(request: MemoryRequest) -> MemoryAnswer:
            event = rtpcodec.verify_webhook(request.body, request.headers, carrier.public_key)
            posted.append((round(loop.time(), 3), event.event_type))
            return MemoryAnswer(200)

        async def listen(call: rtpcodec.Call) -> None:
            async for _ in call.audio():
                pass

        carrier = Carrier("KEY")
        async with carrier, rtpcodec.serve(listen) as endpoint:
            listener = network.serve_http("https://app.example", hook)
            carrier.send_webhooks(Webhooks(url=HOOK))
            call = carrier.new_call(SPEECH, variations=Variations(losses=losses), **phone)
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **PLAN.command_fields())
                await asyncio.sleep(1)
                await carry(carrier, call, control, endpoint.url)
            call.hang_up()
            await asyncio.sleep(0.1)
            listener.close()

    run_virtual(main())
    return posted


def test_a_lost_stream_counts_as_one_for_a_while_and_is_reported_late() -> None:
    async def carry(_carrier: Carrier, call: SimulatedCall, control: rtpcodec.AsyncCallControl, url: str) -> None:
        call.lose_socket("rst")
        await call.finished()
        await control.stop_streaming(call.call_control_id)  # the carrier has not noticed
        with pytest.raises(StreamingNotInUse):
            await control.stop_streaming(call.call_control_id, stream_id="another")
        for _ in range(3):
            with pytest.raises(StreamingInUse):
                await control.start_streaming(call.call_control_id, stream_url=url, **PLAN.command_fields())
            await asyncio.sleep(1)
        with pytest.raises(StreamingNotInUse):
            await control.stop_streaming(call.call_control_id)
        await control.start_streaming(call.call_control_id, stream_url=url, **PLAN.command_fields())
        await asyncio.sleep(3)

    assert virtual(LossHabits(busy_s=3, stopped_late_s=4), carry) == [
        (0, "streaming.started"),
        (4, "streaming.started"),
        (5, "streaming.stopped"),
        (7, "streaming.stopped"),
        (7, "call.hangup"),
    ]


def test_in_a_black_hole_both_times_begin_with_the_command_that_stops_the_stream() -> None:
    async def carry(_carrier: Carrier, call: SimulatedCall, control: rtpcodec.AsyncCallControl, url: str) -> None:
        call.lose_socket("black_hole")
        await asyncio.sleep(20)
        assert call.streaming, "the endpoint has cut the connection, and the carrier does not know"
        await control.stop_streaming(call.call_control_id)
        with pytest.raises(StreamingInUse):
            await control.start_streaming(call.call_control_id, stream_url=url, **PLAN.command_fields())
        await asyncio.sleep(2)
        await control.start_streaming(call.call_control_id, stream_url=url, **PLAN.command_fields())
        await asyncio.sleep(1)

    assert virtual(LossHabits(busy_s=2, stopped_late_s=1), carry) == [
        (0, "streaming.started"),
        (22, "streaming.stopped"),
        (23, "streaming.started"),
        (24, "streaming.stopped"),
        (24, "call.hangup"),
    ]


def test_a_hang_up_reports_the_lost_stream_first() -> None:
    async def carry(_carrier: Carrier, call: SimulatedCall, _control: rtpcodec.AsyncCallControl, _url: str) -> None:
        call.lose_socket("fin")
        await call.finished()

    assert virtual(LossHabits(stopped_late_s=60), carry) == [
        (0, "streaming.started"),
        (1, "streaming.stopped"),
        (1, "call.hangup"),
    ]


def test_a_hang_up_in_a_black_hole_ends_the_call() -> None:
    async def carry(_carrier: Carrier, call: SimulatedCall, _control: rtpcodec.AsyncCallControl, _url: str) -> None:
        call.lose_socket("black_hole")
        call.hang_up()
        assert (await call.finished()).end_reason == "hang_up"

    assert [kind for _, kind in virtual(LossHabits(), carry)] == [
        "streaming.started",
        "streaming.stopped",
        "call.hangup",
    ]


def test_the_caller_hears_what_had_arrived_before_a_black_hole() -> None:
    """At a `black_hole` the carrier plays its queue, at an RST it drops it."""

    def heard(how: Any) -> int:
        async def main() -> int:
            async def speak(call: rtpcodec.Call) -> None:
                await call.play(ramp(8000))
                async for _ in call.audio():
                    pass

            async with Carrier("KEY") as carrier, rtpcodec.serve(speak, lead_ms=500) as endpoint:
                call = carrier.new_call(SPEECH)
                async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                    await control.start_streaming(
                        call.call_control_id, stream_url=endpoint.url, **PLAN.command_fields()
                    )
                    await asyncio.sleep(0.1)
                    call.lose_socket(how)
                    await asyncio.sleep(1)
                    if call.streaming:
                        await control.stop_streaming(call.call_control_id)
                pcm = memoryview((await call.finished()).heard_pcm).cast("h")
                return sum(sample != 0 for sample in pcm) // 8

        return run_virtual(main())

    assert 80 <= heard("rst") <= 100
    assert 400 <= heard("black_hole") <= 640


def test_losses_are_checked() -> None:
    with pytest.raises(ValueError, match="busy_s is -1, at least 0 is needed"):
        LossHabits(busy_s=-1)

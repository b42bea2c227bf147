"""The waits of a hang-up and their limits: strange carriers, pauses, blocks of replies, the end of the endpoint."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as websockets_serve
from websockets.exceptions import ConnectionClosed

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.server import Call, call_on
from rtpcodec.sim import CommandFault, MarkHabits, Timing, Variations
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import tone
from tests.server.phone import PhoneScene, errors, on_phone
from tests.server.virtual_call import positions


def now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000


def hung_up_after_ms(handler: Any, plan: StreamPlan | None = None, **phone: Any) -> float:
    """Run a call of this phone, and return when its stream has ended by the hang-up."""
    took: list[float] = []

    async def script(scene: PhoneScene) -> None:
        one = scene.carrier.new_call(bytes(16 * 60_000), **phone)
        begun = now_ms()
        await scene.stream(one)
        await one.finished()
        took.append(now_ms() - begun)
        assert one.state == "ended"

    on_phone(script, handler, plan=plan or StreamPlan())
    return took[0]


async def goodbye(call: Call) -> None:
    await call.play(bytes(16_000))  # 1 s
    await call.hangup()


@pytest.mark.parametrize("echo", ["played", "never", "at_once"])
def test_a_carrier_with_strange_marks_delays_it_by_a_second_at_most(echo: Any) -> None:
    took_ms = hung_up_after_ms(goodbye, variations=Variations(marks=MarkHabits(echo=echo)))
    assert 1000 <= took_ms <= 2500


def test_a_carrier_that_does_not_read_is_hung_up_all_the_same() -> None:
    took_ms = hung_up_after_ms(goodbye, timing=Timing(read_pauses_ms=((100.0, 50_000.0),)))
    assert took_ms <= 5000


def test_a_carrier_that_does_not_read_files_is_hung_up_all_the_same() -> None:
    async def say(call: Call) -> None:
        await call.play(bytes(16_000), 8000)
        await call.hangup()

    timing = Timing(read_pauses_ms=((0.0, 50_000.0),))
    assert hung_up_after_ms(say, StreamPlan(mode="mp3"), timing=timing) <= 5000


@pytest.mark.parametrize("then", ["resume", "discard"])
def test_it_waits_for_the_end_of_a_pause(then: Any) -> None:
    async def paused(call: Call) -> None:
        call.play(bytes(16_000))
        await asyncio.sleep(0.5)
        call.pause_playback(timeout_s=3, then=then)
        await call.hangup()

    took_ms = hung_up_after_ms(paused)
    rest_ms = 500 if then == "resume" else 0
    assert 3800 + rest_ms <= took_ms <= 4300 + rest_ms


def test_an_interruption_shortens_it() -> None:
    async def interrupted(call: Call) -> None:
        call.play(bytes(16 * 20_000))
        hanging_up = call.hangup(100)
        await asyncio.sleep(0.5)
        call.interrupt()
        await hanging_up

    assert 600 <= hung_up_after_ms(interrupted) <= 2000


def test_in_the_block_of_a_reply_it_ends_the_reply() -> None:
    async def talk(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(tone(1, 4000))
            await call.hangup()
        assert reply.state == "played"

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        assert scene.phone.state == "ended"

    assert positions(on_phone(script, talk)) == list(range(1, 4001))


def test_plays_that_wait_for_space_are_heard() -> None:
    async def talk(call: Call) -> None:
        call.play(tone(1, 8000))
        waiting = call.play(tone(8001, 8000))
        await call.hangup()
        await waiting

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()

    assert positions(on_phone(script, talk, max_queue_ms=1000)) == list(range(1, 16_001))


def test_from_on_event_it_runs_in_the_background() -> None:
    def listen(call: Call, event: object) -> None:
        if isinstance(event, rtpcodec.events.Dtmf):
            call.play(tone(1, 4000))
            call.hangup()

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        scene.phone.press("1")
        await scene.phone.finished()
        assert scene.phone.state == "ended"

    assert positions(on_phone(script, on_event=listen)) == list(range(1, 4001))


def test_an_endpoint_that_closes_at_once_cancels_it(caplog: pytest.LogCaptureFixture) -> None:
    refusals: list[str] = []

    async def talk(call: Call) -> None:
        call.play(bytes(16 * 20_000))
        call.hangup()
        try:
            await asyncio.shield(asyncio.sleep(30))
        except asyncio.CancelledError:
            with pytest.raises(EndpointError) as refusal:
                await call.hangup()
            refusals.append(str(refusal.value))

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        scene.carrier.disturb(CommandFault(delay_s=20))
        await scene.endpoint.close(at_once=True)

    on_phone(script, talk)
    assert refusals == ["the endpoint was closed before the command had an answer"]
    assert errors(caplog) == ["hangup was cancelled before its end"]


def test_an_endpoint_that_closes_lets_it_end() -> None:
    async def talk(call: Call) -> None:
        call.play(bytes(16 * 20_000))
        await call.hangup()

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        await scene.endpoint.close()
        assert scene.phone.state == "ended"

    on_phone(script, talk)


@pytest.mark.parametrize("kind", ["hangup", "on_handler_end"])
def test_on_another_server(kind: str) -> None:
    """`call_on` with the control that commands the phone call, on real sockets."""

    async def leave(call: Call) -> None:
        await call.play(bytes(1600))
        if kind == "hangup":
            await call.hangup(after_ms=0)

    async def main() -> None:
        async with rtpcodec.sim.Carrier("KEY") as carrier:
            control = rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url)

            async def accept(socket: ServerConnection) -> None:
                end: Any = "hangup" if kind == "on_handler_end" else "keep"
                async with call_on(socket.send, socket.close, leave, control=control, on_handler_end=end) as receiver:
                    try:
                        async for text in socket:
                            receiver.received(text)
                    except ConnectionClosed:
                        pass

            async with control, websockets_serve(accept, "127.0.0.1", 0) as server:
                phone = carrier.new_call(bytes(16 * 30_000))
                url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
                await control.start_streaming(phone.call_control_id, stream_url=url, **StreamPlan().command_fields())
                await phone.finished()
                assert phone.state == "ended"

    asyncio.run(asyncio.wait_for(main(), 60))

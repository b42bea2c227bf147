"""`call.hangup`: after the last play-out and once; if the command fails, the call continues."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import CommandError, EndpointError, StreamEnded
from rtpcodec.server import Call
from rtpcodec.sim import CommandFault
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import tone
from tests.server.phone import PhoneScene, actions, errors, on_phone
from tests.server.virtual_call import positions

GOODBYE = tone(1, 8000)
"""1 s at 8000 Hz."""


def now_ms() -> float:
    return asyncio.get_running_loop().time() * 1000


@pytest.mark.parametrize("after_ms", [0, 300, 2000])
def test_the_command_follows_the_last_audio(after_ms: float) -> None:
    took: list[float] = []

    async def goodbye(call: Call) -> None:
        await call.play(GOODBYE)
        begun = now_ms()
        await call.hangup(after_ms)
        took.append(now_ms() - begun)
        assert call.phone_state == "ended"

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        assert scene.phone.state == "ended"
        assert actions(scene.phone) == ["streaming_start", "hangup"]

    report = on_phone(script, goodbye)
    assert positions(report) == list(range(1, 8001))
    assert 1000 + after_ms <= took[0] <= 1200 + after_ms


def test_a_handler_that_reads_audio_hangs_up_from_another_task() -> None:
    """The loop over the audio ends with the call, and a play that comes too late is not a failure."""
    ends: list[Any] = []

    async def echo(call: Call) -> None:
        async def leave() -> None:
            await asyncio.sleep(1)
            await call.hangup()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(leave())
            async for audio in call.audio():
                try:
                    await call.play(audio)
                except StreamEnded as error:
                    ends.append(str(error))

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        await scene.endpoint.drain()
        assert scene.phone.state == "ended"
        assert scene.endpoint.statistics().calls_failed == 0

    on_phone(script, echo, speech=tone(1, 80_000))
    assert set(ends) == {"the call is being hung up; nothing more can be played"}


def test_a_play_that_is_refused_ends_the_handler_quietly_and_the_goodbye_is_heard(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def talk(call: Call) -> None:
        call.play(GOODBYE)
        call.hangup()
        await call.say([bytes(320)])

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        assert scene.phone.state == "ended"

    assert positions(on_phone(script, talk)) == list(range(1, 8001))
    assert errors(caplog) == []


def test_everything_that_plays_is_refused_meanwhile() -> None:
    async def talk(call: Call) -> None:
        reply = call.reply()
        reply.play(GOODBYE)
        hanging_up = asyncio.create_task(call.hangup())
        await asyncio.sleep(0.1)
        plays = (
            lambda: call.play(bytes(320)),
            lambda: call.play_payload(bytes(320)),
            lambda: reply.play(bytes(320)),
            call.reply,
            lambda: call.send_dtmf("1", "in_band"),
        )
        for play in plays:
            with pytest.raises(StreamEnded, match=r"^the call is being hung up; nothing more can be played$"):
                play()
        with pytest.raises(StreamEnded):
            await call.say([bytes(320)])
        await hanging_up
        assert reply.state == "played"

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()

    assert positions(on_phone(script, talk)) == list(range(1, 8001))


@pytest.mark.parametrize(
    "fault", [CommandFault(status=422), CommandFault(drop="before"), CommandFault(body="not_json", status=500)]
)
def test_a_command_that_fails_raises_and_the_call_continues(
    fault: CommandFault, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[CommandError] = []

    async def goodbye(call: Call) -> None:
        await call.play(GOODBYE)
        for _ in range(2):
            with pytest.raises(CommandError) as failure:
                await call.hangup()
            failures.append(failure.value)
            await call.play(GOODBYE)
        assert not call.ended
        await call.hangup()

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        attempts = 3 if fault.drop or (fault.status or 0) >= 500 else 1
        scene.carrier.disturb(*[fault] * (2 * attempts))
        await scene.phone.finished()
        assert scene.phone.state == "ended"

    assert positions(on_phone(script, goodbye)) == 3 * list(range(1, 8001))
    assert len(failures) == 2
    assert errors(caplog) == []


def test_concurrent_hang_ups_are_one_and_a_later_one_is_a_success() -> None:
    async def goodbye(call: Call) -> None:
        call.play(GOODBYE)
        async with asyncio.TaskGroup() as tasks:
            for _ in range(10):
                tasks.create_task(call.hangup())
        await call.hangup()
        await asyncio.create_task(call.hangup())
        await asyncio.gather(call.hangup(), asyncio.wait_for(call.hangup(), 1), call.hangup())
        ended.append(call.phone_state)

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        await scene.endpoint.drain()
        assert actions(scene.phone).count("hangup") == 1

    ended: list[str] = []
    on_phone(script, goodbye)
    assert ended == ["ended"]


def test_an_error_that_one_of_two_waits_gets_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def goodbye(call: Call) -> None:
        call.hangup()
        with pytest.raises(CommandError):
            await asyncio.create_task(call.hangup())

    async def script(scene: PhoneScene) -> None:
        scene.carrier.disturb(None, CommandFault(status=422))
        await scene.stream()
        await scene.phone.finished()
        await scene.endpoint.drain()

    on_phone(script, goodbye)
    assert errors(caplog) == []


@pytest.mark.parametrize("webhooks", [False, True])
def test_a_call_that_has_ended_is_a_success(webhooks: bool) -> None:
    """The carrier answers 90018. With webhooks, no command is sent."""
    done: list[str] = []

    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass
        await asyncio.sleep(1)
        await call.hangup()
        done.append(call.phone_state)

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        scene.phone.hang_up()
        await scene.endpoint.drain()

    on_phone(script, listen, webhooks=webhooks)
    assert done == ["ended"]


def test_a_caller_who_hangs_up_first_ends_the_waits() -> None:
    took: list[float] = []

    async def goodbye(call: Call) -> None:
        call.play(bytes(16 * 20_000))
        begun = now_ms()
        await call.hangup(after_ms=60_000)
        took.append(now_ms() - begun)

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        scene.phone.hang_up()
        await scene.endpoint.drain()

    on_phone(script, goodbye)
    assert took[0] < 3000


def test_from_on_audio_it_runs_in_the_background() -> None:
    begun: list[Call] = []

    def listen(call: Call, _audio: object) -> None:
        if not begun:
            begun.append(call)
            call.play(GOODBYE)
            call.hangup()

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        assert scene.phone.state == "ended"

    assert positions(on_phone(script, on_audio=listen)) == list(range(1, 8001))


def test_an_error_that_nobody_waits_for_is_logged_and_the_call_continues(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Call] = []

    def listen(call: Call, _audio: object) -> None:
        if not seen:
            call.hangup()
        seen.append(call)

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        scene.carrier.disturb(CommandFault(status=422))
        await asyncio.sleep(2)
        assert scene.phone.streaming
        gc.collect()

    on_phone(script, on_audio=listen)
    (error,) = errors(caplog)
    assert error.startswith("hangup failed: CommandRefused: ")
    assert seen[0].phone_state == "up"


def test_a_hang_up_that_nobody_waits_for_outlives_the_handler_and_the_stream() -> None:
    async def leave(call: Call) -> None:
        call.play(GOODBYE)
        call.hangup(after_ms=500)

    async def close(call: Call) -> None:
        call.hangup(after_ms=500)
        await call.close()

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        await scene.endpoint.drain()
        assert scene.phone.state == "ended"

    assert positions(on_phone(script, leave)) == list(range(1, 8001))
    on_phone(script, close)


def test_a_cancelled_wait_does_not_cancel_it() -> None:
    async def goodbye(call: Call) -> None:
        call.play(GOODBYE)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await call.hangup()
        await asyncio.sleep(10)

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        assert scene.phone.state == "ended"

    assert positions(on_phone(script, goodbye)) == list(range(1, 8001))


def test_fields_of_the_command_are_passed_on() -> None:
    async def goodbye(call: Call) -> None:
        await call.hangup(client_state=b"over")

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        assert scene.phone.commands[-1][1]["client_state"] == "b3Zlcg=="

    on_phone(script, goodbye)


def test_a_blocking_control_is_called_in_a_thread() -> None:
    """On real sockets: the virtual clock has no threads."""
    states: list[str] = []

    async def goodbye(call: Call) -> None:
        await call.play(bytes(1600))
        await call.hangup(after_ms=0)
        states.append(call.phone_state)

    async def main() -> None:
        plan = StreamPlan()
        async with rtpcodec.sim.Carrier("KEY") as carrier:
            with rtpcodec.CallControl("KEY", base_url=carrier.base_url) as control:
                async with rtpcodec.serve(goodbye, plan=plan, control=control) as endpoint:
                    phone = carrier.new_call(bytes(16 * 30_000))
                    await endpoint.stream(control, phone.call_control_id)
                    await phone.finished()
                    states.append(phone.state)

    asyncio.run(asyncio.wait_for(main(), 60))
    assert sorted(states) == ["ended", "ended"]


def test_without_a_control_it_is_refused_at_once() -> None:
    async def goodbye(call: Call) -> None:
        with pytest.raises(
            EndpointError, match=r"^hangup\(\) sends a command about the phone call and there is no control"
        ):
            call.hangup()
        await call.play(GOODBYE)

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()

    assert positions(on_phone(script, goodbye, control=None)) == list(range(1, 8001))


@pytest.mark.parametrize("after_ms", [-1, float("nan"), float("inf")])
def test_a_wrong_time_is_refused(after_ms: float) -> None:
    async def goodbye(call: Call) -> None:
        with pytest.raises(ValueError, match=rf"^after_ms is {after_ms!r}, a number of 0 or more is needed$"):
            call.hangup(after_ms)

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()

    on_phone(script, goodbye)


def test_in_mode_mp3_it_waits_for_the_file() -> None:
    """The play-out of files is the other kind."""
    plan = StreamPlan(mode="mp3")

    async def goodbye(call: Call) -> None:
        await call.play(bytes(16 * 1000), 8000)
        await call.hangup()
        with pytest.raises(StreamEnded):
            call.play(bytes(320))

    async def script(scene: PhoneScene) -> None:
        begun = now_ms()
        await scene.stream()
        await scene.phone.finished()
        assert scene.phone.state == "ended"
        assert now_ms() - begun > 1300

    on_phone(script, goodbye, plan=plan)

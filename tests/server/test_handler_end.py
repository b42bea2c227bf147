"""`on_handler_end`: what happens to the phone call when its handler has ended, and which calls it does not end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.server import Call, EndpointSettings, call_on
from rtpcodec.sim import CommandFault, SimulatedCall
from tests.server.conversation import tone
from tests.server.phone import STILL_UP, PhoneScene, actions, errors, on_phone
from tests.server.virtual_call import positions

SPEECH = tone(1, 8000)
APOLOGY = tone(20_001, 4000)


async def leave(call: Call) -> None:
    await call.play(SPEECH)


async def fail(call: Call) -> None:
    await call.play(SPEECH)
    raise RuntimeError("a fault of the handler")


async def be_cancelled(call: Call) -> None:
    await call.play(SPEECH)
    raise asyncio.CancelledError


async def exit_program(call: Call) -> None:
    await call.play(SPEECH)
    raise SystemExit(1)


FAILING = {
    "failed": fail,
    "was cancelled from within": be_cancelled,
    "raised SystemExit": exit_program,
}


async def streamed(scene: PhoneScene) -> None:
    await scene.stream()
    await scene.phone.finished()
    await scene.endpoint.drain()


# keep


@pytest.mark.parametrize("handler", [leave, fail])
def test_by_default_the_phone_call_stays_up(
    handler: Callable[[Call], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "answered"

    on_phone(script, handler)
    assert errors(caplog) == ([f"the handler failed; {STILL_UP}"] if handler is fail else [])


@pytest.mark.parametrize("webhooks", [False, True])
def test_the_log_of_a_failure_behind_the_end_does_not_say_that_the_call_is_up(
    webhooks: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail_late(call: Call) -> None:
        async for _ in call.audio():
            pass
        await asyncio.sleep(1)
        raise RuntimeError

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        scene.phone.hang_up()
        await scene.endpoint.drain()

    on_phone(script, fail_late, webhooks=webhooks)
    (error,) = errors(caplog)
    why = "the phone call has ended" if webhooks else "the carrier had ended the stream before"
    assert error == f"the handler failed; {why}"


# hangup


@pytest.mark.parametrize("handler", [leave, *FAILING.values()])
def test_a_hang_up_follows_the_last_audio(
    handler: Callable[[Call], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "ended"
        assert actions(scene.phone) == ["streaming_start", "hangup"]
        assert scene.endpoint.statistics().calls_failed == (handler is not leave)

    assert positions(on_phone(script, handler, on_handler_end="hangup")) == list(range(1, 8001))
    expected = [what for what, one in FAILING.items() if one is handler]
    assert errors(caplog) == [f"the handler {what}; on_handler_end decides about the phone call" for what in expected]


def test_a_hang_up_that_fails_is_logged_and_the_stream_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        scene.carrier.disturb(CommandFault(status=422))
        await scene.phone.finished()
        await scene.endpoint.drain()
        assert scene.phone.state == "answered"

    on_phone(script, leave, on_handler_end="hangup")
    assert errors(caplog) == ["on_handler_end failed; the phone call may still be up"]


def test_a_handler_that_has_hung_up_is_not_followed_by_a_second_command() -> None:
    seen: list[object] = []

    async def goodbye(call: Call) -> None:
        call.play(SPEECH)
        call.hangup()

    async def ending(_call: Call, error: BaseException | None) -> None:
        seen.append(error)

    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "ended"
        assert actions(scene.phone) == ["streaming_start", "hangup"]

    async def goodbye_and_fail(call: Call) -> None:
        await goodbye(call)
        raise RuntimeError("a fault of the handler")

    for handler in (goodbye, goodbye_and_fail):
        on_phone(script, handler, on_handler_end="hangup")
        assert positions(on_phone(script, handler, on_handler_end=ending)) == list(range(1, 8001))
    assert seen == []


@pytest.mark.parametrize("choice", ["hangup", "callable"])
def test_nothing_is_done_behind_a_stop_of_the_carrier_and_behind_close(choice: str) -> None:
    seen: list[object] = []

    async def ending(_call: Call, error: BaseException | None) -> None:
        seen.append(error)

    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass

    async def close(call: Call) -> None:
        await call.close()

    async def stopped(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        await scene.control.stop_streaming(scene.phone.call_control_id)
        await scene.endpoint.drain()
        assert scene.phone.state == "answered"

    async def closed(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "answered"

    end: Any = ending if choice == "callable" else choice
    on_phone(stopped, listen, on_handler_end=end)
    on_phone(closed, close, on_handler_end=end)
    assert seen == []


def test_a_stream_that_the_endpoint_closes_is_followed_by_a_hang_up() -> None:
    async def listen(call: Call) -> None:
        async for _ in call.audio():
            pass

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        await scene.endpoint.drain(0)
        assert scene.phone.state == "ended"

    on_phone(script, listen, on_handler_end="hangup")


# A coroutine function


@pytest.mark.parametrize("handler", [leave, *FAILING.values()])
def test_a_function_is_called_with_the_error_and_may_play_and_hang_up(
    handler: Callable[[Call], Awaitable[None]],
) -> None:
    seen: list[BaseException | None] = []
    traced: list[bool] = []

    async def apologise(call: Call, error: BaseException | None) -> None:
        seen.append(error)
        traced.append(error is not None and error.__traceback__ is not None)
        call.interrupt()
        await call.say([APOLOGY])
        await call.hangup()

    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "ended"

    heard = positions(on_phone(script, handler, on_handler_end=apologise))
    assert heard[-4000:] == list(range(20_001, 24_001))
    assert [type(one) for one in seen] == [
        {leave: type(None), fail: RuntimeError, be_cancelled: asyncio.CancelledError, exit_program: SystemExit}[handler]  # type: ignore[index]
    ]
    assert traced == [handler is not leave]


def test_what_a_function_plays_is_heard_before_the_stream_is_closed() -> None:
    async def apologise(call: Call, _error: BaseException | None) -> None:
        await call.play(APOLOGY)

    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "answered"

    heard = positions(on_phone(script, fail, on_handler_end=apologise))
    assert heard == [*range(1, 8001), *range(20_001, 24_001)]


def test_a_function_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def apologise(_call: Call, _error: BaseException | None) -> None:
        raise SystemExit("a fault of on_handler_end")

    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "answered"

    on_phone(script, fail, on_handler_end=apologise)
    assert errors(caplog)[1] == "on_handler_end failed; the phone call may still be up"


def test_on_audio_that_fails_is_followed_as_well() -> None:
    """These functions do not return from the call, so the setting only applies to failures."""
    seen: list[BaseException | None] = []

    async def apologise(call: Call, error: BaseException | None) -> None:
        seen.append(error)
        call.play(APOLOGY)
        await call.hangup()

    def listen(_call: Call, _audio: object) -> None:
        raise RuntimeError("a fault of on_audio")

    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "ended"

    assert positions(on_phone(script, on_audio=listen, on_handler_end=apologise)) == list(range(20_001, 24_001))
    assert [str(one) for one in seen] == ["a fault of on_audio"]
    on_phone(script, on_audio=listen, on_handler_end="hangup")


# Calls that must not be ended


async def bridged(scene: PhoneScene) -> SimulatedCall:
    """Join the call with a second person, as a program does that has put a colleague through."""
    other = scene.carrier.new_call(tone(5001, 480_000), codec="L16", sample_rate_hz=8000)
    await scene.control.command(scene.phone.call_control_id, "bridge", call_control_id=other.call_control_id)
    await asyncio.sleep(1)
    return other


async def said_on(scene: PhoneScene, *legs: SimulatedCall) -> list[bytes]:
    """Return what people say on these legs within 2 s, heard by a second endpoint."""
    heard: dict[str | None, bytearray] = {leg.call_control_id: bytearray() for leg in legs}

    async def listen(call: Call) -> None:
        async for audio in call.audio():
            heard[call.started.call_control_id] += audio.pcm

    async with rtpcodec.serve(listen, plan=scene.plan) as second:
        for leg in legs:
            fields = scene.plan.command_fields()
            await scene.control.start_streaming(leg.call_control_id, stream_url=second.url, **fields)
        await asyncio.sleep(2)
    return [bytes(heard[leg.call_control_id]) for leg in legs]


@pytest.mark.parametrize(
    ("kind", "choice"),
    [
        ("handler", "keep"),
        ("handler", "hangup"),
        ("handler", "callable"),
        ("on_audio", "hangup"),
        ("returned", "hangup"),
    ],
)
def test_a_crashed_handler_on_a_bridged_call_leaves_both_people_in_it(
    choice: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Bar 2 of the call itself: nobody is cut off, and both are heard afterwards by whoever listens to the two legs."""
    acted: list[object] = []

    async def ending(call: Call, _error: BaseException | None) -> None:
        acted.append(call)
        await call.hangup()

    async def crashing(call: Call) -> None:
        await asyncio.sleep(3)
        if kind == "handler":
            raise RuntimeError("a fault of the handler")

    def crashing_on_audio(_call: Call, audio: rtpcodec.Audio) -> None:
        if (audio.media_ms or 0) > 3000:
            raise RuntimeError("a fault of on_audio")

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        other = await bridged(scene)
        (call,) = scene.endpoint.calls
        assert call.phone_state == "bridged"
        await scene.phone.finished()
        await asyncio.sleep(2)
        assert (scene.phone.state, other.state) == ("bridged", "bridged")
        said = await said_on(scene, scene.phone, other)
        assert len(said[0].strip(b"\0")) > 16_000
        assert tone(5001, 8000) in said[1]

    handler = None if kind == "on_audio" else crashing
    options: dict[str, Any] = {"on_audio": crashing_on_audio} if kind == "on_audio" else {}
    end: Any = ending if choice == "callable" else choice
    on_phone(script, handler, speech=tone(1, 480_000), webhooks=True, on_handler_end=end, **options)
    assert acted == []
    failed = [] if kind == "returned" else ["the handler failed; the phone call is bridged and continues"]
    assert errors(caplog) == failed


def test_a_bridge_that_comes_while_the_last_audio_is_heard_prevents_the_hang_up() -> None:
    async def talk(call: Call) -> None:
        await call.play(tone(1, 24_000))

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await asyncio.sleep(1)
        other = await bridged(scene)
        await scene.phone.finished()
        await scene.endpoint.drain()
        assert (scene.phone.state, other.state) == ("bridged", "bridged")

    on_phone(script, talk, webhooks=True, on_handler_end="hangup")


@pytest.mark.parametrize("state", ["transferring", "bridged", "ended"])
def test_no_state_but_up_is_acted_upon(state: Any) -> None:
    acted: list[object] = []

    async def ending(call: Call, _error: BaseException | None) -> None:
        acted.append(call)

    async def handed_over(call: Call) -> None:
        call._parts.phone.state = state

    async def script(scene: PhoneScene) -> None:
        await streamed(scene)
        assert scene.phone.state == "answered"

    on_phone(script, handed_over, on_handler_end=ending)
    on_phone(script, handed_over, on_handler_end="hangup")
    assert acted == []


# The setting


def test_other_values_are_refused() -> None:
    with pytest.raises(EndpointError, match=r"^on_handler_end is 'end', 'keep', 'hangup' or a coroutine function is "):
        EndpointSettings(on_handler_end="end")  # type: ignore[arg-type]


def test_call_on_needs_a_control_to_hang_up() -> None:
    async def nothing(_argument: object) -> None:
        pass

    async def main() -> None:
        with pytest.raises(EndpointError, match=r"^on_handler_end is 'hangup' and there is no control: pass"):
            async with call_on(nothing, nothing, leave, on_handler_end="hangup"):
                pass

    asyncio.run(main())

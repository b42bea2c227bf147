"""An ended stream of the simulator is freed at once: without the cycle collector, only its call and report remain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest

import rtpcodec
from rtpcodec import sim
from rtpcodec.pump import run_virtual
from rtpcodec.sim.media.speech import SpeechSource
from tests.census import Census
from tests.server.dialler import run

SPEECH = bytes(16_000)
"""1 s at 8 kHz."""
KEPT = {
    *(
        "SimulatedCall",
        "CallFacts",
        "CallStreaming",
        "CallQuality",
        "Ringing",
        "LostStream",
        "Leg",
        "JoinedCalls",
        "CommandIds",
        "CallReport",
    ),
    *(
        "SimulatedConference",
        "AudioFormat",
        "Speech",
        "PcmCheck",
        "HeaderWatch",
        "ClearHabits",
        "MarkHabits",
        "Variations",
    ),
}
"""Objects of an ended call until its carrier closes: `Carrier.calls` has it, with the report of its last stream."""
LOOP = {"ReadyHandle", "Timer"}
"""Objects of the virtual clock, for the count itself."""
Act = Callable[[sim.Carrier, sim.SimulatedCall, rtpcodec.AsyncCallControl], Awaitable[None]]


async def echo(call: rtpcodec.Call) -> None:
    async for audio in call.audio():
        call.play(audio.pcm)
        call.mark()


async def close(call: rtpcodec.Call) -> None:
    async for _ in call.audio():
        await call.close(1000)


async def fail(call: rtpcodec.Call) -> None:
    async for _ in call.audio():
        raise RuntimeError("a fault of the handler")


async def nothing(_carrier: sim.Carrier, _call: sim.SimulatedCall, _control: rtpcodec.AsyncCallControl) -> None:
    """Let the caller finish."""


async def hang_up(_carrier: sim.Carrier, call: sim.SimulatedCall, _control: rtpcodec.AsyncCallControl) -> None:
    call.press("12")
    call.hang_up()


async def stop(_carrier: sim.Carrier, call: sim.SimulatedCall, control: rtpcodec.AsyncCallControl) -> None:
    await control.stop_streaming(call.call_control_id)


async def bridge(carrier: sim.Carrier, call: sim.SimulatedCall, _control: rtpcodec.AsyncCallControl) -> None:
    call.bridge(carrier.new_call(bytes(160)))
    call.hang_up()


def add_phones(carrier: sim.Carrier) -> None:
    """Add a phone once: a carrier keeps its phones."""
    if "1" not in carrier._registry.phones:
        carrier.phone("1", b"", answers_after_s=0.1, refuses_with="user_busy")
        carrier.phone("2", b"")
        carrier.phone("3", b"", answers_after_s=None)


async def transfer(carrier: sim.Carrier, call: sim.SimulatedCall, control: rtpcodec.AsyncCallControl) -> None:
    """Dial a phone that is busy, and then one that answers."""
    add_phones(carrier)
    for number in "12":
        await control.command(call.call_control_id, "transfer", to=number)
        await asyncio.sleep(0.2)
    assert call.state == "bridged"
    call.hang_up()


async def leave_while_it_rings(
    carrier: sim.Carrier, call: sim.SimulatedCall, control: rtpcodec.AsyncCallControl
) -> None:
    add_phones(carrier)
    await control.command(call.call_control_id, "transfer", to="3")
    call.hang_up()


async def confer(carrier: sim.Carrier, call: sim.SimulatedCall, control: rtpcodec.AsyncCallControl) -> None:
    other = carrier.new_call(bytes(160))
    conference = await control.create_conference(call_control_id=call.call_control_id, name=call.call_control_id)
    await control.conference_command(conference.conference_id, "join", call_control_id=other.call_control_id)
    call.hang_up()
    other.hang_up()


def broken_speech() -> Iterator[bytes]:
    yield SPEECH
    raise RuntimeError("a fault of the speech")


FAULTS = sim.Faults(drop=0.1, duplicate=0.1, reorder=0.1)
ENDS: dict[str, tuple[Callable[[rtpcodec.Call], Awaitable[None]], Act]] = {
    "the caller has said everything": (echo, nothing),
    "the caller hangs up": (echo, hang_up),
    "the stream is stopped": (echo, stop),
    "the call is bridged, then hung up": (echo, bridge),
    "the call is transferred, then hung up": (echo, transfer),
    "the caller hangs up while another phone rings": (echo, leave_while_it_rings),
    "the call is in a conference, then hung up": (echo, confer),
    "the app closes": (close, nothing),
    "the app fails": (fail, nothing),
}


async def one_call(carrier: sim.Carrier, url: str, speech: SpeechSource, act: Act) -> None:
    call = carrier.new_call(speech, faults=FAULTS)
    async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
        await control.start_streaming(
            call.call_control_id, stream_url=url, **rtpcodec.StreamPlan(tracks="both_tracks").command_fields()
        )
        await until_streaming(call)
        await act(carrier, call, control)
        await finish(call)


async def finish(call: sim.SimulatedCall) -> None:
    """Wait for the end. The call keeps an error of its speech, whose traceback holds its frames."""
    try:
        with suppress(RuntimeError):
            await call.finished()
    finally:
        del call


async def until_streaming(call: sim.SimulatedCall) -> None:
    """Wait for the socket, or for the end of the attempt."""
    for _ in range(30):
        await asyncio.sleep(0.01)
        if not call.streaming:
            return


async def census_of_calls(
    handler: Callable[[rtpcodec.Call], Awaitable[None]],
    act: Act,
    speech: Callable[[], SpeechSource] = lambda: SPEECH,
    url: str | None = None,
    *,
    error_is_kept: bool = False,
) -> None:
    """Check twice: after the stream's end, and after that of the carrier, which then has no calls.

    error_is_kept: whether the call has an error of its speech, whose traceback keeps the stream as long as the call.
    """
    plan = rtpcodec.StreamPlan(tracks="both_tracks")
    async with rtpcodec.serve(handler, plan=plan, handler_grace_s=0.02) as endpoint, sim.Carrier("KEY") as carrier:
        await one_call(carrier, url or endpoint.url, speech(), act)
        with Census() as census:
            await one_call(carrier, url or endpoint.url, speech(), act)
            assert error_is_kept or await census.settled(KEPT | LOOP) == []
            await carrier.__aexit__()
            assert await census.settled(LOOP) == []
        await carrier.__aenter__()


@pytest.mark.parametrize("end", ENDS)
def test_nothing_of_a_stream_lives_after(end: str) -> None:
    run_virtual(census_of_calls(*ENDS[end]))


def test_nothing_lives_after_if_the_speech_fails() -> None:
    run_virtual(census_of_calls(echo, nothing, broken_speech, error_is_kept=True))


def test_nothing_lives_after_if_no_app_answers() -> None:
    run_virtual(census_of_calls(echo, nothing, url="ws://127.0.0.1:9/"))


@pytest.mark.parametrize("end", ["the caller hangs up", "the app fails"])
def test_nothing_lives_after_over_loopback(end: str) -> None:
    run(lambda: census_of_calls(*ENDS[end]), "uvloop")


def test_nothing_lives_after_over_loopback_if_no_app_answers() -> None:
    run(lambda: census_of_calls(echo, nothing, url="ws://127.0.0.1:9/"), "uvloop")

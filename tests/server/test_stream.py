"""`endpoint.stream` with the simulated carrier: from the command to the call, and each way to fail."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.client import AsyncCallControl, CallControl, Retry
from rtpcodec.errors import (
    CallNotAnswered,
    InvalidCommand,
    OutcomeUnknown,
    StreamingInUse,
    StreamNotStarted,
)
from rtpcodec.server import Call, Endpoint
from rtpcodec.sim import Carrier, CommandFault
from rtpcodec.stream.plan import StreamPlan
from tests.server.dialler import run, until

SPEECH = bytes(range(256)) * 25
NEVER = 3_600_000.0


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play(audio.pcm)


@asynccontextmanager
async def both(handler: Any = None, **options: Any) -> AsyncIterator[tuple[Carrier, Endpoint, AsyncCallControl]]:
    async with (
        Carrier(seed=7) as carrier,
        rtpcodec.serve(handler, **options) as endpoint,
        AsyncCallControl(carrier.api_key, base_url=carrier.base_url) as control,
    ):
        yield carrier, endpoint, control


def refusal_of(why: pytest.ExceptionInfo[StreamNotStarted]) -> str:
    """Return the error text without its random command ids."""
    return re.sub(r" \(command_id [^)]*\)", "", str(why.value))


def test_without_a_handler_the_caller_of_stream_handles_the_call() -> None:
    async def main() -> None:
        async with both(plan=StreamPlan(send_codec="PCMA")) as (carrier, endpoint, control):
            live = carrier.new_call(SPEECH, tail_ms=800)
            call = await endpoint.stream(
                control, live.call_control_id, client_state=b"mine", stream_track="both_tracks"
            )
            assert isinstance(call, Call)
            assert call.started.call_control_id == live.call_control_id
            assert call.started.client_state == "bWluZQ=="
            kinds = []
            async for event in call.events():
                kinds.append(type(event).__name__)
                if isinstance(event, events.Audio) and event.track == "inbound" and not call.ended:
                    await call.play(event.pcm)
            report = await live.finished()
            assert kinds[0] == "Started"
            assert kinds[-1] == "Stopped"
            assert report.return_codec == "PCMA"
            assert report.media_received > 10
            assert endpoint.statistics().calls_failed == 0

    run(main)


def test_the_handler_runs_and_the_call_can_be_watched() -> None:
    async def main() -> None:
        async with both(echo, authorize="another token") as (carrier, endpoint, control):
            live = carrier.new_call(SPEECH, tail_ms=800)
            call = await endpoint.stream(control, live.call_control_id)
            report = await live.finished()
            assert 20 <= report.media_received <= report.media_sent
            await until(lambda: call.ended)
            assert call.statistics().messages_received > 10

    run(main)


def test_a_plain_function_gets_the_audio() -> None:
    async def main() -> None:
        def echo_each(call: Call, audio: events.Audio) -> None:
            call.play(audio.pcm)

        async with both(on_audio=echo_each) as (carrier, endpoint, control):
            live = carrier.new_call(SPEECH)
            await endpoint.stream(control, live.call_control_id)
            assert (await live.finished()).media_received > 10

    run(main)


def test_a_blocking_control_is_called_in_a_thread() -> None:
    async def main() -> None:
        async with Carrier() as carrier, rtpcodec.serve() as endpoint:
            with CallControl(carrier.api_key, base_url=carrier.base_url) as control:
                live = carrier.new_call(SPEECH, tail_ms=NEVER)
                call = await endpoint.stream(control, live.call_control_id)
                await call.close()
                assert (await live.finished()).end_reason == "app_closed"
                with pytest.raises(StreamNotStarted) as why:
                    await endpoint.stream(control, "v3:none")
                assert why.value.reason == "refused"

    run(main)


def test_streams_requested_at_the_same_time_get_their_own_calls() -> None:
    async def main() -> None:
        async with both() as (carrier, endpoint, control):
            lives = [carrier.new_call(b"", tail_ms=NEVER) for _ in range(8)]
            calls = await asyncio.gather(*(endpoint.stream(control, live.call_control_id) for live in lives))
            assert [call.started.call_control_id for call in calls] == [live.call_control_id for live in lives]
            assert len({call.path for call in calls}) == 8
            for call in calls:
                await call.close()

    run(main)


def test_of_two_streams_of_one_call_at_the_same_time_the_second_is_refused() -> None:
    async def main() -> None:
        async with both() as (carrier, endpoint, control):
            live = carrier.new_call(b"", tail_ms=NEVER)
            found = await asyncio.gather(
                *(endpoint.stream(control, live.call_control_id) for _ in range(2)), return_exceptions=True
            )
            (call,) = [one for one in found if isinstance(one, Call)]
            (why,) = [one for one in found if isinstance(one, StreamNotStarted)]
            assert why.reason == "refused"
            assert isinstance(why.__cause__, StreamingInUse)
            await call.close()

    run(main)


@pytest.mark.parametrize("state", ["parked", "ended"])
def test_a_refused_command_is_the_cause_of_the_error(state: str) -> None:
    async def main() -> None:
        async with both() as (carrier, endpoint, control):
            live = carrier.incoming_call(b"")
            if state == "ended":
                live.hang_up()
            with pytest.raises(StreamNotStarted) as why:
                await endpoint.stream(control, live.call_control_id)
            answer = {
                "parked": "90034 Call has not been answered yet: the call has not been answered yet",
                "ended": "90018 Call has already ended: the call has ended",
            }[state]
            assert refusal_of(why) == (
                f"call {live.call_control_id} is not streamed: streaming_start was refused with status 422: {answer}"
            )
            assert (why.value.reason, why.value.call_control_id) == ("refused", live.call_control_id)
            assert isinstance(why.value.__cause__, CallNotAnswered) == (state == "parked")

    run(main)


def test_an_invalid_field_is_refused() -> None:
    async def main() -> None:
        async with both() as (carrier, endpoint, control):
            with pytest.raises(StreamNotStarted) as why:
                await endpoint.stream(control, carrier.new_call(b"").call_control_id, client_state="no base64!")
            assert isinstance(why.value.__cause__, InvalidCommand)
            for name in ("stream_url", "stream_auth_token"):
                with pytest.raises(TypeError, match=f"{name} is generated by the endpoint"):
                    await endpoint.stream(control, "v3:a", timeout_s=1.0, **{name: "x"})  # type: ignore[arg-type]

    run(main)


@pytest.mark.parametrize("drop", ["before", "after"])
def test_after_a_command_with_unknown_outcome_the_stream_is_still_awaited(drop: Any) -> None:
    async def main() -> None:
        async with Carrier() as carrier, rtpcodec.serve() as endpoint:
            control = AsyncCallControl(carrier.api_key, base_url=carrier.base_url, retry=Retry(retries=0))
            async with control:
                live = carrier.new_call(b"", tail_ms=NEVER)
                carrier.disturb(CommandFault(drop=drop))
                if drop == "after":
                    call = await endpoint.stream(control, live.call_control_id)
                    await call.close()
                else:
                    with pytest.raises(StreamNotStarted) as why:
                        await endpoint.stream(control, live.call_control_id, timeout_s=1.0)
                    assert why.value.reason == "timeout"
                    assert isinstance(why.value.__cause__, OutcomeUnknown)
                    assert "the outcome of the command is unknown" in str(why.value)

    run(main)

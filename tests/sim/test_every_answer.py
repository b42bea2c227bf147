"""Every answer to the streaming command: success, each wrong value, each state of the call, each status."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest

from rtpcodec import errors
from rtpcodec.client import AsyncCallControl, Command, CommandResult
from rtpcodec.client.command import start_streaming, stop_streaming
from rtpcodec.errors import CommandRefused
from rtpcodec.sim import Carrier, CommandFault
from tests.server.dialler import until
from tests.sim.apps import App, run
from tests.sim.test_every_option import SAID, both
from tests.sim.test_states import NEVER_MS

pytestmark = pytest.mark.filterwarnings("ignore::rtpcodec.errors.CommandWarning")


def test_a_success_and_that_the_stream_stops() -> None:
    async def main() -> None:
        app = App()
        async with both(app) as (carrier, control):
            call = carrier.new_call(SAID, tail_ms=NEVER_MS)
            started = await control.start_streaming(call.call_control_id, stream_url=app.url)
            assert (started.result, started.raw) == ("ok", {"data": {"result": "ok"}})
            await app.saw("media")
            stopped = await control.stop_streaming(call.call_control_id, stream_id=call.stream_id)
            assert (stopped.result, stopped.raw) == ("ok", {"data": {"result": "ok"}})
            assert (await call.finished()).end_reason == "streaming_stop"
            await asyncio.wait_for(app.closed.wait(), 10)
            assert app.events[-1] == "stop"
            assert call.state == "answered"

    run(main)


REFUSALS: Final[dict[str, tuple[dict[str, Any], type[CommandRefused], int, str]]] = {
    "url": ({"stream_url": "https://h/"}, CommandRefused, 422, "10003"),
    "no url": ({"stream_url": None}, CommandRefused, 422, "10004"),
    "token": ({"stream_auth_token": "x" * 4001}, CommandRefused, 422, "10025"),
    "type": ({"stream_bidirectional_sampling_rate": "8000"}, CommandRefused, 422, "10026"),
    "value": ({"stream_bidirectional_codec": "G729"}, CommandRefused, 422, "10032"),
    "client_state": ({"client_state": "?"}, errors.InvalidClientState, 422, "90017"),
}  # fmt: skip


@pytest.mark.parametrize(("fields", "kind", "status", "code"), REFUSALS.values(), ids=REFUSALS)
def test_each_wrong_value_has_its_error(
    fields: dict[str, Any], kind: type[CommandRefused], status: int, code: str
) -> None:
    """Sent without our client, which would refuse most of them."""

    async def main() -> None:
        app = App()
        async with both(app) as (carrier, control):
            call = carrier.new_call(SAID)
            body = {"stream_url": app.url} | fields
            path = f"/calls/{call.call_control_id}/actions/streaming_start"
            with pytest.raises(kind) as why:
                await control.send(Command("streaming_start", path, "once", body, (), CommandResult))
            assert type(why.value) is kind
            assert (why.value.status, why.value.code, why.value.is_retryable) == (status, code, False)
            assert (call.streaming, app.paths) == (False, [])

    run(main)


@pytest.mark.parametrize(
    ("state", "order", "kind", "code"),
    [
        ("unknown", start_streaming, errors.InvalidCallControlId, "90015"),
        ("parked", start_streaming, errors.CallNotAnswered, "90034"),
        ("ended", start_streaming, errors.CallEnded, "90018"),
        ("ended", stop_streaming, errors.CallEnded, "90018"),
        ("streaming", start_streaming, errors.StreamingInUse, "90045"),
        ("answered", stop_streaming, errors.StreamingNotInUse, "90048"),
    ],
)
def test_each_state_has_its_error(state: str, order: Any, kind: type[CommandRefused], code: str) -> None:
    async def main() -> None:
        app = App()
        async with both(app) as (carrier, control):
            call = carrier.incoming_call(b"") if state == "parked" else carrier.new_call(b"", tail_ms=NEVER_MS)
            if state == "ended":
                call.hang_up()
            if state == "streaming":
                await control.start_streaming(call.call_control_id, stream_url=app.url)
                await until(lambda: call.streaming)
            call_control_id = "v3:none" if state == "unknown" else call.call_control_id
            with pytest.raises(kind) as why:
                await control.send(
                    order(call_control_id, **({} if order is stop_streaming else {"stream_url": app.url}))
                )
            assert type(why.value) is kind
            assert (why.value.status, why.value.code, why.value.is_retryable) == (422, code, False)

    run(main)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, errors.AuthenticationFailed, "10009"),
        (403, errors.PermissionRefused, "10010"),
        (404, errors.ResourceNotFound, "10005"),
        (429, errors.RateLimited, "10011"),
        (500, CommandRefused, "10007"),
    ],
)
def test_each_status_has_its_error(status: int, kind: type[CommandRefused], code: str) -> None:
    async def main() -> None:
        app = App()
        async with both(app) as (carrier, control):
            call = carrier.new_call(SAID)
            carrier.disturb(CommandFault(status=status))
            with pytest.raises(kind) as why:
                await control.start_streaming(call.call_control_id, stream_url=app.url)
            assert type(why.value) is kind
            assert (why.value.status, why.value.code) == (status, code)
            assert why.value.is_retryable == (status in (429, 500))
            assert not call.streaming

    run(main)


def test_a_wrong_key_is_refused_and_not_shown() -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            call = carrier.new_call(SAID)
            async with AsyncCallControl("KEY_OF_SOMEBODY_ELSE", base_url=carrier.base_url) as control:
                with pytest.raises(errors.AuthenticationFailed, match="10009") as why:
                    await control.start_streaming(call.call_control_id, stream_url="ws://127.0.0.1:9/")
            assert "SOMEBODY" not in str(why.value)

    run(main)

"""Fault injection for commands: each kind over real HTTP, and the state of the call afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from rtpcodec import sim
from rtpcodec.sim import Carrier, CommandFault, SimulatedCall, rate_limited
from rtpcodec.sim.commands.faults import HUGE_OCTETS
from tests.server.dialler import until
from tests.sim.apps import App, command, listening, run


def with_client(test: Callable[[Carrier, SimulatedCall, httpx.AsyncClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with (
            Carrier() as carrier,
            httpx.AsyncClient(
                base_url=carrier.base_url,
                trust_env=False,
                verify=False,
                headers={"Authorization": f"Bearer {carrier.api_key}"},
            ) as client,
        ):
            await test(carrier, carrier.incoming_call(b""), client)

    run(main)


async def answer(call: SimulatedCall, client: httpx.AsyncClient, **options: Any) -> httpx.Response:
    return await client.post(f"/calls/{call.call_control_id}/actions/answer", json={"command_id": "one"}, **options)


@pytest.mark.parametrize(
    ("fault", "headers"),
    [
        (rate_limited(), {"x-ratelimit-limit": "1", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}),
        (rate_limited(limit=20, reset_s=9), {"x-ratelimit-limit": "20", "x-ratelimit-reset": "9"}),
        (rate_limited(epoch_s=1_800_000_000), {"x-ratelimit-reset": "1800000000"}),
        (rate_limited(retry_after="0.5"), {"retry-after": "0.5", "x-ratelimit-remaining": "0"}),
    ],
)
def test_a_rate_limit_has_the_three_headers(fault: CommandFault, headers: dict[str, str]) -> None:
    async def test(carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        carrier.disturb(fault)
        refused = await answer(call, client)
        assert refused.status_code == 429
        assert [error["code"] for error in refused.json()["errors"]] == ["10011"]
        assert headers.items() <= dict(refused.headers).items()
        assert call.commands == []
        assert (await answer(call, client)).status_code == 200
        assert call.state == "answered"

    with_client(test)


@pytest.mark.parametrize(
    ("status", "code"), [(401, "10009"), (403, "10010"), (404, "10005"), (500, "10007"), (503, "10007"), (409, "10015")]
)
def test_a_status_comes_instead_of_the_effect(status: int, code: str) -> None:
    async def test(carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        carrier.disturb(None, CommandFault(status=status))
        assert (await client.post("/calls", json={})).status_code == 422, "None lets a command pass"
        refused = await answer(call, client)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (status, code)
        assert call.state == "parked"

    with_client(test)


def test_a_redirect() -> None:
    async def test(carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        carrier.disturb(CommandFault(status=307, headers={"location": "http://127.0.0.1:9/"}))
        refused = await answer(call, client)
        assert (refused.status_code, refused.headers["location"]) == (307, "http://127.0.0.1:9/")

    with_client(test)


@pytest.mark.parametrize(("drop", "state"), [("before", "parked"), ("after", "answered")])
def test_a_dropped_connection(drop: Any, state: str) -> None:
    async def test(carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        carrier.disturb(CommandFault(drop=drop))
        with pytest.raises(httpx.RemoteProtocolError):
            await answer(call, client)
        assert call.state == state
        assert (await answer(call, client)).json() == {"data": {"result": "ok"}}
        assert [done for done, _ in call.commands] == ["answer"]

    with_client(test)


def test_a_late_answer_and_one_that_nobody_waits_for() -> None:
    async def test(carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        carrier.disturb(CommandFault(delay_s=0.1), CommandFault(delay_s=3600))
        begin = time.monotonic()
        assert (await answer(call, client)).status_code == 200
        assert time.monotonic() - begin >= 0.1
        other = carrier.incoming_call(b"")
        with pytest.raises(httpx.ReadTimeout):
            await answer(other, client, timeout=httpx.Timeout(30, read=0.3))
        await until(lambda: other.state == "answered")  # it was executed at once

    with_client(test)


@pytest.mark.parametrize("fault", [CommandFault(drop="after"), CommandFault(delay_s=3600), CommandFault(body="cut")])
def test_the_stream_begins_even_if_the_answer_is_lost(fault: CommandFault) -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(b"")
            carrier.disturb(fault)
            started = asyncio.create_task(command(carrier, call, "streaming_start", stream_url=app.url))
            assert (await call.finished()).end_reason == "speech_ended"
            started.cancel()
            await asyncio.gather(started, return_exceptions=True)

    run(main)


@pytest.mark.parametrize(
    ("body", "content"), [("not_json", b"<html>Bad Gateway</html>"), ("empty", b""), ("huge", None)]
)
def test_a_body_without_json(body: Any, content: bytes | None) -> None:
    async def test(carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        carrier.disturb(CommandFault(body=body))
        found = await answer(call, client)
        assert found.status_code == 200
        assert call.state == "answered"
        if content is None:
            assert len(found.content) > HUGE_OCTETS
        else:
            assert found.content == content

    with_client(test)


def test_a_body_that_is_cut() -> None:
    async def test(carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        carrier.disturb(CommandFault(body="cut"), CommandFault(status=503, body="cut"))
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection without sending complete"):
                await answer(call, client)
        assert call.state == "answered"

    with_client(test)


def test_the_carrier_can_close_while_an_answer_is_late() -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            carrier.disturb(CommandFault(delay_s=3600))
            call = carrier.incoming_call(b"")
            waiting = asyncio.create_task(command(carrier, call, "answer"))
            await until(lambda: call.state == "answered")
        with pytest.raises(httpx.RemoteProtocolError):
            await waiting

    run(main)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"status": 200}, "status is 200, 300 to 599 are allowed"),
        ({"status": 600}, "status is 600, 300 to 599 are allowed"),
        ({"delay_s": -1}, "delay_s is -1, at least 0 is needed"),
        ({"delay_s": float("nan")}, "delay_s is nan, at least 0 is needed"),
    ],
)
def test_impossible_faults(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CommandFault(**options)


def test_the_old_name_still_works_and_warns() -> None:
    with pytest.warns(DeprecationWarning, match=r"^rtpcodec.sim.Trouble is now rtpcodec.sim.CommandFault; "):
        assert sim.Trouble is CommandFault
    with pytest.raises(AttributeError, match=r"^module 'rtpcodec.sim' has no attribute 'Troubles'$"):
        _ = sim.Troubles

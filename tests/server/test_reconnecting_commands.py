"""The commands after a lost WebSocket, their callers, and each end of an attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.client.webhook_events import read
from rtpcodec.errors import EndpointError, StreamEnded, StreamNotStarted
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import LossHabits
from tests.server.conversation import tone
from tests.server.reconnection import Scene, heard, scene

SECOND = tone(1, 8000)


def lost(
    act: Callable[[Scene, Call], Awaitable[Any]],
    *,
    how: Any = "rst",
    fields: dict[str, Any] | None = None,
    **options: Any,
) -> Scene:
    """Stream a call, lose its socket after 1 s, and act at the event Disconnected. Returns the scene."""
    scenes: list[Scene] = []

    async def main() -> None:
        async with scene(**options) as it:
            scenes.append(it)
            call = await it.stream(**fields or {})
            reading = asyncio.create_task(read_events(it, call))
            await asyncio.sleep(1)
            it.live.lose_socket(how)
            while "Disconnected" not in it.seen.kinds:  # noqa: ASYNC110 -- read by a task
                await asyncio.sleep(0.01)
            await act(it, call)
            if not call.ended:
                call.close()
            await reading

    run_virtual(main())
    return scenes[0]


async def read_events(it: Scene, call: Call) -> None:
    async for event in call.events():
        it.seen.events.append((asyncio.get_running_loop().time(), event))


def test_the_lost_stream_is_stopped_and_the_first_command_repeated_with_new_secrets() -> None:
    async def act(it: Scene, call: Call) -> None:
        await call.reconnect(client_state=b"again")
        assert not call.ended
        assert it.live.streaming
        await it.endpoint.reconnect(call)  # its socket is open: nothing happens

    it = lost(act, fields={"stream_track": "both_tracks", "command_id": "first", "client_state": b"once"})
    first, again = it.commands("streaming_start")
    assert not it.commands("streaming_stop"), "the carrier had noticed: refused by 90048"
    secrets = ("stream_url", "stream_auth_token", "command_id", "client_state")
    assert {name: first[name] for name in first if name not in secrets} == {
        name: again[name] for name in again if name not in secrets
    }
    assert again["stream_track"] == "both_tracks"
    assert [first[name] != again[name] for name in secrets] == [True] * 4
    assert first["stream_url"].rpartition("/")[0] == again["stream_url"].rpartition("/")[0]


def test_a_stream_that_the_carrier_has_not_missed_is_stopped_by_its_id() -> None:
    async def act(it: Scene, call: Call) -> None:
        await call.reconnect()
        assert it.commands("streaming_stop")[0]["stream_id"] == call.started.stream_id
        assert it.seen.one(events.Reconnected).stream_id not in (None, call.started.stream_id)

    lost(act, losses=LossHabits(busy_s=2))


def test_callers_join_the_attempt_that_runs() -> None:
    async def act(it: Scene, call: Call) -> None:
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(call.reconnect(), it.endpoint.reconnect(call), call.reconnect())
        assert 1.9 < asyncio.get_running_loop().time() - begun < 2.5
        assert len(it.commands("streaming_stop")) == 1
        assert len(it.commands("streaming_start")) == 2
        assert it.seen.kinds.count("Reconnected") == 1

    lost(act, losses=LossHabits(busy_s=2), reconnect=True)


def test_the_endpoint_reconnects_by_itself() -> None:
    async def act(it: Scene, call: Call) -> None:
        await asyncio.sleep(5)
        assert it.seen.kinds[:4] == ["Started", "Disconnected", "Reconnected", "Started"]
        assert not call.ended
        it.live.lose_socket("fin")
        await asyncio.sleep(5)
        assert it.seen.kinds.count("Reconnected") == 2
        assert len(it.live.reports) == 2

    lost(act, losses=LossHabits(busy_s=3), reconnect=True, disconnect_hold_s=0.0)


def test_without_a_caller_the_stream_ends_after_its_hold() -> None:
    async def act(it: Scene, call: Call) -> None:
        while not call.ended:  # noqa: ASYNC110 -- it is the time that is tested
            await asyncio.sleep(0.001)
        assert asyncio.get_running_loop().time() - it.seen.at(events.Disconnected) == pytest.approx(0.7, abs=0.02)
        assert call.end_reason == "socket_lost"
        with pytest.raises(StreamEnded):
            await call.reconnect()
        assert not it.live.ended

    assert lost(act, disconnect_hold_s=0.7).seen.kinds[-1] == "Stopped"


def test_a_carrier_that_stays_busy_ends_the_stream_after_10_s() -> None:
    async def act(it: Scene, call: Call) -> None:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(StreamNotStarted, match="90045") as why:
            await call.reconnect()
        assert why.value.reason == "refused"
        assert asyncio.get_running_loop().time() - begun == pytest.approx(10, abs=0.3)
        assert call.end_reason == "socket_lost"

    it = lost(act, losses=LossHabits(busy_s=60))
    assert it.seen.kinds[-1] == "Stopped"


@pytest.mark.parametrize("attempt", [True, False])
def test_the_end_of_the_phone_call_ends_it(attempt: bool) -> None:
    async def act(it: Scene, call: Call) -> None:
        waiting = asyncio.create_task(call.reconnect()) if attempt else None
        await asyncio.sleep(0.4)
        it.live.hang_up()
        begun = asyncio.get_running_loop().time()
        while not call.ended:  # noqa: ASYNC110 -- it is the time that is tested
            await asyncio.sleep(0.001)
        assert asyncio.get_running_loop().time() - begun < 0.1
        assert call.phone_state == "ended"
        if waiting is not None:
            with pytest.raises(StreamNotStarted) as why:
                await waiting
            assert why.value.reason == "hung_up"

    lost(act, losses=LossHabits(busy_s=3))


def test_a_hang_up_without_a_webhook_is_seen_by_the_refusal() -> None:
    async def act(it: Scene, call: Call) -> None:
        it.live.hang_up()
        with pytest.raises(StreamNotStarted) as why:
            await call.reconnect()
        assert why.value.reason == "hung_up"

    lost(act, webhooks=False)


def test_reports_of_the_old_stream_are_ignored() -> None:
    async def act(it: Scene, call: Call) -> None:
        waiting = asyncio.create_task(call.reconnect())
        await asyncio.sleep(2.01)
        old = it.commands("streaming_start")[0]["stream_url"]
        for kind in ("streaming.failed", "streaming.stopped"):
            body = f'{{"data":{{"event_type":"{kind}","payload":{{"call_control_id":"{it.live.call_control_id}",'
            body += f'"stream_url":"{old}","failure_reason":"connection_failed"}}}}}}'
            it.endpoint.webhook(read(body.encode()))
        await waiting
        await asyncio.sleep(3)
        assert [kind for _, kind in it.seen.webhooks] == ["streaming.started", "streaming.started", "streaming.stopped"]
        assert not call.ended

    lost(act, losses=LossHabits(busy_s=2, stopped_late_s=4))


def test_a_full_endpoint_and_one_that_drains_reconnect_their_calls() -> None:
    async def act(it: Scene, call: Call) -> None:
        draining = asyncio.create_task(it.endpoint.drain(60))
        await asyncio.sleep(0)
        await call.reconnect()
        assert not call.ended
        with pytest.raises(EndpointError, match="draining"):
            await it.endpoint.stream(it.control, it.live.call_control_id)
        call.close()
        await draining

    lost(act, losses=LossHabits(busy_s=1), max_calls=1)


def test_the_end_of_the_endpoint_ends_it() -> None:
    async def act(it: Scene, call: Call) -> None:
        waiting = asyncio.create_task(call.reconnect())
        await asyncio.sleep(1)
        await it.endpoint.close()
        with pytest.raises(StreamEnded, match="before it was reconnected"):
            await waiting
        assert call.end_reason == "endpoint_closed"

    lost(act, losses=LossHabits(busy_s=5))


def test_close_ends_it() -> None:
    async def act(_it: Scene, call: Call) -> None:
        waiting = asyncio.create_task(call.reconnect())
        await asyncio.sleep(1)
        await call.close()
        with pytest.raises(StreamEnded):
            await waiting
        assert call.end_reason == "closed"

    lost(act, losses=LossHabits(busy_s=5))


@pytest.mark.parametrize("others", [False, True])
def test_the_attempt_ends_with_its_last_caller(others: bool) -> None:
    async def act(_it: Scene, call: Call) -> None:
        other = asyncio.create_task(call.reconnect()) if others else None
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(call.reconnect(), 0.5)
        if other is None:
            await asyncio.sleep(0.001)
            assert call.ended
        else:
            await other
            assert not call.ended

    lost(act, losses=LossHabits(busy_s=2))


def test_a_handler_that_returns_meanwhile_is_heard_to_its_end() -> None:
    async def speak(call: Call) -> None:
        await call.say((tone(1, 24_000),))

    async def main() -> None:
        async with scene(speak, losses=LossHabits(busy_s=3), reconnect=True) as it:
            call = await it.stream()
            await asyncio.sleep(1)
            it.live.lose_socket("rst")
            while not call.ended:  # noqa: ASYNC110 -- the end of a handler that was started by another
                await asyncio.sleep(0.01)
            assert call.end_reason == "handler_returned"
            await it.live.finished()
            first, second = it.live.reports
            before, again = heard(first, 0), heard(second, 8000)
            assert again.first <= before.end
            assert again.end == 24_000

    run_virtual(main())


def test_what_the_endpoint_generates_is_refused() -> None:
    async def act(_it: Scene, call: Call) -> None:
        with pytest.raises(TypeError, match="stream_url is generated by the endpoint"):
            await call.reconnect(stream_url="wss://example.com")
        with pytest.raises(TypeError, match="the endpoint's plan has"):
            await call.reconnect(stream_bidirectional_codec="PCMA")
        await call.reconnect()

    lost(act)


def test_settings_are_checked() -> None:
    with pytest.raises(EndpointError, match="reconnect is 1, True or False is needed"):
        rtpcodec.serve(reconnect=1)  # type: ignore[arg-type]
    with pytest.raises(EndpointError, match="disconnect_hold_s is -1, at least 0 is needed"):
        rtpcodec.serve(disconnect_hold_s=-1)

"""The end of a transfer beside that of its stream, its handler and its call."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events, webhook_events
from rtpcodec.errors import OutcomeUnknown
from rtpcodec.sim import CommandFault, Variations
from tests.census import Census
from tests.server.conversation import tone
from tests.server.transfers import AGENT, SECOND, Scene, transferring
from tests.server.virtual_call import positions

BUSY: dict[str, Any] = {"answers_after_s": 1.0, "refuses_with": "user_busy"}


async def end_of(call: rtpcodec.Call) -> None:
    async for _ in call.events():
        pass


def test_a_stream_that_ends_when_the_call_is_bridged() -> None:
    found: list[str] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT)
        found.append((await transfer.result()).outcome)
        assert (call.phone_state, call.ended, scene.call.state) == ("bridged", True, "bridged")

    _, report = transferring(
        handle, agent={"answers_after_s": 1.0}, phone={"variations": Variations(bridge_ends_stream=True)}
    )
    assert found == ["bridged"]
    assert report.end_reason == "streaming_stop"


def test_a_stream_that_ends_at_the_command_lets_the_handler_wait_for_the_result() -> None:
    found: list[str] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT)
        await scene.control.stop_streaming(scene.call.call_control_id)
        found.append((await transfer.result()).outcome)

    transferring(handle, agent={"answers_after_s": 25.0})
    assert found == ["bridged"]


def test_a_call_that_is_bridged_after_its_result_is_not_spoken_to(caplog: pytest.LogCaptureFixture) -> None:
    def late(event: webhook_events.WebhookEvent, _number: int) -> list[float]:
        return [30.0] if event.event_type in ("call.bridged", "call.answered") else [0.0]

    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        transfer = await call.transfer(AGENT, timeout_s=5)
        await asyncio.sleep(1)
        assert (await transfer.result()).outcome == "failed"
        call.play(tone(1, 800_000))
        await asyncio.sleep(20)
        assert (call.phone_state, call.queued_ms) == ("bridged", 0)

    with caplog.at_level(logging.WARNING):
        transferring(handle, agent={"answers_after_s": 1.0}, deliver=late, max_queue_ms=1e6)
    assert "the call was bridged after its transfer had ended as failed" in caplog.text


def test_a_parked_call_is_up_again_when_the_other_person_leaves() -> None:
    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT, park_after_unbridge="self")
        assert (await transfer.result()).bridged
        scene.leg().hang_up()
        await asyncio.sleep(0.1)
        assert (call.phone_state, scene.call.state) == ("up", "answered")
        await call.play(tone(1, 800))
        assert await call.played()
        second = await call.transfer(SECOND)
        assert (await second.result()).bridged

    _, report = transferring(handle)
    assert positions(report) == list(range(1, 801))


def test_both_people_hang_up_together_without_parking() -> None:
    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT)
        assert (await transfer.result()).bridged
        scene.leg().hang_up()
        await end_of(call)
        await asyncio.sleep(0.1)  # the webhook comes beside the end of the stream
        assert call.phone_state == "ended"

    scene, _ = transferring(handle)
    assert scene.call.ended


def test_a_handler_that_returns_without_the_result_leaves_nothing_behind() -> None:
    kept: list[Any] = []

    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        kept.append(await call.transfer(AGENT))

    transferring(handle, agent={"answers_after_s": None})
    (transfer,) = kept
    assert transfer.known.outcome == "failed"


def test_a_handler_whose_stream_has_ended_may_transfer_the_call() -> None:
    found: list[str] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        await scene.control.stop_streaming(scene.call.call_control_id)
        await end_of(call)
        transfer = await call.transfer(AGENT)
        found.append((await transfer.result()).outcome)

    transferring(handle, agent={"answers_after_s": 3.0})
    assert found == ["bridged"]


@pytest.mark.parametrize("agent", [BUSY, {"answers_after_s": None}, {"answers_after_s": 0.5}], ids=str)
def test_nothing_of_a_transfer_lives_after_its_call(agent: dict[str, Any]) -> None:
    left: list[list[str]] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT, timeout_s=5)
        if agent.get("refuses_with"):
            await transfer.result()
        scene.call.hang_up()

    with Census() as census:
        transferring(handle, agent=agent)
        kinds = ("Transfer", "Transferring", "TransferFacts", "PhoneCall", "Call", "CallRunner", "CallMachine")
        left.append([one for one in census.left() if one.split()[0] in kinds])
    assert left == [[]]


def test_a_command_whose_outcome_is_unknown_may_have_been_carried_out(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        scene.carrier.disturb(*[CommandFault(drop="after")] * 10)
        with pytest.raises(OutcomeUnknown):
            await call.transfer(AGENT)
        assert call.phone_state == "up"
        call.play(tone(1, 80_000))
        await asyncio.sleep(20)
        assert (call.phone_state, call.queued_ms) == ("bridged", 0)

    transferring(handle, agent={"answers_after_s": 15.0})
    assert "the call was bridged after its transfer had ended as failed" in caplog.text


def test_a_capture_of_a_transferred_call_can_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"

    async def handle(call: rtpcodec.Call, _scene: Scene) -> None:
        call.capture(path)
        call.background(tone(1, 8000), level_dbov=-20, pcm_hz=8000)
        call.play(tone(1000, 16000))
        await asyncio.sleep(0.5)
        await (await call.transfer(AGENT)).result()
        await call.play(tone(1, 800))
        assert await call.played()

    transferring(handle, agent=BUSY)
    assert not rtpcodec.replay(path).differences


def test_a_hold_that_the_phone_asks_for_is_an_event() -> None:
    kinds: list[str] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.2, scene.call.hold)
        loop.call_later(0.4, scene.call.unhold)
        loop.call_later(0.6, scene.call.hang_up)
        async for event in call.events():
            kinds.extend(type(event).__name__ for _ in [event] if isinstance(event, events.Held | events.Unheld))

    transferring(handle)
    assert kinds == ["Held", "Unheld"]


@pytest.mark.parametrize(
    "changes",
    [
        {"call_session_id": None},
        {"client_state": None},
        {"client_state": "b3RoZXI="},
        {"occurred_at": None},
        {"id": None},
    ],
    ids=["no session", "no state", "the state of the first leg", "no time", "no id"],
)
def test_the_new_leg_is_known_by_its_state_or_by_session_and_number(changes: dict[str, Any]) -> None:
    found: list[str] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        scene.alter = lambda event: replace(event, **changes)
        found.extend([(await (await call.transfer(number)).result()).outcome for number in (AGENT, AGENT)])

    transferring(handle, agent=BUSY)
    assert found == ["busy", "busy"]


def test_other_legs_of_the_session_do_not_end_a_transfer() -> None:
    found: list[str] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT)
        about: dict[str, Any] = {
            "call_control_id": "v3:another",
            "call_session_id": scene.call.call_session_id,
            "to": SECOND,
        }
        scene.endpoint.webhook(webhook_events.CallBridged(event_type="call.bridged", id="1", **about))
        scene.endpoint.webhook(webhook_events.CallAnswered(event_type="call.answered", id="2", **about))
        busy = webhook_events.CallHangup(event_type="call.hangup", id="3", hangup_cause="user_busy", **about)
        scene.endpoint.webhook(busy)
        assert (transfer.known, call.phone_state) == (None, "transferring")
        found.append((await transfer.result()).outcome)

    transferring(handle, agent={"answers_after_s": 1.0})
    assert found == ["bridged"]


def test_late_events_of_a_transfer_do_not_end_the_next_one() -> None:
    """All of the first leg come while the second one rings, which is twice the time that a webhook may be late."""

    def late(event: webhook_events.WebhookEvent, _number: int) -> list[float]:
        return [17.0] if getattr(event, "to", None) == AGENT else [0.0]

    found: list[str] = []

    async def handle(call: rtpcodec.Call, scene: Scene) -> None:
        scene.carrier.phone(SECOND, b"", answers_after_s=4.0, tail_ms=1e9)
        for number in (AGENT, SECOND):
            transfer = await call.transfer(number, timeout_s=5)
            found.append((await transfer.result()).outcome)

    transferring(handle, agent=BUSY, deliver=late)
    assert found == ["failed", "bridged"]

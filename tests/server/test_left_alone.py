"""No hang-up while people talk to each other, in bridges and conferences without a known transfer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

import rtpcodec
from rtpcodec import webhook_events
from rtpcodec.errors import OutcomeUnknown
from rtpcodec.server import Call
from rtpcodec.sim import CommandFault
from tests.server.requested_call import requested
from tests.server.transfers import AGENT, FOREVER_MS, Deliver, Handle, Scene, at_once, transferring

BUSY: dict[str, Any] = {"answers_after_s": 1.0, "refuses_with": "user_busy"}


def left_up(handle: Handle, *, deliver: Deliver = at_once, agent: dict[str, Any] | None = None) -> Scene:
    """Run a call whose handler is followed by a hang-up if anything lets it be, and return it."""
    scene, report = transferring(handle, deliver=deliver, agent=agent, on_handler_end="hangup")
    assert report.end_reason == "app_closed", "the stream has ended, not the phone call"
    assert "hangup" not in [action for action, _ in scene.call.commands]
    return scene


async def bridge_with_another(scene: Scene) -> None:
    other = scene.carrier.new_call(b"", tail_ms=FOREVER_MS)
    await scene.control.command(scene.call.call_control_id, "bridge", call_control_id=other.call_control_id)


async def confer(scene: Scene) -> str:
    """Join the caller and another call in a conference, and return the id of the other one."""
    other = scene.carrier.new_call(b"", tail_ms=FOREVER_MS)
    conference = await scene.control.create_conference(call_control_id=scene.call.call_control_id, name="warm")
    await scene.control.conference_command(conference.conference_id, "join", call_control_id=other.call_control_id)
    await asyncio.sleep(0.1)
    return other.call_control_id


def leg_late(event: webhook_events.WebhookEvent, _number: int) -> Iterable[float]:
    return (3.0, 4.0) if getattr(event, "to", None) == AGENT else (0.0,)


@pytest.mark.parametrize("deliver", [at_once, leg_late])
def test_a_bridge_behind_a_transfer_that_failed(deliver: Deliver) -> None:
    async def handle(call: Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT)
        await asyncio.sleep(2)
        await bridge_with_another(scene)
        assert (await transfer.result()).outcome == "busy"
        await asyncio.sleep(5)
        assert call.phone_state == "bridged"

    left_up(handle, deliver=deliver, agent=BUSY)


def test_a_bridge_behind_a_parked_one() -> None:
    async def handle(call: Call, scene: Scene) -> None:
        transfer = await call.transfer(AGENT, park_after_unbridge="self")
        assert (await transfer.result()).bridged
        scene.leg().hang_up()
        await asyncio.sleep(0.1)
        states = [call.phone_state]
        await bridge_with_another(scene)
        await asyncio.sleep(0.1)
        assert [*states, call.phone_state] == ["up", "bridged"]

    left_up(handle)


def test_a_bridge_of_which_no_webhook_came() -> None:
    def lost(event: webhook_events.WebhookEvent, _number: int) -> Iterable[float]:
        return () if event.event_type in ("call.answered", "call.bridged") else (0.0,)

    async def handle(call: Call, _scene: Scene) -> None:
        transfer = await call.transfer(AGENT, timeout_s=5)
        assert (await transfer.result()).outcome == "failed"
        assert call.phone_state == "up"

    left_up(handle, deliver=lost)


def test_a_transfer_whose_command_has_an_unknown_outcome() -> None:
    async def handle(call: Call, scene: Scene) -> None:
        scene.carrier.disturb(*[CommandFault(drop="after")] * 10)
        with pytest.raises(OutcomeUnknown):
            await call.transfer(AGENT)

    left_up(handle, agent={"answers_after_s": 15.0})


@pytest.mark.parametrize("failing", ["refused", "busy"])
def test_a_transfer_that_has_failed_for_certain_is_followed_by_the_hang_up(failing: str) -> None:
    async def handle(call: Call, scene: Scene) -> None:
        if failing == "busy":
            transfer = await call.transfer(AGENT)
            assert (await transfer.result()).outcome == "busy"
        else:
            scene.carrier.disturb(CommandFault(status=422))
            with pytest.raises(rtpcodec.errors.CommandRefused):
                await call.transfer(AGENT)

    scene, _ = transferring(handle, agent=BUSY, on_handler_end="hangup")
    assert [action for action, _ in scene.call.commands][-1] == "hangup"


def test_a_conference() -> None:
    async def handle(_call: Call, scene: Scene) -> None:
        await confer(scene)

    left_up(handle)


def test_a_conference_that_the_log_names(caplog: pytest.LogCaptureFixture) -> None:
    async def handle(_call: Call, scene: Scene) -> None:
        await confer(scene)
        raise RuntimeError("a fault of the handler")

    with pytest.raises(RuntimeError):
        left_up(handle)
    assert "the handler failed; the phone call is in a conference and continues" in caplog.text


def joined_late(event: webhook_events.WebhookEvent, _number: int) -> Iterable[float]:
    return (0.0, 2.0) if event.event_type == "conference.participant.joined" else (0.0,)


@pytest.mark.parametrize("deliver", [at_once, joined_late])
def test_a_caller_who_has_left_the_conference_is_hung_up(deliver: Deliver) -> None:
    async def handle(_call: Call, scene: Scene) -> None:
        await confer(scene)
        joined = next(event for event in scene.events if event.event_type.startswith("conference"))
        await scene.control.conference_command(
            joined.payload["conference_id"], "leave", call_control_id=scene.call.call_control_id
        )
        await asyncio.sleep(3)

    scene, _ = transferring(handle, deliver=deliver, on_handler_end="hangup")
    assert [action for action, _ in scene.call.commands][-1] == "hangup"


Webhooks = list[tuple[str, dict[str, Any]]]
JOINED, LEFT, ENDED = "conference.participant.joined", "conference.participant.left", "conference.ended"
ELSEWHERE = {"to": "v3:another call"}


@pytest.mark.parametrize(
    ("before", "acts"),
    [
        ([], True),
        ([("call.bridged", {})], False),
        ([("call.bridged", {"call_session_id": "s"}), ("call.hangup", ELSEWHERE | {"call_session_id": "s"})], True),
        ([("call.bridged", {"call_session_id": "s"}), ("call.hangup", ELSEWHERE | {"call_session_id": "t"})], False),
        ([(JOINED, {"conference_id": "c"})], False),
        ([(JOINED, {"conference_id": "c"}), (LEFT, {"conference_id": "c", "second": 1})], True),
        ([(LEFT, {"conference_id": "c", "second": 1}), (JOINED, {"conference_id": "c"})], True),
        ([(JOINED, {"conference_id": "c"}), (ENDED, ELSEWHERE | {"conference_id": "c"})], True),
        ([(JOINED, {"conference_id": "c"}), (ENDED, ELSEWHERE | {"conference_id": "d"})], False),
        ([(JOINED, {})], False),
    ],
)
def test_what_was_known_before_the_stream(before: Webhooks, acts: bool) -> None:
    acted: list[object] = []

    async def handle(_call: Call) -> None:
        pass

    async def ending(call: Call, _error: BaseException | None) -> None:
        acted.append(call)

    requested(handle, before=before, on_handler_end=ending)
    assert bool(acted) is acts

"""Conferences: commands, who hears whom, webhooks, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from rtpcodec import AsyncCallControl, webhook_events
from rtpcodec.errors import CommandRefused
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.sim import Carrier, SimulatedCall, SimulatedConference
from tests.server.transfers import hooks_at
from tests.sim.apps import run

FOREVER_MS = 3_600_000.0


@asynccontextmanager
async def conference() -> AsyncIterator[tuple[SimulatedConference, AsyncCallControl, list[SimulatedCall], Carrier]]:
    """Yield a conference of the first of three calls."""
    async with Carrier("KEY") as carrier, AsyncCallControl("KEY", base_url=carrier.base_url) as control:
        calls = [carrier.new_call(b"", tail_ms=FOREVER_MS) for _ in range(3)]
        made = await control.create_conference(call_control_id=calls[0].call_control_id, name="room 1")
        (found,) = carrier.conferences
        assert (made.conference_id, made.name) == (found.conference_id, "room 1")
        yield found, control, calls, carrier


@pytest.mark.parametrize("runs", [run, lambda main: run_virtual(main())], ids=["sockets", "virtual clock"])
def test_participants_hear_each_other_apart_from_those_on_hold(runs: Any) -> None:
    async def main() -> None:
        async with conference() as (room, control, calls, _):
            first, second, third = (call.call_control_id for call in calls)
            await control.conference_command(room.conference_id, "join", call_control_id=second)
            await control.conference_command("room 1", "join", call_control_id=third, hold=True)
            assert list(room.participants) == [first, second, third]
            assert room.hears(first, second)
            assert room.hears(second, first)
            assert not room.hears(first, third)
            assert not room.hears(third, first)
            assert not room.hears(first, first)
            await control.conference_command(room.conference_id, "unhold", call_control_ids=[third])
            assert room.hears(first, third)
            await control.conference_command(room.conference_id, "hold")
            assert not room.hears(first, second)
            await control.conference_command(room.conference_id, "unhold", call_control_ids=[first, second])
            await control.conference_command(room.conference_id, "leave", call_control_id=third)
            assert list(room.participants) == [first, second]
            assert [action for action, _ in calls[2].commands] == ["join", "unhold", "hold", "leave"]
            assert "command_id" not in calls[2].commands[1][1]
            assert calls[2].state == "answered"

    runs(main)


def test_a_hang_up_leaves_and_the_last_one_ends_it() -> None:
    seen: list[tuple[str, str | None, Any]] = []

    async def take(request: MemoryRequest) -> MemoryAnswer:
        event = webhook_events.read(request.body)
        seen.append((event.event_type, event.call_control_id, event.payload.get("conference_id")))
        return MemoryAnswer(200)

    async def main() -> None:
        async with Carrier("KEY") as carrier, AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            carrier.send_webhooks(hooks_at(take))
            calls = [carrier.new_call(b"", tail_ms=FOREVER_MS) for _ in range(2)]
            first, second = (call.call_control_id for call in calls)
            await control.create_conference(call_control_id=first, name="room")
            await control.conference_command("room", "join", call_control_id=second)
            calls[0].hang_up()
            assert not calls[1].ended
            calls[1].hang_up()
            await asyncio.sleep(0.1)
            (room,) = carrier.conferences
            assert room.ended
            conference_id = room.conference_id
            assert [event for event in seen if event[2] is not None] == [
                ("conference.created", first, conference_id),
                ("conference.participant.joined", first, conference_id),
                ("conference.participant.joined", second, conference_id),
                ("conference.participant.left", first, conference_id),
                ("conference.participant.left", second, conference_id),
                ("conference.ended", second, conference_id),
            ]

    run_virtual(main())


@pytest.mark.parametrize(("flag", "ends"), [("end_conference_on_exit", True), ("soft_end_conference_on_exit", False)])
def test_a_participant_whose_leaving_ends_it(flag: str, *, ends: bool) -> None:
    async def main() -> None:
        async with conference() as (room, control, calls, _):
            fields = {"call_control_id": calls[1].call_control_id, flag: True}
            await control.conference_command(room.conference_id, "join", **fields)
            calls[1].hang_up()
            assert room.ended
            assert calls[0].ended is ends

    run_virtual(main())


def test_refusals() -> None:
    async def main() -> None:
        async with conference() as (room, control, calls, carrier):
            first, second, third = (call.call_control_id for call in calls)
            parked = carrier.incoming_call(b"").call_control_id

            async def refused(code: str, action: str, /, conference_id: str = room.conference_id, **body: Any) -> None:
                with pytest.raises(CommandRefused) as why:
                    await control.conference_command(conference_id, action, **body)
                assert why.value.code == code

            await refused("10005", "join", "elsewhere", call_control_id=second)
            await refused("10004", "join")
            await refused("90015", "join", call_control_id="v3:none")
            await refused("90034", "join", call_control_id=parked)
            await refused("90102", "join", call_control_id=first)
            await refused("90102", "leave", call_control_id=second)
            await refused("90102", "hold", call_control_ids=[second])
            await refused("10004", "unhold")
            await refused("10005", "dance", call_control_id=first)
            calls[1].bridge(calls[2])
            await refused("90102", "join", call_control_id=third)
            with pytest.raises(CommandRefused):
                await control.create_conference(call_control_id=second, name="another")
            with pytest.raises(CommandRefused):
                await control.create_conference(call_control_id=first, name="room 1")
            assert len(carrier.conferences) == 1

    run_virtual(main())


def test_a_repeated_command_has_one_effect() -> None:
    async def main() -> None:
        async with conference() as (room, control, calls, carrier):
            second = calls[1].call_control_id
            for _ in range(2):
                await control.conference_command("room 1", "join", call_control_id=second, command_id="once")
            again = [
                await control.create_conference(call_control_id=calls[2].call_control_id, name="b", command_id="twice")
                for _ in range(2)
            ]
            assert again[0].conference_id == again[1].conference_id
            assert len(carrier.conferences) == 2
            assert len(room.participants) == 2

    run_virtual(main())

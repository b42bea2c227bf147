"""An ended call is freed at once, with accepted, refused, awaited and ignored commands."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec.errors import CommandError, StreamEnded
from rtpcodec.server import Call
from rtpcodec.stream.events import Audio
from tests.server.test_freed_calls import Carry, Handler, freed, lose, stop, wait


class Control:
    """Commands as a user may write them: accepted or refused."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses

    async def start_streaming(self, call_control_id: str, **fields: Any) -> None:
        raise NotImplementedError

    async def hangup(self, call_control_id: str, **fields: Any) -> None:
        await asyncio.sleep(0.001)
        if self.refuses:
            raise CommandError("refused")

    send_dtmf = hangup


async def hang_up(call: Call) -> None:
    call.play(bytes(1600))
    await call.hangup(0)


async def hang_up_and_leave(call: Call) -> None:
    call.play(bytes(1600))
    call.hangup(0)


async def hang_up_and_catch(call: Call) -> None:
    hanging_up = call.hangup(0)
    try:
        await hanging_up
    except CommandError:
        await call.hangup(after_ms=1)


async def hang_up_in_tasks(call: Call) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(call.hangup(0))


async def play_behind(call: Call) -> None:
    call.hangup(0)
    call.play(bytes(320))


async def press(call: Call) -> None:
    await call.send_dtmf("1")
    await call.send_dtmf("2", "in_band", tone_ms=40)


async def press_and_leave(call: Call) -> None:
    call.send_dtmf("1")
    call.send_dtmf("2", "in_band", tone_ms=40)


async def press_for_long(call: Call) -> None:
    try:
        await call.send_dtmf("1WWWWWWWW2", "in_band")
    except StreamEnded as error:
        raise error from None


async def leave(call: Call) -> None:
    call.play(bytes(1600))


async def fail(_call: Call) -> None:
    raise RuntimeError("a fault of the handler")


async def end_well(call: Call, error: BaseException | None) -> None:
    kept = error
    assert kept is error
    await call.say([bytes(320)])
    await call.hangup(0)


async def end_badly(_call: Call, error: BaseException | None) -> None:
    raise ValueError("a fault of on_handler_end") from error


COMMANDS: dict[str, tuple[Handler, Carry, bool]] = {
    "a hang-up is awaited": (hang_up, wait, False),
    "a hang-up is refused": (hang_up, wait, True),
    "a hang-up is not awaited": (hang_up_and_leave, wait, False),
    "a hang-up is refused and not awaited": (hang_up_and_leave, wait, True),
    "an error of a hang-up is kept": (hang_up_and_catch, wait, True),
    "several hang-ups": (hang_up_in_tasks, wait, False),
    "several hang-ups are refused": (hang_up_in_tasks, wait, True),
    "a play behind a hang-up": (play_behind, wait, False),
    "lost while a hang-up waits": (hang_up, lose, False),
    "keys": (press, wait, False),
    "keys are refused": (press, wait, True),
    "keys are not awaited": (press_and_leave, wait, True),
    "stopped within keys": (press_for_long, stop, False),
    "lost within keys": (press_for_long, lose, False),
}


def freed_with(name: str) -> list[str]:
    handler, carry, refuses = COMMANDS[name]
    return freed(handler, carry, control=Control(refuses=refuses), drain_s=1.0)


def freed_behind(handler: Handler, ending: Any, *, refuses: bool = False) -> list[str]:
    return freed(handler, wait, control=Control(refuses=refuses), on_handler_end=ending, drain_s=1.0)


def freed_on_audio(ending: Any) -> list[str]:
    def on_audio(_call: Call, _audio: Audio) -> None:
        raise RuntimeError("a fault of on_audio")

    return freed(None, wait, control=Control(), on_handler_end=ending, on_audio=on_audio)


def test_nothing_of_a_call_lives_after_a_command_that_failed() -> None:
    assert freed_with("a hang-up is refused and not awaited") == []


def test_nothing_of_a_call_lives_after_a_handler_and_what_follows_it_failed() -> None:
    assert freed_behind(fail, end_badly) == []


@pytest.mark.long
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_of_a_call_lives_after_any_command(name: str) -> None:
    assert freed_with(name) == []


@pytest.mark.long
@pytest.mark.parametrize("ending", ["hangup", end_well, end_badly])
def test_nothing_lives_after_what_follows_any_handler(ending: Any) -> None:
    assert freed_behind(leave, ending) == []
    assert freed_behind(fail, ending) == []
    assert freed_behind(fail, ending, refuses=True) == []
    assert freed_on_audio(ending) == []

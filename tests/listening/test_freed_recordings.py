"""A recorded call is freed when its recording is finished, like any other call, however both have ended."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from rtpcodec.server import Call
from tests.server.test_freed_calls import Carry, Handler, freed, hang_up, lose, stop, wait


def handlers(folder: Path) -> dict[str, tuple[Handler, Carry]]:
    """Return handlers that record, and how their calls end."""
    paths = (folder / f"{number}.wav" for number in count())

    async def await_it(call: Call) -> None:
        recording = call.record(next(paths))
        async for _ in call.audio():
            pass
        await recording.finished()

    async def stop_it(call: Call) -> None:
        recording = call.record(next(paths), sides="separate")
        recording.stop()
        await recording.finished()

    async def never_begin(call: Call) -> None:
        never: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        recording = call.record(next(paths), after=never)
        async for _ in call.audio():
            pass
        await recording.finished()
        never.cancel()

    async def exists(call: Call) -> None:
        path = next(paths)
        path.write_bytes(b"")
        recording = call.record(path)
        await recording.finished()

    async def speak_first(call: Call) -> None:
        async with call.reply() as reply:
            await reply.play(bytes(320))
        recording = call.record(next(paths), after=reply)
        async for _ in call.audio():
            pass
        await recording.finished()

    return {
        "the carrier stops": (await_it, stop),
        "the connection is lost": (await_it, lose),
        "it is stopped": (stop_it, wait),
        "it never begins": (never_begin, hang_up),
        "its file exists": (exists, wait),
        "it begins after a reply": (speak_first, stop),
    }


@pytest.mark.parametrize("end", handlers(Path()))
def test_nothing_of_the_call_lives(tmp_path: Path, end: str) -> None:
    handler, carry = handlers(tmp_path)[end]
    options: dict[str, Any] = {"handler_grace_s": 5.0}
    assert freed(handler, carry, **options) == []

"""Native objects that were made without their constructor, or that the garbage collector drops, end no process."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from rtpcodec import MediaSession
from rtpcodec.pump._driving import PumpFastPath
from rtpcodec.server._replying import ReplyFastPath
from rtpcodec.server._speaking import CallFastPath
from rtpcodec.server.readers import _reading
from rtpcodec.server.readers.inbox import Inbox
from rtpcodec.stream._machine import MachineFastPath
from rtpcodec.stream.events import Audio
from rtpcodec.stream.speaking._states import FarEndState, ReplyFields

NextItem: Any = vars(_reading)["NextItem"]  # its stub has none: only readers make one
CALLS: list[tuple[Any, str, tuple[Any, ...]]] = [
    (MachineFastPath, "receive", ("{}", 0.0)),
    (MachineFastPath, "events", (-1.0,)),
    (MachineFastPath, "outgoing", (0.0,)),
    (MachineFastPath, "next_deadline_ms", ()),
    (PumpFastPath, "received", ("{}",)),
    (PumpFastPath, "run", ()),
    (CallFastPath, "play", (bytes(320),)),
    (CallFastPath, "play_payload", (bytes(160),)),
    (ReplyFastPath, "play", (bytes(320),)),
    (ReplyFields, "play", (bytes(320),)),
    (FarEndState, "sent", (160, 1.0)),
    (NextItem, "send", (None,)),
    (NextItem, "__next__", ()),
]


@pytest.mark.parametrize(("cls", "name", "arguments"), CALLS)
def test_an_object_without_its_constructor_raises(cls: Any, name: str, arguments: tuple[Any, ...]) -> None:
    bare = cls.__new__(cls)
    with pytest.raises((AttributeError, TypeError)):
        getattr(bare, name)(*arguments)


def test_an_audio_without_its_constructor_is_not_played() -> None:
    session = MediaSession()
    session.play(bytes(320))
    with pytest.raises(TypeError, match="not 'NoneType'"):
        session.play(Audio.__new__(Audio))
    assert session.queued_ms == 20.0


class CountedReader(_reading.Reading):
    """A reader with members of its own."""

    held: object = None


def test_a_wait_in_a_reference_cycle_is_collected() -> None:
    async def main() -> None:
        for _ in range(100):
            reader = CountedReader()
            reader._read_from(Inbox())
            item: Any = reader.__anext__()
            item.send(None).add_done_callback(id, context=None)
            reader.held = [item, reader]
        gc.collect()

    asyncio.run(main())

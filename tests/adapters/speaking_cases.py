"""Cases of the contract: what the caller hears."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from rtpcodec import events
from rtpcodec.server import Call
from tests.adapters.contract import Case, Line, Outcome, sentence
from tests.lateness import without_silence

SHORT = sentence(2, 60)
OTHER = sentence(3, 60)
LONG = sentence(4, 5000)
"""Far longer than the audio that a case lets be heard."""


def spoken(call: Call, name: str) -> str:
    """Return `name` if what the call has sent is all heard; for outcomes."""
    return name if call.played_ms == call.sent_ms else f"{name}: {call.played_ms} of {call.sent_ms} ms"


async def mark_played(call: Call, name: str) -> None:
    """Wait until a mark was heard."""
    async for event in call.events():
        if isinstance(event, events.MarkPlayed) and event.name == name:
            return


class Play(Case):
    """PCM is heard sample by sample, and `played` waits for that."""

    async def answer(self, call: Call) -> None:
        await call.play(SHORT)
        self.seen["played"] = await call.played()

    async def dial(self, line: Line) -> None:
        report = await (await line.stream(self.plan)).finished()
        self.seen["heard"] = without_silence(report.heard_pcm) == SHORT
        self.seen["end"] = (report.end_reason, report.close_code)

    expected: ClassVar[Outcome] = {"played": True, "heard": True, "end": ("app_closed", 1000)}


class PlayFloat32(Play):
    """Floats of -1 to 1, and PCM of another rate."""

    async def answer(self, call: Call) -> None:
        await call.play(np.divide(np.frombuffer(SHORT, np.int16), 32768, dtype=np.float32).data)
        self.seen["played"] = await call.played()


class Flush(Case):
    """A part of a frame is sent with silence behind it."""

    async def answer(self, call: Call) -> None:
        await call.play(SHORT[:100])
        call.flush()
        await call.play(OTHER[:100])
        self.seen["played"] = await call.played()

    async def dial(self, line: Line) -> None:
        report = await (await line.stream(self.plan)).finished()
        at = report.heard_pcm.find(SHORT[:100])
        self.seen["octets"] = report.octets_received
        self.seen["heard"] = report.heard_pcm[at : at + 320] == SHORT[:100] + bytes(220)
        self.seen["other_heard"] = without_silence(report.heard_pcm) == SHORT[:100] + OTHER[:100]

    expected: ClassVar[Outcome] = {"played": True, "octets": 320, "heard": True, "other_heard": True}


class Mark(Case):
    """Marks come back in their order, each when the audio before it was heard."""

    async def answer(self, call: Call) -> None:
        reader = call.events()
        call.mark("before all")
        call.play(SHORT)
        call.mark("first")
        call.play(OTHER)
        call.mark("second")
        names: list[str] = []
        async for event in reader:
            if isinstance(event, events.MarkPlayed):
                names.append(event.name)
                if len(names) == 3:
                    break
        self.seen["names"] = names

    async def dial(self, line: Line) -> None:
        report = await (await line.stream(self.plan)).finished()
        self.seen["heard"] = without_silence(report.heard_pcm) == SHORT + OTHER
        self.seen["lost"] = report.marks_lost

    expected: ClassVar[Outcome] = {"names": ["before all", "first", "second"], "heard": True, "lost": 0}


class Interrupt(Case):
    """An interruption in mid-sentence: nothing more of the sentence is heard, and the next one is heard whole."""

    async def answer(self, call: Call) -> None:
        reader = call.events()
        reply = call.reply("old")
        await reply.play(LONG[: 2 * 8 * 40])
        call.mark("40 ms")
        saying = reply.play(LONG[2 * 8 * 40 :])
        await mark_played(call, "40 ms")
        interrupted = call.interrupt()
        del saying
        await call.play(OTHER)
        self.seen["new_played"] = await call.played()
        self.seen["cut"] = (interrupted.reply_id, reply.state, 40 <= reply.played_ms < 5000)
        await call.close()
        self.seen["settled"] = [
            event.interrupted.reply_id async for event in reader if isinstance(event, events.InterruptionSettled)
        ]

    async def dial(self, line: Line) -> None:
        report = await (await line.stream(self.plan)).finished()
        heard = without_silence(report.heard_pcm)
        old, new = heard[: -len(OTHER)], heard[-len(OTHER) :]
        self.seen["old"] = LONG.startswith(old) and 40 * 16 <= len(old) < len(LONG)
        self.seen["new"] = new == OTHER
        self.seen["clears"] = report.clears_received
        await self.ended.wait()

    expected: ClassVar[Outcome] = {
        "new_played": True,
        "cut": ("old", "interrupted", True),
        "settled": ["old"],
        "old": True,
        "new": True,
        "clears": 1,
    }

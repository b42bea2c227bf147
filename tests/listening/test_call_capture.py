"""`call.capture`: a call with everything that a handler can do, captured and replayed."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import LocalProtocolError, StreamEnded
from rtpcodec.sim import Faults, Link, MarkHabits, Timing, Variations
from rtpcodec.stream.plan import StreamPlan
from tests.listening.captured_calls import kept
from tests.server import conversation, dialler
from tests.server.virtual_call import carried

PLANS = {
    "PCMU": StreamPlan(send_codec="PCMU"),
    "L16": StreamPlan(send_codec="L16", send_rate_hz=16000),
    "OPUS": StreamPlan(send_codec="OPUS"),
    "AMR-WB": StreamPlan(send_codec="AMR-WB"),
}


class Busy:
    """A handler that does everything a handler can do, at random, while it is captured."""

    def __init__(self, path: Path, seed: int, *, audio: bool) -> None:
        self.dice = random.Random(seed)
        self.path = path
        self.audio = audio
        self.seen: list[events.Event] = []

    async def __call__(self, call: rtpcodec.Call) -> None:
        capture = call.capture(self.path, audio=self.audio)
        reading = asyncio.create_task(self.read(call))
        for _ in range(40):
            try:
                self.act(call)
            except StreamEnded:
                break
            except LocalProtocolError:
                pass  # a pause in a pause
            await asyncio.sleep(self.dice.uniform(0.0, 0.5))
        await reading
        await capture
        assert capture.stopped
        assert capture.error is None

    async def read(self, call: rtpcodec.Call) -> None:
        async for event in call.events():
            self.seen.append(event)

    def act(self, call: rtpcodec.Call) -> None:
        dice = self.dice
        match dice.randrange(12):
            case 0 | 1:
                call.play(conversation.tone(1, dice.choice((80, 8000, 30_000))), dice.choice((None, 16000, 24000)))
            case 2 | 3 | 4:
                self.speak(call)
            case 5:
                call.flush()
            case 6:
                call.interrupt()
            case 7:
                call.interrupt(what="current")
            case 8:
                pause = call.pause_playback(timeout_s=dice.choice((0.1, 1.0)))
                asyncio.get_running_loop().call_later(dice.uniform(0, 0.5), self.resolve, pause)
            case 9:
                call.background(conversation.tone(1, 8000), pcm_hz=8000, loop=dice.random() < 0.5)
            case _:
                call.mark(f"m{dice.randrange(4)}")

    def speak(self, call: rtpcodec.Call) -> None:
        reply = call.reply(interruptible=self.dice.random() < 0.7)
        for _ in range(self.dice.randrange(4)):
            reply.play(conversation.tone(1, self.dice.choice((100, 3000, 20_000))))
        if self.dice.random() < 0.9:
            reply.end()

    def resolve(self, pause: rtpcodec.server.PlaybackPause) -> None:
        with suppress(StreamEnded):
            (pause.resume if self.dice.random() < 0.5 else pause.discard)()


def run_busy(seed: int, path: Path, *, audio: bool) -> Busy:
    dice = random.Random(f"carrier {seed}")
    handler = Busy(path, seed, audio=audio)
    plan = dice.choice(list(PLANS.values()))
    carried(
        handler,
        speech_ms=12_000,
        plan=plan,
        phone={
            "dtmf": ((2000.0, "4"), (2100.0, "7")),
            "faults": Faults(drop=dice.choice((0.0, 0.02)), reorder=dice.choice((0.0, 0.05))),
            "timing": Timing(
                to_app=Link(delay_ms=dice.uniform(0, 80), jitter_ms=dice.uniform(0, 40)),
                from_app=Link(delay_ms=dice.uniform(0, 80), stalls_ms=((3000.0, 3800.0),)),
            ),
            "variations": Variations(marks=MarkHabits(lost=dice.choice((0.0, 0.1)))),
        },
        max_queue_ms=dice.choice((1000.0, 60_000.0)),
        keep_alive=dice.choice((None, None, "silence", "comfort_noise")),
        prebuffer_ms=dice.choice((0.0, 60.0)),
    )
    return handler


def test_over_sockets_a_thread_writes(tmp_path: Path) -> None:
    """The capture replays without a difference, however busy the machine was."""
    captures: list[rtpcodec.server.CallCapture] = []

    async def speak(call: rtpcodec.Call) -> None:
        captures.append(call.capture(tmp_path / "call.jsonl", audio=True))
        captures.append(call.capture(tmp_path / "part.jsonl"))
        call.tap("encoded", tmp_path / "encoded.wav")
        async with call.reply() as reply:
            await reply.play(conversation.tone(1, 1600))
        async for _ in call.audio():
            captures[1].stop()
            break
        await captures[1]
        async for _ in call.events():
            pass
        await captures[0]

    async def carry(carrier: dialler.Dialler) -> None:
        await carrier.start()
        await carrier.payload()  # the handler has begun
        for _ in range(3):
            await carrier.media()
        await carrier.stop()
        await carrier.close_code()

    conversation.converse(speak, carry)
    assert [(one.stopped, one.error, one.dropped_lines) for one in captures] == [(True, None, 0)] * 2
    replay = rtpcodec.replay(tmp_path / "call.jsonl")
    assert replay.differences == []
    kinds = [type(event).__name__ for event in replay.events]
    assert (kinds[0], kinds.count("Audio"), kinds[-1]) == ("Started", 3, "Stopped")


@pytest.mark.parametrize("seed", range(2))
def test_a_busy_call_replays_alike(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("seed", [*range(2, 8), *(pytest.param(at, marks=pytest.mark.hours) for at in range(8, 100))])
def test_many_busy_calls_replay_alike(seed: int, tmp_path: Path) -> None:
    check(seed, tmp_path)


def check(seed: int, tmp_path: Path) -> None:
    audio = seed % 2 == 1
    handler = run_busy(seed, tmp_path / "call.jsonl", audio=audio)
    replay = rtpcodec.replay(tmp_path / "call.jsonl")
    assert replay.differences == []
    assert kept(replay.events, audio=audio) == kept(handler.seen, audio=audio)

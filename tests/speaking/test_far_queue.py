"""Continuous audio: how much of it the carrier holds, with drifting clocks and through stalls of 3 s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rtpcodec.sim.media.timing import Link, Timing
from rtpcodec.stream.events import InterruptionSettled
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.reply import Reply
from tests.speaking.conversation import PERIOD, Conversation, pattern

LEAD_MS = 400.0
AROUND_LEAD_MS = 40.0
ABOVE_LEAD_MS = 300.0
OLD_REPLY_MS = 250.0
HOLD_MS = 60.0
"""Silence that a dry far end inserts before audio; its queue counts it."""
STALL = (6000.0, 9000.0)
STALL_MS = STALL[1] - STALL[0]


class Feeder:
    """Feeds one reply with audio that never ends, a second at a time."""

    def __init__(self, call: Conversation) -> None:
        self.call = call
        self.reply: Reply = call.session.reply()
        self.samples = 0
        self.feed()

    def feed(self) -> None:
        if self.reply.closed:
            return
        second = self.call.playout.sample_rate_hz
        while self.reply.queued_ms < 2000:
            self.reply.play(pattern(self.samples, second))
            self.samples += second
        self.call.at(self.call.now_ms + 1000, self.feed)


@dataclass
class Queue:
    """The minimum and the maximum of the far queue from a moment on."""

    from_ms: float
    least_ms: float = float("inf")
    most_ms: float = 0.0

    def look(self, call: Conversation) -> None:
        if call.now_ms >= self.from_ms:
            queued_ms = call.far_queue_ms
            self.least_ms, self.most_ms = min(self.least_ms, queued_ms), max(self.most_ms, queued_ms)


def continuous(duration_ms: float, clock_ppm: float) -> tuple[Conversation, Queue]:
    queue = Queue(from_ms=1500.0)
    call = Conversation(
        StreamPlan(),
        up=Link(delay_ms=20),
        down=Link(delay_ms=40),
        hold_ms=HOLD_MS,
        timing=Timing(playout_clock_ppm=clock_ppm),
        keeps_audio=False,
        watch=queue.look,
    )
    call.run(400)
    Feeder(call)
    call.run(duration_ms)
    return call, queue


@pytest.mark.parametrize(
    ("minutes", "clock_ppm"),
    [
        *((3, clock_ppm) for clock_ppm in (-200.0, 0.0, 200.0)),
        pytest.param(60, 200.0, marks=pytest.mark.long),
        *(pytest.param(60, clock_ppm, marks=[pytest.mark.long, pytest.mark.hours]) for clock_ppm in (-200.0, 0.0)),
    ],
)
def test_the_far_queue_stays_at_the_lead_whatever_the_far_clock_does(minutes: int, clock_ppm: float) -> None:
    call, queue = continuous(minutes * 60_000.0, clock_ppm)
    assert call.playout.dry_count == 0
    assert queue.least_ms >= LEAD_MS - AROUND_LEAD_MS
    assert queue.most_ms <= LEAD_MS + AROUND_LEAD_MS
    assert "SendStalled" not in call.kinds()


STALLS: dict[str, dict[str, Any]] = {
    "our loop": {},
    "the carrier neither reads nor sends": {
        "timing": Timing(standstills_ms=(STALL,)),
        "carrier_buffer_octets": 0,
    },
    "the carrier sends but does not read, and its system takes nothing": {
        "timing": Timing(read_pauses_ms=(STALL,)),
        "carrier_buffer_octets": 0,
    },
    "the carrier sends but does not read, and its system takes everything": {
        "timing": Timing(read_pauses_ms=(STALL,)),
    },
    "the uplink": {"up": Link(delay_ms=20, outages_ms=(STALL,))},
    "the uplink, and our system says nothing": {
        "up": Link(delay_ms=20, outages_ms=(STALL,)),
        "system_knows_backlog": False,
    },
    "a proxy of the uplink": {"up": Link(delay_ms=20, stalls_ms=(STALL,))},
}


def stalled(name: str) -> tuple[Conversation, Queue, Feeder]:
    """A call that speaks when the stall begins."""
    queue = Queue(from_ms=1500.0)
    options: dict[str, Any] = {"up": Link(delay_ms=20), "down": Link(delay_ms=40), "hold_ms": HOLD_MS} | STALLS[name]
    call = Conversation(watch=queue.look, **options)
    if name == "our loop":
        call.at(STALL[0], lambda: call.block(STALL_MS))
    call.run(400)
    return call, queue, Feeder(call)


@pytest.mark.parametrize("name", STALLS)
def test_a_stall_of_3_s_leaves_no_more_at_the_carrier_than_before_and_loses_nothing(name: str) -> None:
    call, queue, feeder = stalled(name)
    call.run(20_000)
    feeder.reply.end()
    call.wait(4000)
    assert queue.most_ms <= LEAD_MS + ABOVE_LEAD_MS + HOLD_MS
    heard = call.heard()
    numbers = heard[heard != 0].astype(np.int64) - 1
    assert np.array_equal(numbers, np.arange(len(numbers)) % PERIOD), "audio was lost or heard twice"
    assert len(numbers) == feeder.samples
    assert feeder.reply.state == "played"


@pytest.mark.parametrize("name", STALLS)
def test_an_interruption_in_a_stall_leaves_little_of_the_old_reply(name: str) -> None:
    call, queue, feeder = stalled(name)
    middle_ms = STALL[1] if name == "our loop" else sum(STALL) / 2
    heard: list[int] = []

    def interrupt() -> None:
        heard.append(call.heard_samples())
        call.machine.interrupt(call.now_ms)

    call.at(middle_ms, interrupt)
    call.run(15_000)
    assert queue.most_ms <= LEAD_MS + ABOVE_LEAD_MS + HOLD_MS
    assert call.ms(call.heard_samples() - heard[0]) <= OLD_REPLY_MS
    assert len(call.found(InterruptionSettled)) == 1
    assert feeder.reply.state == "interrupted"


def test_a_stall_of_the_return_path_alone_does_not_stop_our_speech() -> None:
    call = Conversation(up=Link(delay_ms=20), down=Link(delay_ms=40, stalls_ms=(STALL,)), hold_ms=HOLD_MS)
    queue = Queue(from_ms=1500.0)
    call.watch = queue.look
    call.run(400)
    Feeder(call)
    call.run(20_000)
    assert call.playout.dry_count == 0
    assert queue.most_ms <= LEAD_MS + ABOVE_LEAD_MS + HOLD_MS

"""The position heard at an interruption against the simulator's play-out, over many networks."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import pytest

import rtpcodec
from rtpcodec.adapters.livekit import CallAudioOutput
from rtpcodec.sim import ClearHabits, Link, MarkHabits, Timing, Variations
from tests.adapters.livekit.phone import Ends, capture, carried, cuts_ms, heard_ms
from tests.adapters.livekit.scripted import tone

BAR_MS = 60
"""What a position may be wrong."""
LEARNED_MS = 500
"""Once this much was heard, an echo has shown how long the carrier holds audio back. Before, the doubt may be more."""
FIRST, SECOND = tone(4000, 400, 24_000), tone(300, 800, 24_000)


@dataclass
class Cut:
    """One interruption."""

    position_ms: float
    true_ms: float
    doubt_ms: float
    waited_ms: float
    old_after_ms: float
    """How much of the old sentence was heard behind the cut."""
    new_ms: float

    @property
    def error_ms(self) -> float:
        return abs(self.position_ms - self.true_ms)


def network(draw: random.Random, jitters_ms: tuple[float, ...]) -> dict[str, Any]:
    """Return delays of both ways, jitter, and how long the carrier holds audio back."""
    to_app, from_app = (Link(delay_ms=draw.choice((0, 20, 60, 150)), jitter_ms=draw.choice(jitters_ms)) for _ in "io")
    return {"timing": Timing(to_app=to_app, from_app=from_app), "playout_delay_ms": draw.choice((0, 60, 200))}


def cut(seed: int, after_ms: float, **phone: Any) -> Cut:
    """Interrupt a segment, begin another one, and compare."""
    found: list[Any] = []

    async def handle(call: rtpcodec.Call) -> None:
        output, loop = CallAudioOutput(call), asyncio.get_running_loop()
        ends, reader = Ends(output), call.events()
        await capture(output, FIRST, 24_000)
        output.flush()
        await asyncio.sleep(after_ms / 1000)
        begun_s = loop.time()
        output.clear_buffer()
        await output.wait_for_playout()
        waited_ms = (loop.time() - begun_s) * 1000
        await capture(output, SECOND, 24_000)
        output.flush()
        await output.wait_for_playout()
        call.close()
        doubts = [
            event.played_uncertainty_ms async for event in reader if isinstance(event, rtpcodec.events.ReplyEnded)
        ]
        assert ends.interrupted == [True, False]
        found.extend([ends.positions_ms[0], doubts[0], waited_ms])

    report = carried(handle, bytes(16 * 8000), seed=seed, phone=phone)
    assert report.playout_log is not None
    behind_ms = report.playout_log.clears[0].position / 8
    position_ms, doubt_ms, waited_ms = found
    old_after_ms, new_ms = heard_ms(report, 400, from_ms=behind_ms), heard_ms(report, 800)
    return Cut(position_ms, cuts_ms(report)[0], doubt_ms, waited_ms, old_after_ms, new_ms)


def check(seed: int) -> None:
    draw = random.Random(seed)
    phone = network(draw, (0, 0, 20, 40))
    found = cut(seed, draw.uniform(50, 3500), **phone)
    assert found.error_ms <= (BAR_MS if found.true_ms >= LEARNED_MS else max(BAR_MS, found.doubt_ms + 1)), phone
    assert found.old_after_ms == 0, "nothing of the old sentence is played after the clear"
    assert 300 <= found.new_ms <= 380, "the new one is heard in full; frames beside a gap count twice"
    assert found.waited_ms <= 450  # a round trip


@pytest.mark.parametrize("seed", range(12))
def test_position_and_silence_after_an_interruption(seed: int) -> None:
    check(seed)


@pytest.mark.long
@pytest.mark.hours
@pytest.mark.parametrize("seeds", [range(at, at + 50) for at in range(100, 500, 50)], ids=str)
def test_position_and_silence_on_many_networks(seeds: range) -> None:
    for seed in seeds:
        check(seed)


@pytest.mark.parametrize(
    "habits",
    [
        {"marks": MarkHabits(echo="never")},
        {"marks": MarkHabits(echo="received")},
        {"marks": MarkHabits(lost=0.2)},
        {"marks": MarkHabits(late_ms=500)},
        {"clears": ClearHabits(effect="no_marks")},
    ],
    ids=["no marks", "marks at once", "lost marks", "late marks", "no marks after a clear"],
)
def test_with_unusual_carriers_positions_stay_within_the_stated_uncertainty(habits: dict[str, Any]) -> None:
    timing = Timing(to_app=Link(delay_ms=40), from_app=Link(delay_ms=40))
    found = cut(1, 1500, timing=timing, playout_delay_ms=60, variations=Variations(**habits))
    assert found.error_ms <= max(BAR_MS, found.doubt_ms + 1)
    assert found.old_after_ms == 0
    assert found.waited_ms <= 1300

"""Where an interruption cut the audio: the final value and its uncertainty, compared with the simulator's play-out."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest

from rtpcodec.sim.media.timing import Link
from rtpcodec.sim.media.variations import MarkHabits, Variations
from rtpcodec.stream.events import Interrupted, InterruptionSettled
from tests.speaking.conversation import Conversation, pattern

HOLDS_MS = (0.0, 60.0, 200.0)
DELAYS_MS = ((10.0, 10.0), (20.0, 120.0), (120.0, 20.0))
JITTERS_MS = (40.0, 150.0)
NO_ECHO = Variations(chunk_ms=100, marks=MarkHabits(echo="never"))
EDGE_MS = 1.0
"""Positions are whole samples, and events have the times of a clock in ms."""


@dataclass
class Cut:
    """One interruption, with the true position."""

    found: Interrupted
    settled: InterruptionSettled
    true_ms: float

    @property
    def error_ms(self) -> float:
        return self.settled.played_ms - self.true_ms

    @property
    def estimate_error_ms(self) -> float:
        return self.found.played_ms - self.true_ms


def cut_at_random(call: Conversation, count: int, seed: int, *, earliest_ms: float = 0.0) -> list[Cut]:
    """Interrupt this many replies of one call at random moments, half of them in their first 100 ms."""
    draw = random.Random(seed)
    cuts: list[Cut] = []
    call.run(300)
    for number in range(count):
        reply = call.session.reply()
        reply.play(pattern(0, call.samples(6000)))
        heard = call.heard_samples()
        call.wait(max(earliest_ms, draw.uniform(0, 100) if number % 2 else draw.uniform(100, 3500)))
        found = call.session.interrupt(call.now_ms)
        call.wait(draw.uniform(1700, 2500))
        (settled,) = [event for event in call.found(InterruptionSettled) if event.interrupted is found]
        cuts.append(Cut(found, settled, call.ms(call.heard_samples() - heard)))
    return cuts


def percentile(errors: list[float], share: float) -> float:
    """The error that this share of the cuts does not exceed."""
    return float(np.quantile(np.abs(errors), share))


@pytest.mark.parametrize("hold_ms", HOLDS_MS)
@pytest.mark.parametrize(("up_ms", "down_ms"), DELAYS_MS)
def test_with_echoes_and_without_jitter_a_cut_is_known_within_20_ms(
    hold_ms: float, up_ms: float, down_ms: float
) -> None:
    call = Conversation(up=Link(delay_ms=up_ms), down=Link(delay_ms=down_ms), hold_ms=hold_ms)
    cuts = cut_at_random(call, 12, seed=int(hold_ms + up_ms))
    assert max(abs(cut.error_ms) for cut in cuts) <= 20
    for cut in cuts:
        assert abs(cut.error_ms) <= cut.settled.played_uncertainty_ms + EDGE_MS
        assert abs(cut.estimate_error_ms) <= cut.found.played_uncertainty_ms + EDGE_MS


def cuts_with_jitter(jitter_ms: float, hold_ms: float, up_ms: float, down_ms: float, calls: int) -> list[Cut]:
    cuts: list[Cut] = []
    for seed in range(calls):
        up = Link(delay_ms=up_ms, jitter_ms=jitter_ms)
        call = Conversation(up=up, down=Link(delay_ms=down_ms, jitter_ms=jitter_ms), hold_ms=hold_ms, seed=f"{seed}")
        cuts += cut_at_random(call, 25, seed=seed)
    return cuts


def outside(cuts: list[Cut]) -> tuple[int, int]:
    """How many final values and how many estimates are off by more than their stated uncertainty."""
    final = sum(abs(cut.error_ms) > cut.settled.played_uncertainty_ms + EDGE_MS for cut in cuts)
    estimates = sum(abs(cut.estimate_error_ms) > cut.found.played_uncertainty_ms + EDGE_MS for cut in cuts)
    return final, estimates


@pytest.mark.parametrize("jitter_ms", JITTERS_MS)
def test_with_jitter_99_of_100_cuts_are_within_the_stated_uncertainty(jitter_ms: float) -> None:
    cuts = cuts_with_jitter(jitter_ms, 60.0, 20.0, 120.0, calls=4)
    assert max(outside(cuts)) <= len(cuts) / 100


@pytest.mark.long
@pytest.mark.parametrize("calls", [3, pytest.param(8, marks=pytest.mark.hours)])
@pytest.mark.parametrize("jitter_ms", JITTERS_MS)
def test_with_jitter_99_of_100_cuts_are_within_the_stated_uncertainty_over_all_networks(
    jitter_ms: float, calls: int
) -> None:
    cuts: list[Cut] = []
    for hold_ms in HOLDS_MS:
        for up_ms, down_ms in DELAYS_MS:
            cuts += cuts_with_jitter(jitter_ms, hold_ms, up_ms, down_ms, calls=calls)
    assert max(outside(cuts)) <= len(cuts) / 100


@pytest.mark.parametrize("hold_ms", HOLDS_MS)
@pytest.mark.parametrize(("up_ms", "down_ms"), DELAYS_MS)
@pytest.mark.parametrize("jitter_ms", [0.0, 150.0])
def test_without_echoes_a_cut_is_estimated_within_hold_and_round_trip(
    jitter_ms: float, hold_ms: float, up_ms: float, down_ms: float
) -> None:
    up, down = Link(delay_ms=up_ms, jitter_ms=jitter_ms), Link(delay_ms=down_ms, jitter_ms=jitter_ms)
    call = Conversation(up=up, down=down, hold_ms=hold_ms, variations=NO_ECHO)
    cuts = cut_at_random(call, 6, seed=int(hold_ms + up_ms))
    for cut in cuts:
        assert cut.settled.estimated or not cut.true_ms
        assert abs(cut.error_ms) <= hold_ms + up_ms + down_ms + 2 * jitter_ms + 20
        assert abs(cut.error_ms) <= cut.settled.played_uncertainty_ms + EDGE_MS

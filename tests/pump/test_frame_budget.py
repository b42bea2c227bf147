"""The budget of frames and octets: a carrier's frames always pass, also after a pause."""

from __future__ import annotations

import pytest

from rtpcodec.pump.frame_budget import BURST_S, CLOSING_S, MAX_FRAMES_PER_S, MAX_OCTETS_PER_S, FrameBudget

CHUNK_S = 0.02
L16_48_KHZ_OCTETS = 2760
"""A message with 20 ms of L16 at 48 kHz: 1920 octets, 2560 as base64, and 200 for its other members."""


def spend(budget: FrameBudget, now_ms: float, octets: int = 0) -> str | None:
    """Receive one frame as the pump does, and return the broken limit."""
    budget.frames -= 1
    budget.octets -= octets
    return budget.refill(now_ms) if budget.frames < 0 or budget.octets < 0 else None


@pytest.mark.parametrize("pause_s", [0.0, 0.5, 5.0, 29.0])
@pytest.mark.parametrize("before_s", [0.0, 1.0, 120.0])
def test_two_tracks_pass_after_a_pause_of_the_network(before_s: float, pause_s: float) -> None:
    budget = FrameBudget(MAX_FRAMES_PER_S, MAX_OCTETS_PER_S, 0.0)
    chunks = round((before_s + pause_s + 60.0) / CHUNK_S)
    for chunk in range(chunks):
        spoken_s = chunk * CHUNK_S
        held = before_s <= spoken_s < before_s + pause_s
        now_ms = 1000.0 * (before_s + pause_s if held else spoken_s)
        for _track in range(2):
            assert spend(budget, now_ms, L16_48_KHZ_OCTETS) is None


@pytest.mark.parametrize("spent", [0, 1, 3000, 5999, 6000])
def test_chunks_of_10_ms_pass_after_the_longest_pause_wherever_the_budget_is(spent: int) -> None:
    budget = FrameBudget(MAX_FRAMES_PER_S, MAX_OCTETS_PER_S, 0.0)
    for frame in range(spent):
        assert spend(budget, frame * 5.0) is None
    for _ in range(2 * 3000):
        assert spend(budget, spent * 5.0 + 30_000.0, 1500) is None


def test_pauses_one_after_the_other_pass() -> None:
    budget = FrameBudget(MAX_FRAMES_PER_S, MAX_OCTETS_PER_S, 0.0)
    for pause in range(1, 21):
        for _ in range(2 * round(29.0 / CHUNK_S)):
            assert spend(budget, pause * 29_000.0, L16_48_KHZ_OCTETS) is None


def test_the_whole_burst_may_come_at_once_and_not_one_frame_more() -> None:
    budget = FrameBudget(10, None, 0.0)
    for _ in range(round(10 * BURST_S)):
        assert spend(budget, 0.0) is None
    assert spend(budget, 0.0) == "more than 10 frames per second, after 120 at once"


def test_octets_have_a_limit_of_their_own() -> None:
    budget = FrameBudget(None, 1000, 0.0)
    assert spend(budget, 0.0, round(1000 * BURST_S)) is None
    assert spend(budget, 0.0, 2) == "more than 1000 octets per second, after 12000 at once"


def test_a_sender_above_the_rate_is_found_within_two_bursts() -> None:
    budget = FrameBudget(100, None, 0.0)
    found = next(frame for frame in range(100_000) if spend(budget, frame * 5.0) is not None)  # 200 per second
    assert found <= 2 * 2 * 100 * BURST_S


def test_without_limits_everything_passes() -> None:
    budget = FrameBudget(None, None, 0.0)
    budget.close()
    for _ in range(100_000):
        assert spend(budget, 0.0, 4 * 1024 * 1024) is None


def test_after_our_close_frame_only_what_was_on_its_way_passes() -> None:
    budget = FrameBudget(10, 1000, 0.0)
    budget.close()
    budget.close()
    for _ in range(round(10 * CLOSING_S)):
        assert spend(budget, 0.0) is None
    assert spend(budget, 3_600_000.0) is not None, "it is never refilled"

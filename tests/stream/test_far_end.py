"""The model of the far end against the simulator's play-out: positions of cuts, the far buffer, unusual carriers."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.sim.media.timing import Link
from rtpcodec.sim.media.variations import ClearHabits, MarkHabits
from rtpcodec.stream.events import MarkCleared, MarkPlayed, UnexpectedMark
from rtpcodec.stream.speaking.echoes import Echoes
from rtpcodec.stream.speaking.far_end import FarEnd
from tests.stream.far_end_call import RATE_HZ, ModelledCall

HOUR_MS = 3_600_000.0


def cut_at(call: ModelledCall, *at_ms: float) -> ModelledCall:
    """Speak from 100 ms on, and interrupt at these times. Speech continues after each of them."""
    call.at(100.0, lambda: call.play(60_000))
    for moment_ms in at_ms:
        call.at(moment_ms, call.interrupt)
    call.run((at_ms[-1] if at_ms else 0.0) + 5000.0)
    assert sorted(call.settled()) == list(range(1, len(at_ms) + 1)), "each cut settles once"
    return call


def random_cuts(seed: int, count: int) -> list[float]:
    chance = random.Random(seed)
    at_ms, found = 0.0, []
    for _ in range(count):
        at_ms += chance.uniform(300, 6000)
        found.append(at_ms)
    return found


# Positions


@pytest.mark.parametrize("hold_ms", [0.0, 60.0, 200.0])
@pytest.mark.parametrize(("up_ms", "down_ms"), [(10.0, 10.0), (20.0, 120.0), (120.0, 20.0)])
@pytest.mark.parametrize("ping_ms", [None, 1000.0])
def test_a_cut_is_exact_without_jitter(hold_ms: float, up_ms: float, down_ms: float, ping_ms: float | None) -> None:
    for first_ms in range(700, 3000, 230):
        call = ModelledCall(Link(delay_ms=up_ms), Link(delay_ms=down_ms), hold_ms=hold_ms, ping_ms=ping_ms)
        cut_at(call, float(first_ms), first_ms + 2017.0)
        for number, settled in call.settled().items():
            assert abs(call.error_ms(number)) <= settled.heard.uncertainty_ms <= 20
            assert not settled.heard.estimated
        assert call.kinds() == []


@pytest.mark.parametrize("jitter_ms", [40.0, 150.0])
def test_cuts_are_within_their_uncertainty_with_jitter(jitter_ms: float) -> None:
    outside = count = 0
    stated_ms = []
    for seed in range(12):
        call = ModelledCall(
            Link(delay_ms=30, jitter_ms=jitter_ms), Link(delay_ms=40, jitter_ms=jitter_ms), hold_ms=60, seed=f"{seed}"
        )
        # The spread of the echoes is known after some seconds of speech.
        cut_at(call, *(8000.0 + at_ms for at_ms in random_cuts(seed, 25)))
        for number, settled in call.settled().items():
            count += 1
            outside += abs(call.error_ms(number)) > settled.heard.uncertainty_ms
            stated_ms.append(settled.heard.uncertainty_ms)
    assert outside <= 0.01 * count
    assert sorted(stated_ms)[count // 2] <= jitter_ms / 2 + 80


@pytest.mark.parametrize("hold_ms", [0.0, 60.0, 200.0])
def test_without_echoes_a_cut_is_estimated(hold_ms: float) -> None:
    call = ModelledCall(Link(delay_ms=60), Link(delay_ms=60), hold_ms=hold_ms, marks=MarkHabits(echo="never"))
    cut_at(call, 2000.0)
    settled = call.settled()[1]
    assert settled.heard.estimated
    assert 0 <= call.error_ms(1) <= hold_ms + 120
    assert abs(call.error_ms(1)) <= settled.heard.uncertainty_ms


def test_a_cut_before_the_first_echo() -> None:
    for at_ms in range(110, 500, 13):
        call = cut_at(ModelledCall(Link(delay_ms=60), Link(delay_ms=60), hold_ms=200), float(at_ms))
        assert abs(call.error_ms(1)) <= call.settled()[1].heard.uncertainty_ms


def test_cuts_in_quick_succession() -> None:
    call = cut_at(ModelledCall(Link(delay_ms=60), Link(delay_ms=60), hold_ms=60), 3000.0, 3010.0, 3050.0, 3400.0)
    for number, settled in call.settled().items():
        assert abs(call.error_ms(number)) <= settled.heard.uncertainty_ms


def test_a_cut_of_nothing() -> None:
    far_end = FarEnd(RATE_HZ)
    echoes = Echoes(far_end)
    cut = echoes.cleared(10.0, None)
    assert (cut.heard.position, cut.heard.uncertainty_ms) == (0, 0.0)
    assert echoes.next_deadline_ms == 10.0
    assert len(echoes.expired(10.0)) == 1
    assert echoes.next_deadline_ms is None


def test_the_position_at_the_carrier_is_never_more_than_sent_and_never_less_than_proven() -> None:
    call = ModelledCall(Link(delay_ms=20, jitter_ms=40), Link(delay_ms=60, jitter_ms=40), hold_ms=60)
    call.at(100.0, lambda: call.play(5000))
    outside = 0
    for now_ms in range(1000, 7000, 50):
        call.run(float(now_ms))
        heard = call.far_end.heard(call.now_ms)
        assert call.echoes.proven_position <= heard.position <= call.far_end.sent_position
        outside += abs(heard.position - call.heard()) * 1000 / RATE_HZ > heard.uncertainty_ms
    assert outside <= 1
    assert call.echoes.proven_position == call.far_end.sent_position == 5000 * 8


# The far queue


def far_queue(call: ModelledCall, duration_ms: float) -> tuple[float, float]:
    """Return minimum and maximum of the far buffer after 3 s, at the arrival of audio."""
    found = [float("inf"), 0.0]

    def watch(call: ModelledCall) -> None:
        if 3000 < call.now_ms < duration_ms:
            queued_ms = call.playout.queued_ms(call.now_ms)
            found[:] = min(found[0], queued_ms), max(found[1], queued_ms)

    call.watch = watch
    call.at(0.0, lambda: call.play(duration_ms))
    call.run(duration_ms + 3000)
    assert call.playout.dry_count == 0
    return found[0], found[1]


@pytest.mark.parametrize("clock_ppm", [-2000.0, 0.0, 2000.0])
def test_the_far_queue_keeps_the_lead_on_a_skewed_clock(clock_ppm: float) -> None:
    """Six minutes at ten times the skew of real clocks."""
    call = ModelledCall(Link(delay_ms=30), Link(delay_ms=40), hold_ms=60, clock_ppm=clock_ppm)
    least_ms, most_ms = far_queue(call, HOUR_MS / 10)
    assert 360 <= least_ms <= most_ms <= 440


@pytest.mark.long
@pytest.mark.parametrize("clock_ppm", [-200.0, 0.0, 200.0])
@pytest.mark.parametrize("jitter_ms", [0.0, 40.0])
def test_the_far_queue_keeps_the_lead_for_an_hour(clock_ppm: float, jitter_ms: float) -> None:
    call = ModelledCall(
        Link(delay_ms=30, jitter_ms=jitter_ms), Link(delay_ms=40, jitter_ms=jitter_ms), clock_ppm=clock_ppm
    )
    least_ms, most_ms = far_queue(call, HOUR_MS)
    assert 360 - jitter_ms <= least_ms <= most_ms <= 440 + jitter_ms
    assert call.far_end.hold_ms == pytest.approx(0, abs=5 + jitter_ms)


def test_our_own_stall_costs_no_more_than_its_time() -> None:
    call = ModelledCall(Link(delay_ms=30), Link(delay_ms=40), hold_ms=60)
    call.at(0.0, lambda: call.play(20_000))
    call.at(5000.0, lambda: call.block(3000.0))
    most_ms = 0.0

    def watch(call: ModelledCall) -> None:
        nonlocal most_ms
        most_ms = max(most_ms, call.playout.queued_ms(call.now_ms))

    call.watch = watch
    call.run(30_000)
    assert most_ms <= 480
    assert call.echoes.proven_position == call.far_end.sent_position
    assert call.kinds() == []


# Strange carriers

STRANGE = {
    "marks_not_returned": (MarkHabits(echo="never"), ClearHabits()),
    "marks_returned_early": (MarkHabits(echo="received"), ClearHabits()),
    "marks_lost": (MarkHabits(lost=0.05), ClearHabits()),
    "marks_late": (MarkHabits(late_ms=2000.0), ClearHabits()),
    "clear_loses_marks": (MarkHabits(), ClearHabits(effect="no_marks")),
    "clear_slow": (MarkHabits(), ClearHabits(late_ms=300.0)),
    "clear_ignored": (MarkHabits(), ClearHabits(effect="ignored")),
    "marks_refused": (MarkHabits(refused=(3, 6)), ClearHabits()),
}


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize(("up_ms", "down_ms", "hold_ms"), [(10.0, 10.0, 0.0), (20.0, 120.0, 60.0)])
def test_a_strange_carrier_gets_one_diagnosis(kind: str, up_ms: float, down_ms: float, hold_ms: float) -> None:
    marks, clears = STRANGE[kind]
    call = ModelledCall(Link(delay_ms=up_ms), Link(delay_ms=down_ms), hold_ms=hold_ms, marks=marks, clears=clears)
    cut_at(call, 1300.0, 6000.0, 12_000.0, 17_000.0, 30_000.0)
    assert call.kinds() == [kind]


def test_one_rate_error_is_excused() -> None:
    call = cut_at(ModelledCall(marks=MarkHabits(refused=(3,))), 9000.0)
    assert call.kinds() == []
    assert call.own.enabled


# The user's marks


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    seed=st.integers(0, 10**6),
    jitter_ms=st.sampled_from((0.0, 40.0, 150.0)),
    hold_ms=st.sampled_from((0.0, 60.0, 200.0)),
    strange=st.sampled_from((None, *STRANGE)),
)
def test_every_mark_ends_once_and_cleared_ones_are_never_played(
    data: st.DataObject, seed: int, jitter_ms: float, hold_ms: float, strange: str | None
) -> None:
    marks, clears = STRANGE[strange] if strange else (MarkHabits(), ClearHabits())
    link = Link(delay_ms=30, jitter_ms=jitter_ms)
    call = ModelledCall(link, link, hold_ms=hold_ms, seed=str(seed), marks=marks, clears=clears)
    names = []
    at_ms = 0.0
    call.at(0.0, lambda: call.play(60_000))
    for number in range(data.draw(st.integers(1, 12))):
        at_ms += data.draw(st.floats(1, 1500))
        if data.draw(st.booleans()):
            names.append(f"mark {number}")
            call.at(at_ms, lambda name=names[-1]: call.mark(name))  # type: ignore[misc]
        else:
            call.at(at_ms, call.interrupt)
    call.run(at_ms + 15_000)
    ended = [event for _, event in call.outcomes if isinstance(event, MarkPlayed | MarkCleared | UnexpectedMark)]
    assert sorted(event.name for event in ended) == sorted(names)
    assert sorted(call.settled()) == [cut.id for cut in call.cuts]
    if strange is None:
        assert [event.name for event in ended] == names, "in the order of sending"
        assert not [event.name for event in ended if isinstance(event, MarkPlayed) and call.caused.get(event.name)]


def test_of_two_marks_of_one_name_the_older_one_ends_first() -> None:
    far_end = FarEnd(RATE_HZ)
    echoes = Echoes(far_end)
    for _ in range(3):
        far_end.sent(160, 0.0)
        echoes.sent("same", 0.0)
    assert len(echoes) == 3
    assert echoes.echoed("same", 25.0) == [MarkPlayed("same")]
    assert echoes.proven_position == 160
    assert echoes.echoed("same", 45.0) == [MarkPlayed("same")]
    assert echoes.proven_position == 320
    assert echoes.ended() == [MarkCleared("same", "stop")]
    assert echoes.echoed("same", 50.0) == []
    assert echoes.echoed("strange", 50.0) == [UnexpectedMark("strange")]

"""Pause and resume: no sample is missing, and little is repeated. Discard: nothing follows."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest

from rtpcodec.sim.media.timing import Link
from rtpcodec.sim.media.variations import MarkHabits, Variations
from rtpcodec.stream.events import MarkCleared, MarkPlayed, PauseResolved, ReplyEnded
from rtpcodec.stream.speaking.pause import Pause
from rtpcodec.stream.speaking.reply import Reply
from tests.speaking.conversation import Conversation, pattern

HOLDS_MS = (0.0, 60.0, 200.0)
DELAYS_MS = ((10.0, 10.0), (20.0, 120.0), (120.0, 20.0))
FADE = 40
"""Samples of 5 ms."""
LENGTH_MS = 3000.0
TWICE_MS = 40.0


def runs(heard: npt.NDArray[np.int16]) -> list[npt.NDArray[np.int64]]:
    """Cut what was heard where the content does not continue: each run as sample numbers of `pattern`.

    A run behind the first one begins with a fade-in, whose numbers follow from the samples behind it. A run that ends
    within it is left out: nobody can say what it is, and it is heard again.
    """
    found: list[npt.NDArray[np.int64]] = []
    # 1. Stretches without a silence of 1 ms: samples of `pattern` are never 0, the first one of a fade-in is.
    at = np.flatnonzero(heard)
    if not len(at):
        return found
    gaps = np.diff(at)
    # A shorter silence, behind which the content continues: the far end was dry for less than 1 ms.
    dry = (gaps > 1) & (np.diff(heard[at].astype(np.int64)) == 1)
    for stretch in np.split(at, np.flatnonzero((gaps > 8) | dry) + 1):
        values = heard[stretch[0] : stretch[-1] + 1].astype(np.int64)
        numbers = values - 1
        # 2. The first sample of a fade-in is silent; from its last one on, the content says its place.
        if 1 < len(numbers) <= FADE and numbers[1] != numbers[0] + 1:
            continue
        if len(numbers) > FADE:
            first = numbers[FADE] - FADE - 1
            if numbers[0] != first + 1:
                steps = np.arange(1, FADE)
                expected = (first + 1 + steps) * steps / FADE
                assert np.abs(values[: FADE - 1] - expected).max() <= 1, "the resumption does not fade in over 5 ms"
                numbers = np.concatenate((first + np.arange(FADE), numbers[FADE - 1 :]))
        assert (np.diff(numbers) == 1).all(), "content jumps in the middle of a run"
        found.append(numbers)
    return found


def pause_for(call: Conversation, duration_ms: float, rewind_ms: float) -> float:
    """Pause and resume; returns the uncertainty of the cut at the resume."""
    reply = call.session.last_reply
    pause = call.session.pause_playback(call.now_ms, timeout_ms=10_000)
    call.wait(duration_ms)
    doubt_ms = 0.0 if reply is None else reply.played_uncertainty_ms(call.now_ms)
    pause.resume(call.now_ms, rewind_ms)
    return doubt_ms


def spoken(call: Conversation, marks: bool = True) -> Reply:
    """A reply of 3 s, with marks of the caller in its middle and at its end."""
    reply = call.session.reply()
    reply.play(pattern(0, call.samples(1000)))
    if marks:
        call.session.mark("middle")
    reply.play(pattern(call.samples(1000), call.samples(LENGTH_MS - 1000)))
    if marks:
        call.session.mark("end")
    reply.end()
    return reply


def check_pauses(call: Conversation, pauses: list[tuple[float, float, float]], share: float = 0.0) -> int:
    """Speak with pauses: each so long after the one before, so long, and with this rewind.

    Returns: how often a resumption lay outside of what it may repeat; share 0: that fails.
    """
    call.run(300)
    reply = spoken(call)
    doubts: list[float] = []
    for after_ms, duration_ms, rewind_ms in pauses:
        call.wait(after_ms)
        doubts.append(pause_for(call, duration_ms, rewind_ms))
    call.wait(LENGTH_MS + 3000)
    # 1. Everything was heard.
    found = runs(call.heard())
    assert found[0][0] == 0
    assert found[-1][-1] == call.samples(LENGTH_MS) - 1
    # A run that continues where the one before it ended: the far end was dry, as it is where jitter exceeds its hold.
    repeats_ms = [call.ms(before[-1] + 1 - after[0]) for before, after in pairwise(found)]
    repeats_ms = [repeated_ms for repeated_ms in repeats_ms if repeated_ms]
    left_out = max(0, len(pauses) - len(repeats_ms))  # pauses that came within a fade-in, or before anything was heard
    outside = 0
    for repeated_ms in repeats_ms:
        if repeated_ms < 0 or repeated_ms > (TWICE_MS + max(doubts) + 1) * (1 + left_out):
            outside += 1
            assert share, f"{repeated_ms:g} ms are heard twice, doubts {doubts}"
    # 2. Every pause and mark ended once, and the reply was heard.
    assert [event.outcome for event in call.found(PauseResolved)] == ["resumed"] * len(pauses)
    for event, (_, duration_ms, _) in zip(call.found(PauseResolved), pauses, strict=True):
        assert event.paused_ms == pytest.approx(duration_ms)
    assert sorted(event.name for event in call.found(MarkPlayed)) == ["end", "middle"]
    assert not call.found(MarkCleared)
    assert reply.state in ("played", "estimated")
    # The last frame is padded again after each pause.
    assert LENGTH_MS <= reply.played_ms(call.now_ms) <= LENGTH_MS + 20 * (len(pauses) + 1)
    assert reply.played_ms(call.now_ms) <= reply.sent_ms
    assert [event.state for event in call.found(ReplyEnded)] == [reply.state]
    return outside


def drawn(seed: int, count: int) -> list[tuple[float, float, float]]:
    draw = random.Random(seed)
    return [
        (draw.choice((draw.uniform(0, 100), draw.uniform(0, 1500))), draw.uniform(100, 5000), draw.uniform(20, 40))
        for _ in range(count)
    ]


@pytest.mark.parametrize("hold_ms", HOLDS_MS)
@pytest.mark.parametrize(("up_ms", "down_ms"), DELAYS_MS)
def test_a_resumed_pause_misses_no_sample_and_repeats_little(hold_ms: float, up_ms: float, down_ms: float) -> None:
    for seed in range(2):
        call = Conversation(up=Link(delay_ms=up_ms), down=Link(delay_ms=down_ms), hold_ms=hold_ms)
        check_pauses(call, drawn(seed + int(hold_ms + up_ms), 1 + seed))


@pytest.mark.long
@pytest.mark.parametrize("seeds", [range(40), pytest.param(range(40, 200), marks=pytest.mark.hours)], ids=str)
@pytest.mark.parametrize("hold_ms", HOLDS_MS)
@pytest.mark.parametrize(("up_ms", "down_ms"), DELAYS_MS)
def test_a_resumed_pause_misses_no_sample_and_repeats_little_at_length(
    hold_ms: float, up_ms: float, down_ms: float, seeds: range
) -> None:
    for seed in seeds:
        call = Conversation(up=Link(delay_ms=up_ms), down=Link(delay_ms=down_ms), hold_ms=hold_ms)
        check_pauses(call, drawn(seed, 1 + seed % 3))


@pytest.mark.long
@pytest.mark.parametrize("hold_ms", HOLDS_MS)
@pytest.mark.parametrize("jitter_ms", [40.0, 150.0])
def test_with_jitter_99_of_100_pauses_miss_no_sample(jitter_ms: float, hold_ms: float) -> None:
    outside = 0
    for seed in range(200):
        up, down = Link(delay_ms=20, jitter_ms=jitter_ms), Link(delay_ms=60, jitter_ms=jitter_ms)
        call = Conversation(up=up, down=down, hold_ms=hold_ms, seed=str(seed))
        outside += check_pauses(call, drawn(seed, 1), share=0.01)
    assert outside <= 2


@pytest.mark.parametrize("echo", ["never", "received"])
def test_without_echoes_a_pause_misses_no_sample(echo: Literal["never", "received"]) -> None:
    variations = Variations(chunk_ms=100, marks=MarkHabits(echo=echo))
    for seed in range(4):
        call = Conversation(up=Link(delay_ms=20), down=Link(delay_ms=60), hold_ms=60, variations=variations)
        call.run(300)
        spoken(call, marks=False)
        call.wait(random.Random(seed).uniform(0, 2500))
        doubt_ms = pause_for(call, 700, 20)
        call.wait(LENGTH_MS + 3000)
        found = runs(call.heard())
        assert found[-1][-1] == call.samples(LENGTH_MS) - 1
        for before, after in pairwise(found):
            assert 0 <= call.ms(before[-1] + 1 - after[0]) <= TWICE_MS + doubt_ms + 1


def ended(call: Conversation, pause: Pause, how: str) -> None:
    now_ms = call.now_ms
    if how == "discard":
        pause.discard(now_ms)
    elif how == "interrupt":
        call.machine.interrupt(now_ms)
    elif how == "hang-up":
        call.machine.close(1000, now_ms)
    elif how == "lost socket":
        call.lose()
    elif how == "carrier's stop":
        call.carrier.end("hang_up", now_ms)


@pytest.mark.parametrize("how", ["discard", "interrupt", "hang-up", "lost socket", "carrier's stop"])
@pytest.mark.parametrize("after_ms", [0.0, 30.0, 500.0, 2900.0, 4000.0])
def test_a_pause_that_is_not_resumed_ends_once_as_discarded_and_nothing_follows(how: str, after_ms: float) -> None:
    call = Conversation(up=Link(delay_ms=20), down=Link(delay_ms=60), hold_ms=60)
    call.run(300)
    reply = spoken(call)
    waiting = call.session.reply()
    waiting.play(pattern(0, 8000))
    waiting.end()
    call.wait(after_ms)
    pause = call.session.pause_playback(call.now_ms, timeout_ms=10_000)
    call.wait(400)
    heard, texts = call.heard_samples(), len(call.payloads_sent())
    ended(call, pause, how)
    call.wait(20_000)
    assert [event.outcome for event in call.found(PauseResolved)] == ["discarded"]
    assert pause.resolved == call.found(PauseResolved)[0]
    assert call.heard_samples() == heard
    assert not [payload for _, payload in call.payloads_sent()[texts:] if payload is not None]
    names = [event.name for event in call.found(MarkPlayed)] + [event.name for event in call.found(MarkCleared)]
    assert sorted(names) == ["end", "middle"]
    assert [event.reply_id for event in call.found(ReplyEnded)] == [reply.id, waiting.id]
    assert waiting.state == "interrupted"
    # Neither may be resolved again.
    pause.resume(call.now_ms)
    pause.discard(call.now_ms)
    call.wait(100)
    assert len(call.found(PauseResolved)) == 1


@pytest.mark.parametrize("then", ["resume", "discard"])
def test_a_pause_ends_by_its_time_out(then: Literal["resume", "discard"]) -> None:
    call = Conversation(up=Link(delay_ms=20), down=Link(delay_ms=60), hold_ms=60)
    call.run(300)
    reply = spoken(call)
    call.wait(900)
    call.session.pause_playback(call.now_ms, timeout_ms=2000, then=then)
    call.wait(7000)
    (resolved,) = call.found(PauseResolved)
    assert (resolved.outcome, resolved.paused_ms) == ("resumed" if then == "resume" else "discarded", 2000)
    found = runs(call.heard())
    if then == "resume":
        assert found[-1][-1] == call.samples(LENGTH_MS) - 1
        assert reply.state == "played"
    else:
        assert len(found) == 1
        assert reply.state == "interrupted"


def test_audio_played_during_a_pause_queues_behind_it() -> None:
    call = Conversation(up=Link(delay_ms=20), down=Link(delay_ms=60), hold_ms=60)
    call.run(300)
    reply = call.session.reply()
    reply.play(pattern(0, call.samples(2000)))
    call.wait(1000)
    pause = call.session.pause_playback(call.now_ms, timeout_ms=10_000)
    reply.play(pattern(call.samples(2000), call.samples(500)))
    reply.end()
    call.session.play(pattern(call.samples(2500), call.samples(500)))
    call.session.flush()
    call.wait(1500)
    assert len(runs(call.heard())) == 1
    pause.resume(call.now_ms)
    call.wait(5000)
    first, *rest = runs(call.heard())
    resumed = np.concatenate(rest)
    assert resumed[0] <= first[-1] + 1
    assert (np.diff(resumed) == 1).all()
    assert resumed[-1] == call.samples(3000) - 1


def test_a_pause_of_silence_is_resumed_without_a_sound() -> None:
    call = Conversation(up=Link(delay_ms=20), down=Link(delay_ms=60))
    call.run(300)
    pause = call.session.pause_playback(call.now_ms, timeout_ms=10_000)
    call.wait(500)
    pause.resume(call.now_ms)
    call.wait(2000)
    assert call.heard_samples() == 0
    assert [event.outcome for event in call.found(PauseResolved)] == ["resumed"]

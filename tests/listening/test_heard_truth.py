"""The heard audio that a session reports, compared with the simulator's play-out."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest

from rtpcodec.sim.media.timing import Hold, Link, Timing
from rtpcodec.sim.media.variations import ClearHabits, MarkHabits, Variations
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import background_source
from tests.listening.heard_truth import CHUNKS, HeardCall
from tests.speaking.conversation import EXACT, Conversation, pattern

HOLDS_MS = (0.0, 60.0, 200.0)
DELAYS_MS = ((20.0, 120.0), (120.0, 20.0))
EXACT_MS = 1.0
"""Without jitter, the error is that of rounding."""
BAR_MS = 20.0
CODECS = (("PCMU", 0), ("PCMA", 0), ("G722", 0), ("L16", 16000), ("OPUS", 0), ("AMR-WB", 0))


def heard_call(plan: StreamPlan = EXACT, *, jitter_ms: float = 0.0, **members: Any) -> HeardCall:
    """A call whose heard audio is read from its start; by default 20 ms up, 120 ms down, 60 ms of play-out delay."""
    up_ms, down_ms = members.pop("delays_ms", DELAYS_MS[0])
    settings: dict[str, Any] = {"hold_ms": 60.0, "variations": CHUNKS} | members
    up, down = Link(delay_ms=up_ms, jitter_ms=jitter_ms), Link(delay_ms=down_ms, jitter_ms=jitter_ms)
    call = Conversation(plan, up=up, down=down, **settings)
    call.run(0)
    heard = HeardCall(call)
    call.run(500)
    return heard


def noise(samples: int, seed: int = 1) -> bytes:
    """Audio in which each 20 ms are found again."""
    pcm: bytes = (np.random.default_rng(seed).standard_normal(samples) * 3000).astype("<i2").tobytes()
    return pcm


def talk(heard: HeardCall, length_ms: float = 3000) -> None:
    """Speak four replies: two are interrupted, one is paused and resumed."""
    call = heard.call
    for number in range(4):
        reply = call.session.reply()
        reply.play(noise(call.samples(length_ms), number))
        reply.end()
        call.wait(1500)
        if number == 3:
            pause = call.session.pause_playback(call.now_ms)
            call.wait(700)
            pause.resume(call.now_ms)
        elif number % 2 == 0:
            call.session.interrupt(call.now_ms)
        call.wait(length_ms)
    heard.end()


def require_exact(heard: HeardCall) -> None:
    """All heard audio was read, and has the right time."""
    assert np.abs(heard.errors_ms()).max() < EXACT_MS
    assert np.count_nonzero(heard.joined()) == heard.call.heard_samples()


@pytest.mark.parametrize("hold_ms", HOLDS_MS)
@pytest.mark.parametrize("delays_ms", DELAYS_MS)
def test_without_jitter_every_sample_lies_where_it_was_heard(hold_ms: float, delays_ms: tuple[float, float]) -> None:
    heard = heard_call(hold_ms=hold_ms, delays_ms=delays_ms)
    talk(heard)
    require_exact(heard)


@pytest.mark.parametrize(("codec", "rate_hz"), CODECS)
def test_the_pcm_is_what_the_carrier_decodes(codec: str, rate_hz: int) -> None:
    heard = heard_call(StreamPlan(send_codec=codec, send_rate_hz=rate_hz))
    talk(heard, 2000)
    assert np.abs(heard.errors_ms()).max() < EXACT_MS
    assert heard.reader.sample_rate_hz == heard.call.playout.sample_rate_hz


@pytest.mark.parametrize("hold_ms", HOLDS_MS)
@pytest.mark.parametrize("delays_ms", DELAYS_MS)
def test_with_jitter_it_lies_within_20_ms(hold_ms: float, delays_ms: tuple[float, float]) -> None:
    heard = heard_call(jitter_ms=40, hold_ms=hold_ms, delays_ms=delays_ms)
    talk(heard)
    errors_ms = np.array(heard.errors_ms())
    # A cut is known within its doubt, so that some pieces before one were not heard.
    assert np.count_nonzero(np.isinf(errors_ms)) <= 3 * 3
    found_ms = np.abs(errors_ms[np.isfinite(errors_ms)])
    assert found_ms.max() <= BAR_MS
    assert np.median(found_ms) <= 10


@pytest.mark.parametrize("keep_alive", [None, "silence", "comfort_noise"])
def test_background_and_keep_alive_are_heard_between_replies(keep_alive: str | None) -> None:
    heard = heard_call(options={} if keep_alive is None else {"keep_alive": keep_alive})
    call = heard.call
    call.session.background(BackgroundSound(background_source(noise(80000, 7), 8000), 8000, level_dbov=-30.0))
    call.wait(2500)
    talk(heard)
    assert np.abs(heard.errors_ms()).max() < EXACT_MS
    assert {span.of_reply for span in heard.spans} == {True, False}
    # The sound never stops: but for interruptions, nothing is missing between spans.
    steps_ms = [
        after.media_ms - before.media_ms - before.samples / 8
        for before, after in pairwise(heard.spans)
        if after.run == before.run
    ]
    assert np.abs(steps_ms).max() < EXACT_MS


def test_a_far_end_that_runs_dry_leaves_gaps_where_they_were_heard() -> None:
    heard = heard_call(options={"lead_ms": 100})
    call, draw = heard.call, random.Random(1)
    reply = call.session.reply()
    for number in range(60):
        reply.play(pattern(100 * number, call.samples(100)))
        call.wait(100 if draw.random() < 0.9 else 350)
    heard.end()
    require_exact(heard)
    assert len({span.run for span in heard.spans}) == call.playout.dry_count + 1


@pytest.mark.parametrize("echo", ["never", "received"])
def test_without_echoes_the_error_is_within_the_stated_uncertainty(echo: Literal["never", "received"]) -> None:
    heard = heard_call(variations=Variations(chunk_ms=20, marks=MarkHabits(echo=echo)))
    call = heard.call
    reply = call.session.reply()
    reply.play(noise(call.samples(2000)))
    reply.end()
    call.wait(3000)
    heard.end()
    least_ms = min(span.uncertainty_ms for span in heard.spans)
    assert heard.errors_ms() == pytest.approx([-60.0] * 100)
    assert least_ms >= 60
    assert b"".join(span.pcm for span in heard.spans) == noise(call.samples(2000))


def test_clears_that_the_carrier_ignores_cut_nothing() -> None:
    heard = heard_call(variations=Variations(chunk_ms=20, clears=ClearHabits(effect="ignored")))
    talk(heard)
    require_exact(heard)


def test_lost_inbound_chunks_do_not_move_it() -> None:
    heard = heard_call(faults={"drop": 0.05, "reorder": 0.05})
    talk(heard)
    require_exact(heard)


@pytest.mark.parametrize(("caller_ppm", "playout_ppm"), [(100.0, -100.0), (-100.0, 100.0)])
def test_drifting_clocks_are_followed(caller_ppm: float, playout_ppm: float) -> None:
    timing = Timing(caller_clock_ppm=caller_ppm, playout_clock_ppm=playout_ppm)
    heard = heard_call(timing=timing, options={"keep_alive": "silence"})
    call = heard.call
    for number in range(3):
        reply = call.session.reply()
        reply.play(pattern(5000 * number, call.samples(8000)))
        reply.end()
        call.wait(10_000)
    heard.end()
    assert np.abs(heard.errors_ms()).max() < 2
    assert len({span.run for span in heard.spans}) == 1


def test_through_a_hold_without_inbound_audio_the_time_continues_by_arrival() -> None:
    heard = heard_call(timing=Timing(holds=(Hold(from_ms=3000, to_ms=63_000),)))
    call = heard.call
    for number in range(9):
        reply = call.session.reply()
        reply.play(pattern(5000 * number, call.samples(1000)))
        reply.end()
        call.wait(8000)
    heard.end()
    require_exact(heard)


def test_a_hold_that_timestamps_do_not_count_is_left_out_two_seconds_after_it() -> None:
    heard = heard_call(timing=Timing(holds=(Hold(from_ms=2000, to_ms=22_000, timestamps="stand_still"),)))
    call = heard.call
    call.run(26_000)
    assert heard.signal.times.clock.delay_ms == pytest.approx(120 + 20_000)


@pytest.mark.long
@pytest.mark.hours
@pytest.mark.parametrize(
    ("caller_ppm", "playout_ppm", "jitter_ms"), [(100.0, 100.0, 0.0), (-100.0, 100.0, 0.0), (100.0, -100.0, 40.0)]
)
def test_an_hour_of_one_run_with_drifting_clocks(caller_ppm: float, playout_ppm: float, jitter_ms: float) -> None:
    timing = Timing(caller_clock_ppm=caller_ppm, playout_clock_ppm=playout_ppm)
    heard = heard_call(timing=timing, jitter_ms=jitter_ms, options={"keep_alive": "silence"})
    call = heard.call
    for number in range(120):
        reply = call.session.reply()
        reply.play(pattern(5000 * number, call.samples(8000)))
        reply.end()
        call.wait(30_000)
    heard.end()
    errors_ms = np.abs(heard.errors_ms())
    assert np.quantile(errors_ms, 0.999) <= BAR_MS
    assert np.median(errors_ms) <= (10 if jitter_ms else 1)

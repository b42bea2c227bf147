"""The sound between replies and under them."""

from __future__ import annotations

import tracemalloc
from array import array
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.audio.comfort_noise import ComfortNoise
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import background_source
from rtpcodec.stream.speaking.idle_sound import MAX_BACKGROUND_SOUNDS, IdleSound, KeepAlive
from tests.stream.executed_lines import lines_of
from tests.stream.sounds import CLICK, dbov, difference, largest_step, noise, tone

RATE_HZ = 8000
FRAME = 160
FADE = RATE_HZ // 200
HUM = background_source(tone(RATE_HZ, 8000), RATE_HZ)
OFFICE = background_source(noise(1700), RATE_HZ)
SPEECH = tone(RATE_HZ, 8000, hz=200.0, amplitude=2000.0)


def sound(**options: object) -> BackgroundSound:
    return BackgroundSound(HUM, RATE_HZ, **options)  # type: ignore[arg-type]


def frame(idle: IdleSound, samples: int = FRAME) -> bytes:
    pcm = idle.frame(samples)
    assert pcm is not None
    return pcm


def test_nothing_is_sent_by_default() -> None:
    idle = IdleSound(RATE_HZ)
    assert idle.frame(FRAME) is None
    assert not idle.active
    speech = SPEECH[:320]
    assert idle.under(speech) is speech


def test_silence_is_zeros_and_leaves_speech_alone() -> None:
    idle = IdleSound(RATE_HZ, "silence")
    assert idle.active
    assert idle.frame(FRAME) == bytes(2 * FRAME)
    speech = SPEECH[:320]
    assert idle.under(speech) is speech


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 48000])
def test_comfort_noise_has_its_level_and_no_period_of_a_frame(rate_hz: int) -> None:
    idle = IdleSound(rate_hz, "comfort_noise")
    first = frame(idle, rate_hz // 50)
    heard = b"".join(frame(idle, rate_hz // 50) for _ in range(150))
    assert dbov(heard) == pytest.approx(-62 - 6.15, abs=0.5)
    assert largest_step(first + heard) < CLICK
    assert heard[: len(first)] != first


def test_comfort_noise_continues_behind_speech_and_leaves_speech_alone() -> None:
    idle = IdleSound(RATE_HZ, "comfort_noise")
    frame(idle)
    speech = SPEECH[:320]
    assert idle.under(speech) is speech
    faded, expected = frame(idle), ComfortNoise(RATE_HZ).samples(2 * FRAME)[2 * FRAME :]
    assert faded[2 * FADE :] == expected[2 * FADE :]
    assert abs(array("h", faded)[0]) <= 1


@given(st.lists(st.integers(0, 2000), max_size=12))
@settings(max_examples=30, deadline=None)
def test_idle_sound_does_not_depend_on_how_it_is_cut(sizes: list[int]) -> None:
    found = []
    for pieces in (sizes, [sum(sizes)]):
        idle = IdleSound(RATE_HZ, "comfort_noise")
        idle.add(BackgroundSound(OFFICE, RATE_HZ, level_dbov=-30.0))
        found.append(b"".join(frame(idle, size) for size in pieces))
    assert found[0] == found[1]


def test_a_background_sound_runs_on_under_speech() -> None:
    idle, alone = IdleSound(RATE_HZ), sound()
    idle.add(sound())
    heard = b"".join(frame(idle) if at % 3 else idle.under(bytes(320)) for at in range(30))
    assert heard == alone.alone(30 * FRAME)
    assert largest_step(heard) < CLICK


def test_several_sounds_are_mixed_and_saturated_once() -> None:
    idle = IdleSound(RATE_HZ)
    sounds = [BackgroundSound(source, RATE_HZ, level_dbov=-15.0) for source in (HUM, OFFICE, HUM)]
    twins = [BackgroundSound(source, RATE_HZ, level_dbov=-15.0) for source in (HUM, OFFICE, HUM)]
    for one in sounds:
        idle.add(one)
    parts = [array("h", one.alone(800)) for one in twins]
    speech = array("h", SPEECH[:1600])
    summed = [max(-32768, min(32767, sum(values))) for values in zip(speech, *parts, strict=True)]
    assert array("h", idle.under(speech.tobytes())).tolist() == summed
    sounds[1].stop()
    frame(idle)
    for one in (twins[0], twins[2]):
        one.alone(FRAME)
    rest = [array("h", one.alone(FRAME)) for one in (twins[0], twins[2])]
    assert array("h", frame(idle)).tolist() == [sum(values) for values in zip(*rest, strict=True)]


def test_a_keep_alive_is_heard_with_a_background_sound_but_not_under_speech() -> None:
    idle, alone = IdleSound(RATE_HZ, "comfort_noise"), sound()
    idle.add(sound())
    assert idle.under(bytes(320)) == alone.alone(FRAME)
    heard = frame(idle)
    rest = difference(heard, alone.alone(FRAME))
    assert rest[2 * FADE :] == ComfortNoise(RATE_HZ).samples(FRAME)[2 * FADE :]


@pytest.mark.parametrize("keep_alive", [None, "silence"])
def test_after_the_last_background_sound_the_keep_alive_remains(keep_alive: KeepAlive | None) -> None:
    idle, one = IdleSound(RATE_HZ, keep_alive), sound()
    idle.add(one)
    frame(idle)
    one.stop()
    last = frame(idle)
    assert last[2 * FADE :] == bytes(2 * (FRAME - FADE))
    assert one.ended
    assert not idle.follows_speech
    assert idle.frame(FRAME) == (bytes(2 * FRAME) if keep_alive else None)
    assert idle.active is (keep_alive is not None)


def test_a_rewind_takes_a_background_sound_back_to_the_cut() -> None:
    idle = IdleSound(RATE_HZ, "comfort_noise")
    idle.add(BackgroundSound(OFFICE, RATE_HZ))
    frame(idle, 1000)
    before = idle.under(bytes(800))
    idle.rewind(400)
    after = idle.under(bytes(800))
    assert after[2 * FADE :] == before[2 * FADE :]
    assert abs(array("h", after)[0]) <= 10


def test_a_recording_that_ended_unheard_comes_back() -> None:
    idle = IdleSound(RATE_HZ)
    idle.add(sound(loop=False))
    frame(idle, 7900)
    last = frame(idle, 400)
    assert idle.frame(FRAME) is None
    idle.rewind(400)
    assert idle.active
    assert frame(idle, 400)[2 * FADE :] == last[2 * FADE :]


def test_an_ended_recording_is_dropped_in_the_end() -> None:
    idle = IdleSound(RATE_HZ)
    idle.add(sound(loop=False))
    frame(idle, 8000)
    for _ in range(25):
        assert idle.follows_speech
        idle.under(bytes(3200))
    idle.under(bytes(3200))
    assert not idle.follows_speech


def test_audio_that_bypassed_the_mix_makes_all_sounds_fade_in() -> None:
    idle, alone = IdleSound(RATE_HZ), sound()
    idle.add(sound())
    frame(idle, 1000)
    alone.alone(1000)
    idle.unmixed()
    heard, expected = frame(idle), alone.alone(FRAME)
    assert heard[2 * FADE :] == expected[2 * FADE :]
    assert largest_step(heard) < CLICK


def test_what_cannot_be_added_is_refused() -> None:
    idle, one = IdleSound(RATE_HZ), sound()
    idle.add(one)
    with pytest.raises(ValueError, match=r"^the background sound was already added$"):
        idle.add(one)
    with pytest.raises(ValueError, match=r"^the background sound has 16000 Hz, the call has 8000 Hz$"):
        idle.add(BackgroundSound(HUM, 16000))
    for _ in range(MAX_BACKGROUND_SOUNDS - 1):
        idle.add(sound())
    with pytest.raises(ValueError, match=r"^8 background sounds are heard, one of them must be stopped first$"):
        idle.add(sound())
    one.stop()
    idle.add(sound())
    with pytest.raises(ValueError, match=r"^keep_alive is 'noise', None, 'silence' or 'comfort_noise' is needed$"):
        IdleSound(RATE_HZ, "noise")  # type: ignore[arg-type]


@pytest.mark.parametrize("keep_alive", [None, "silence", "comfort_noise"])
def test_a_thousand_replies_join_without_a_click(keep_alive: KeepAlive | None) -> None:
    drawn = Random(7)
    idle, alone = IdleSound(RATE_HZ, keep_alive), BackgroundSound(HUM, RATE_HZ, level_dbov=-45.0, duck_db=10.0)
    idle.add(alone)
    heard = []
    for _ in range(1000):
        heard += [frame(idle) for _ in range(drawn.randint(0, 3))]
        speech = SPEECH[: 320 * drawn.randint(1, 3)]
        heard.append(difference(idle.under(speech), speech))
    assert largest_step(b"".join(heard)) < CLICK


def test_an_hour_of_sound_holds_no_more_than_its_beginning() -> None:
    idle = IdleSound(RATE_HZ, "comfort_noise")
    idle.add(BackgroundSound(background_source(noise(4000), 16000), RATE_HZ))
    for _ in range(200):
        frame(idle)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for at in range(1000):
            frame(idle)
            if not at % 7:
                idle.rewind(3 * FRAME)
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < 4000


def test_calls_share_a_recording() -> None:
    source = background_source(bytes(1_000_000), 48000)
    tracemalloc.start()
    try:
        for _ in range(3):
            BackgroundSound(source, RATE_HZ).alone(FRAME)  # what the module itself keeps
        before = tracemalloc.get_traced_memory()[0]
        sounds = [BackgroundSound(source, RATE_HZ) for _ in range(20)]
        for one in sounds:
            one.alone(FRAME)
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert held < 20 * 3000


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
def test_a_frame_costs_the_same_at_any_time_of_a_call(rate_hz: int) -> None:
    """Lines of Python, which no busy machine changes; a line here takes some 0.1 us."""
    idle = IdleSound(RATE_HZ, "comfort_noise")
    one = BackgroundSound(background_source(noise(rate_hz // 10), rate_hz), RATE_HZ)
    idle.add(one)
    speech = bytes(2 * FRAME)
    frame(idle)
    ordinary = max(lines_of(act) for act in [lambda: frame(idle), lambda: idle.under(speech)] * 10)
    assert ordinary <= 100
    one.rewind(1)
    for _ in range(200):
        frame(idle, 10 * FRAME)
    frame(idle, 7)
    assert lines_of(lambda: frame(idle)) <= ordinary
    idle.rewind(10**9)
    assert lines_of(lambda: frame(idle)) <= 2 * ordinary, "also where it begins again"


@pytest.mark.parametrize("kind", ["silence", "comfort_noise"])
def test_stop_ends_everything_and_only_the_keep_alive_returns(kind: KeepAlive) -> None:
    idle = IdleSound(RATE_HZ, kind)
    idle.add(sound())
    frame(idle)
    idle.stop()
    assert frame(idle)[2 * FADE :] == bytes(2 * (FRAME - FADE))  # the end of the fade
    assert not idle.active
    assert idle.frame(FRAME) is None
    assert idle.under(SPEECH[:320]) == SPEECH[:320]
    idle.resume_keep_alive()
    assert idle.active
    assert largest_step(frame(idle) + frame(idle)) < CLICK
    assert (frame(idle) == bytes(2 * FRAME)) is (kind == "silence")


def test_stop_without_any_sound_changes_nothing() -> None:
    idle = IdleSound(RATE_HZ)
    idle.stop()
    idle.resume_keep_alive()
    assert idle.silent
    assert not idle.active
    idle.add(sound())
    assert idle.active

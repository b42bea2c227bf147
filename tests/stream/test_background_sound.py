"""Background sound under speech and alone."""

from __future__ import annotations

import copy
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import background_source
from tests.stream.sounds import CLICK, dbov, difference, largest_step, noise, tone

RATE_HZ = 8000
FADE = RATE_HZ // 200
OFFICE = background_source(noise(1700), RATE_HZ)
HUM = background_source(tone(RATE_HZ, 8000), RATE_HZ)
SLOW = background_source(tone(RATE_HZ, 8000, hz=50.0), RATE_HZ)
"""A sound without large steps of its own."""


def hum(level_dbov: float = -45.0, **options: object) -> BackgroundSound:
    return BackgroundSound(HUM, RATE_HZ, level_dbov=level_dbov, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("amplitude", [100.0, 3000.0, 30000.0])
@pytest.mark.parametrize("level_dbov", [-60.0, -45.0, -30.0, -12.0])
@pytest.mark.parametrize("rates", [(8000, 8000), (16000, 8000), (48000, 16000), (8000, 24000)])
def test_the_level_is_that_of_the_recording_as_a_whole(
    rates: tuple[int, int], level_dbov: float, amplitude: float
) -> None:
    from_hz, to_hz = rates
    source = background_source(tone(from_hz, from_hz, amplitude=amplitude), from_hz)
    sound = BackgroundSound(source, to_hz, level_dbov=level_dbov)
    sound.alone(to_hz // 50)
    highest = dbov(source.pcm) + 30
    assert dbov(sound.alone(to_hz)) == pytest.approx(min(level_dbov, highest), abs=0.5)


def test_silence_stays_silent_and_the_gain_is_limited() -> None:
    assert BackgroundSound(background_source(bytes(400), RATE_HZ), RATE_HZ).alone(800) == bytes(1600)
    quiet = background_source(tone(RATE_HZ, 8000, amplitude=3.0), RATE_HZ)
    sound = BackgroundSound(quiet, RATE_HZ, level_dbov=0.0)
    sound.alone(FADE)
    assert dbov(sound.alone(8000)) == pytest.approx(dbov(quiet.pcm) + 30, abs=0.1)


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(RATES_HZ),
    st.booleans(),
    st.lists(st.tuples(st.integers(1, 400), st.integers(0, 600)), min_size=1, max_size=12),
)
def test_a_rewind_repeats_what_was_returned(rate_hz: int, loop: bool, moves: list[tuple[int, int]]) -> None:
    source = background_source(noise(rate_hz // 20 + 3), rate_hz)
    whole = BackgroundSound(source, RATE_HZ, loop=loop).alone(20000)
    sound, position = BackgroundSound(source, RATE_HZ, loop=loop), 0
    for samples, back in moves:
        found = sound.alone(samples)
        behind = max(0, FADE - position)  # the fade-in of the beginning is not repeated
        assert found[2 * behind :] == whole[2 * (position + behind) : 2 * (position + samples)]
        position = max(0, position + samples - back)
        sound.rewind(back, fade_in=False)


def test_a_rewind_fades_in_and_is_exact_behind_the_fade() -> None:
    sound = BackgroundSound(OFFICE, RATE_HZ)
    sound.alone(1000)
    before = sound.alone(400)
    sound.rewind(400)
    after = sound.alone(400)
    assert after[2 * FADE :] == before[2 * FADE :]
    envelope = [a / b for a, b in zip(array("h", after), array("h", before), strict=True) if abs(b) > 100]
    assert envelope[0] < 0.1
    assert all(step <= 1 for step in envelope)


def test_a_rewind_does_not_go_beyond_the_beginning() -> None:
    sound = BackgroundSound(OFFICE, RATE_HZ)
    first = sound.alone(500)
    sound.rewind(10**9)
    assert sound.alone(500) == first
    with pytest.raises(ValueError, match=r"^samples is -1, 0 or more is needed$"):
        sound.rewind(-1)


def test_under_speech_it_is_added_and_saturated() -> None:
    alone, mixed = (
        BackgroundSound(OFFICE, RATE_HZ, level_dbov=-20.0),
        BackgroundSound(OFFICE, RATE_HZ, level_dbov=-20.0),
    )
    speech = array("h", [32000, -32000] * 400)
    expected = [max(-32768, min(32767, a + b)) for a, b in zip(speech, array("h", alone.alone(800)), strict=True)]
    assert array("h", mixed.under(speech.tobytes())).tolist() == expected


def test_it_is_quieter_under_speech_and_moves_there_in_50_ms() -> None:
    sound, flat = hum(-30.0, duck_db=12.0), hum(-30.0)
    loud = sound.alone(1600)
    assert loud == flat.alone(1600)
    moving, at_level = sound.under(bytes(800)), flat.under(bytes(800))
    assert largest_step(difference(moving, at_level)) < CLICK
    assert dbov(sound.under(bytes(8000))) == pytest.approx(-42.0, abs=0.2)
    sound.alone(400)
    assert dbov(sound.alone(4000)) == pytest.approx(-30.0, abs=0.1)


def test_a_background_sound_that_begins_under_speech_begins_at_its_ducked_level() -> None:
    sound = hum(-30.0, duck_db=12.0)
    sound.under(bytes(2 * FADE))
    assert dbov(sound.under(bytes(800))) == pytest.approx(-42.0, abs=0.5)


def cut(sound: BackgroundSound, sizes: list[int], *, speech: bool) -> bytes:
    return b"".join(sound.under(bytes(2 * size)) if speech else sound.alone(size) for size in sizes)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 300), min_size=1, max_size=10), st.sampled_from(RATES_HZ), st.booleans())
def test_the_result_does_not_depend_on_how_it_is_cut(sizes: list[int], rate_hz: int, loop: bool) -> None:
    source = background_source(noise(rate_hz // 10), rate_hz)
    found = []
    for pieces in (sizes, [sum(sizes)]):
        sound = BackgroundSound(source, RATE_HZ, level_dbov=-30.0, loop=loop, duck_db=6.0)
        found.append(sound.alone(100) + cut(sound, pieces, speech=True) + cut(sound, pieces, speech=False))
    rounding = max(map(abs, array("h", difference(found[0], found[1]))), default=0)
    assert rounding <= 1, "in the piece in which the ducking reaches its level"


@pytest.mark.parametrize("at", [0, 1, FADE - 1, FADE, 700])
def test_stop_fades_out_within_5_ms(at: int) -> None:
    sound = BackgroundSound(SLOW, RATE_HZ, level_dbov=-20.0)
    before = sound.alone(at)
    sound.stop()
    sound.stop()
    after = sound.alone(100)
    assert sound.ended
    assert not any(after[2 * FADE :])
    assert largest_step(before + after) < CLICK
    sound.rewind(100)
    assert sound.ended
    assert sound.alone(100) == bytes(200)


def test_stop_before_the_fade_is_over_ends_behind_it() -> None:
    sound = hum()
    sound.alone(500)
    sound.stop()
    assert not sound.ended
    sound.alone(FADE - 1)
    assert not sound.ended
    sound.alone(1)
    assert sound.ended


def test_a_recording_that_does_not_repeat_fades_out_at_its_end() -> None:
    source = background_source(noise(800), RATE_HZ)
    sound = BackgroundSound(source, RATE_HZ, loop=False, level_dbov=-20.0)
    whole = sound.alone(799)
    assert not sound.ended
    whole += sound.alone(1)
    assert sound.ended
    assert sound.over_samples == 0
    assert whole[-2:] == bytes(2)
    assert sound.alone(160) == bytes(320)
    assert sound.over_samples == 160
    sound.rewind(160 + 400, fade_in=False)
    assert not sound.ended
    assert sound.alone(400) == whole[-800:]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"level_dbov": 1.0}, "level_dbov is 1.0, -90 to 0 is needed"),
        ({"level_dbov": float("nan")}, "level_dbov is nan, -90 to 0 is needed"),
        ({"level_dbov": -91}, "level_dbov is -91, -90 to 0 is needed"),
        ({"duck_db": -1.0}, "duck_db is -1.0, 0 to 60 is needed"),
        ({"duck_db": 61}, "duck_db is 61, 0 to 60 is needed"),
        ({"to_hz": 8001}, "to_hz is 8001, allowed are "),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=r"^(level_dbov|duck_db|to_hz) is ") as raised:
        BackgroundSound(OFFICE, **{"to_hz": RATE_HZ, **options})  # type: ignore[arg-type]
    assert str(raised.value).startswith(text)


def test_a_background_sound_is_not_copied() -> None:
    with pytest.raises(TypeError, match="BackgroundSound belongs to its process"):
        copy.copy(hum())

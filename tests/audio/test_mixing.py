"""Gains in decibels, mixing and fades."""

from __future__ import annotations

import math
from array import array
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.harness.signals import speech
from rtpcodec.audio import levels, mixing

SPEECH = speech(8000).tobytes()


@pytest.mark.parametrize("gain_db", [-45.0, -20.0, -6.0, 0.0, 3.0])
def test_a_gain_changes_the_level_by_so_much(gain_db: float) -> None:
    before, after = levels.rms_dbov(SPEECH), levels.rms_dbov(mixing.amplify(SPEECH, gain_db))
    assert after - before == pytest.approx(gain_db, abs=0.05)


def test_gain_0_db_changes_nothing_and_minus_infinity_is_silence() -> None:
    assert mixing.amplify(SPEECH, 0) == SPEECH
    assert mixing.amplify(SPEECH, -math.inf) == bytes(len(SPEECH))


@pytest.mark.parametrize("gain_db", [36.1, math.inf, math.nan])
def test_gains_that_are_too_high_are_refused(gain_db: float) -> None:
    text = rf"^gain_db is {gain_db!r}, at most 36 is allowed$"
    with pytest.raises(ValueError, match=text):
        mixing.amplify(SPEECH, gain_db)
    with pytest.raises(ValueError, match=text):
        mixing.mix([SPEECH], [gain_db])


@pytest.mark.parametrize("level_dbov", [-20.0, -26.0, -45.0, -60.0])
def test_a_recording_gets_a_level(level_dbov: float) -> None:
    assert levels.rms_dbov(mixing.set_level(SPEECH, level_dbov)) == pytest.approx(level_dbov, abs=0.1)


def test_silence_stays_silent_and_quiet_sound_gets_36_db_at_most() -> None:
    assert mixing.set_level(bytes(320), -20) == bytes(320)
    assert mixing.set_level(array("h", [1, -1]), 0) == array("h", [63, -63]).tobytes()
    with pytest.raises(ValueError, match=r"^level_dbov is 0.1, at most 0 is allowed$"):
        mixing.set_level(SPEECH, 0.1)
    with pytest.raises(ValueError, match=r"^pcm has 0 samples, at least 1 is needed$"):
        mixing.set_level(b"", -20)


def test_background_under_speech() -> None:
    music = speech(8000, seed=2)
    mixed = np.frombuffer(mixing.mix((SPEECH, music.tobytes()), (0, -20)), np.int16)
    expected = np.frombuffer(SPEECH, np.int16) + np.rint(music * 0.1)
    assert np.abs(mixed - expected).max() <= 1


def test_without_gains_the_sum_is_exact() -> None:
    assert mixing.mix([array("h", [1, 2]), array("h", [3, 32767])]) == array("h", [4, 32767]).tobytes()


@given(st.lists(st.integers(0, 300), max_size=6), st.integers(1, 200), st.booleans())
def test_a_fade_in_pieces_equals_the_whole(cuts: list[int], samples: int, rising: bool) -> None:
    pcm = speech(300)
    fade = mixing.Fade(samples, rising=rising)
    pieces = []
    for start, end in pairwise([0, *sorted(cuts), 300]):
        assert fade.ended == (start >= samples)
        pieces.append(fade.apply(pcm[start:end].tobytes()))
    assert b"".join(pieces) == mixing.Fade(samples, rising=rising).apply(pcm.tobytes())


def test_fades_begin_and_end_in_silence() -> None:
    pcm = array("h", [10000] * 400)
    rising, falling = (array("h", fade(pcm, 40)).tolist() for fade in (mixing.fade_in, mixing.fade_out))
    assert rising == falling[::-1]
    assert rising[0] == 0
    assert rising[40:] == [10000] * 360
    assert max(abs(a - b) for a, b in pairwise(rising)) == 250


@pytest.mark.parametrize("samples", [1, 2, 3, 50])
def test_a_fade_out_of_fewer_samples_is_silent_at_its_end(samples: int) -> None:
    assert array("h", mixing.fade_out(array("h", [1000] * samples), 80))[-1] == 0


def test_a_fade_out_of_nothing_is_nothing() -> None:
    assert mixing.fade_out(b"", 80) == mixing.fade_in(b"", 80) == b""


def test_fades_need_samples_of_int16() -> None:
    with pytest.raises(ValueError, match=r"^samples is 0, at least 1 is needed$"):
        mixing.Fade(0)
    wrong: list[Any] = [array("f", [0.5]), array("d", [0.5])]
    for floats in wrong:
        for fade in (mixing.fade_in, mixing.fade_out):
            with pytest.raises(TypeError, match="items of format"):
                fade(floats, 5)

"""Comfort noise: its level, its seed, and a state that does not depend on the pieces."""

from __future__ import annotations

import pytest

from rtpcodec.audio import levels
from rtpcodec.audio.comfort_noise import ComfortNoise


@pytest.mark.parametrize("level_dbm0", [-80.0, -70.0, -62.0, -40.0, -10.0])
def test_noise_has_its_level(level_dbm0: float) -> None:
    pcm = ComfortNoise(8000, level_dbm0).samples(80_000)
    # Integer samples with an RMS value of 1.6 have 0.14 dB more.
    assert levels.dbm0_of_dbov(levels.rms_dbov(pcm)) == pytest.approx(level_dbm0, abs=0.2 if level_dbm0 < -75 else 0.05)


def test_a_quiet_line_is_the_default() -> None:
    noise = ComfortNoise(8000)
    assert noise.level_dbm0 == -62
    assert levels.peak_dbov(noise.samples(8000)) < -57
    assert repr(noise) == "ComfortNoise(rate_hz=8000, level_dbm0=-62, seed=0)"


def test_pieces_and_a_new_start_give_the_same_noise() -> None:
    noise = ComfortNoise(8000, seed=3)
    whole = ComfortNoise(8000, seed=3).samples(1000)
    assert b"".join(noise.samples(n) for n in (0, 1, 160, 339, 500)) == whole
    noise.reset()
    assert noise.samples(1000) == whole
    assert ComfortNoise(8000, seed=4).samples(1000) != whole


def test_other_levels_and_rates_are_refused() -> None:
    for level_dbm0 in (-80.1, -9.9, float("nan")):
        with pytest.raises(ValueError, match=rf"^level_dbm0 is {level_dbm0!r}, -80 to -10 are allowed$"):
            ComfortNoise(8000, level_dbm0)
    with pytest.raises(ValueError, match=r"^rate_hz is 0, it must be above 0$"):
        ComfortNoise(0)
    with pytest.raises(ValueError, match=r"^samples is -1, "):
        ComfortNoise(8000).samples(-1)

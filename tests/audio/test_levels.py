"""Levels: the definitions of G.100.1 and G.711, and silence."""

from __future__ import annotations

import math
from array import array
from typing import Any

import numpy as np
import pytest

from rtpcodec.audio import levels
from rtpcodec.kernels.g711 import pcma_decode
from rtpcodec.kernels.tones import sines

MILLIWATT_A_LAW = bytes.fromhex("34212134b4a1a1b4")
"""0 dBm0, 1 kHz, as A-law octets (G.711 table 5)."""


def test_0_dbov_is_full_scale() -> None:
    assert levels.rms_dbov(array("h", [-32768] * 160)) == 0
    assert levels.peak_dbov(array("h", [0, -32768])) == 0


def test_a_sine_at_full_scale_has_3_01_db_less() -> None:
    sine = sines([(1000, 32767)], 16000, 0, 16000)
    assert levels.rms_dbov(sine) == pytest.approx(-3.0103, abs=0.001)


def test_the_milliwatt_of_g711_has_0_dbm0() -> None:
    level = levels.dbm0_of_dbov(levels.rms_dbov(pcma_decode(MILLIWATT_A_LAW * 20)))
    assert level == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("amplitude", [1, 100, 32767])
def test_levels_equal_numpy(amplitude: int) -> None:
    pcm: Any = np.random.default_rng(amplitude).integers(-amplitude, amplitude + 1, 1600).astype(np.int16)
    power = np.mean((pcm / 32768) ** 2)
    assert levels.rms_dbov(pcm) == pytest.approx(10 * np.log10(power), abs=1e-9)
    assert levels.peak_dbov(pcm) == pytest.approx(20 * math.log10(amplitude / 32768), abs=0.05)


@pytest.mark.parametrize("level", [levels.rms_dbov, levels.peak_dbov])
def test_silence_has_a_named_level_and_nothing_none(level: Any) -> None:
    assert level(bytes(320)) == levels.SILENCE_DBOV == -127
    with pytest.raises(ValueError, match=r"^pcm has 0 samples, at least 1 is needed$"):
        level(b"")
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        level(b"123")
    with pytest.raises(TypeError, match=r"^pcm has items of format 'f'"):
        level(array("f", [0.5]))


def test_nothing_reads_below_silence() -> None:
    assert levels.rms_dbov(array("h", [1] + [0] * 10_000)) == levels.SILENCE_DBOV


@pytest.mark.parametrize("level_dbov", [0.0, -6.15, -26.0, -60.0])
def test_rms_and_dbm0_are_inverse(level_dbov: float) -> None:
    assert 20 * math.log10(levels.rms_of_dbov(level_dbov) / 32768) == pytest.approx(level_dbov)
    assert levels.dbov_of_dbm0(levels.dbm0_of_dbov(level_dbov)) == pytest.approx(level_dbov)

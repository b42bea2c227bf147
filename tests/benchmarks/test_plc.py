"""Concealment is better than the reference's on its own recordings, and costs little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import plc
from tests.vectors import VARIABLE, whole_set


@pytest.fixture(scope="module")
def found() -> list[plc.Score]:
    vectors = whole_set()
    if vectors is None:
        pytest.skip(f"{VARIABLE} is not set")
    return list(plc.scores(Path(vectors, "plc")))


def of(found: list[plc.Score], codec: str, way: str) -> dict[str, plc.Score]:
    return {one.file: one for one in found if (one.codec, one.way) == (codec, way)}


@pytest.mark.long
def test_pcmu_is_better_than_appendix_i_in_the_mean_and_on_no_file_clearly_worse(found: list[plc.Score]) -> None:
    reference, ours = plc.mean(found, "PCMU", "appendix_i"), plc.mean(found, "PCMU", "ours")
    assert ours.lsd_db < reference.lsd_db - 1
    assert ours.stoi > reference.stoi + 0.005
    theirs = of(found, "PCMU", "appendix_i")
    for file, score in of(found, "PCMU", "ours").items():
        assert score.lsd_db < theirs[file].lsd_db + 0.1, file
        assert score.stoi > theirs[file].stoi - 0.002, file


@pytest.mark.long
@pytest.mark.parametrize("way", plc.REFERENCES["G722"])
def test_g722_is_clearly_better_than_concealment_of_codes(found: list[plc.Score], way: str) -> None:
    reference, ours = plc.mean(found, "G722", way), plc.mean(found, "G722", "ours")
    assert ours.lsd_db < reference.lsd_db - 2
    assert ours.stoi > reference.stoi + 0.03
    theirs = of(found, "G722", way)
    for file, score in of(found, "G722", "ours").items():
        assert score.lsd_db < theirs[file].lsd_db, file
        assert score.stoi > theirs[file].stoi - 0.005, file


def test_frames_near_a_loss_are_scored() -> None:
    lost = np.array([0, 1, 1, 0, 0, 0, 1, 0], np.uint8)
    assert plc.is_scored(lost).tolist() == [False, True, True, True, True, False, True, True]


def test_a_gain_is_a_distance_of_as_many_db() -> None:
    pcm = (np.random.default_rng(1).normal(size=8000) * 3000).astype(np.int16)
    every = np.ones(100, bool)
    assert plc.log_spectral_distance_db(pcm, pcm, every, 8000) == 0
    assert plc.log_spectral_distance_db(pcm, pcm // 2, every, 8000) == pytest.approx(6.02, abs=0.1)

"""Lines without a fault: no diagnosis, whatever they carry.

A stream is looked at for ten seconds of sound after each change, so a `start` every ten seconds has all of it
looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from rtpcodec import events
from tests.listening import clean_sounds, streams
from tests.listening.speakers import Samples, Talker, espeak, shipped, spoken
from tests.stream import carrier

CODINGS = [
    ("PCMU", "PCMU", 8000, 8000),
    ("PCMA", "PCMA", 8000, 8000),
    ("G722", "G722", 16000, 8000),
    ("L16", "L16 little", 16000, 16000),
    ("OPUS", "OPUS", 16000, 48000),
    ("AMR-WB", "AMR-WB", 16000, 16000),
]
HOURS = 10
TALKERS = 24
SCENES_PER_HOUR = 3600 // clean_sounds.SCENE_S
ENCODED_AMRWB = 150
"""Scenes that are encoded in AMR-WB, which takes longer than all the rest; they are fed in turn, with other losses."""


def false_diagnoses(coding: tuple[str, str, int, int], talkers: Sequence[Talker], numbers: range) -> list[str]:
    """Return all diagnoses in scenes without a fault; about one in a hundred chunks is lost."""
    encoding, name, rate_hz, declared_hz = coding
    session = streams.session_for(encoding, declared_hz)
    found, now_ms = [], 0.0
    kept: dict[int, list[bytes]] = {}
    for number in numbers:
        scene = number % ENCODED_AMRWB if encoding == "AMR-WB" else number
        chunks = kept.get(scene)
        if chunks is None:
            chunks = streams.encoded(name, clean_sounds.scene(talkers, rate_hz, scene), 20, rate_hz)
            if encoding == "AMR-WB":
                kept[scene] = chunks
        session.receive(carrier.start(encoding, declared_hz), now_ms)
        lost = set(np.random.default_rng(number).integers(0, 500, 5).tolist())
        for at, chunk in enumerate(chunks):
            now_ms += 20.0
            if at not in lost:
                session.receive(carrier.media(chunk, at + 1, track="inbound", timestamp=20 * at), now_ms)
                found += [
                    f"scene {number}, {at * 20} ms: {one.kind}: {one.evidence}"
                    for one in session.events(now_ms)
                    if isinstance(one, events.Diagnosis)
                ]
    return found


@pytest.mark.parametrize("coding", CODINGS, ids=lambda coding: str(coding[0]))
def test_five_minutes_have_no_diagnosis(coding: tuple[str, str, int, int]) -> None:
    # Each codec has other scenes, so that together they have all of them.
    first = 5 * CODINGS.index(coding)
    assert false_diagnoses(coding, shipped(), range(first, first + 5)) == []


@pytest.mark.parametrize("encoding", ["PCMU", "PCMA"])
@pytest.mark.parametrize("sound", [clean_sounds.bursts, clean_sounds.full_scale])
def test_loud_noise_is_not_taken_for_octets_of_another_codec(
    sound: Callable[[int, clean_sounds.Drawn], Samples], encoding: str
) -> None:
    for number in range(6):
        samples = sound(8000, np.random.default_rng(number))
        found = streams.fed(streams.session_for(encoding, 8000), streams.encoded(encoding, samples, 20), 20)
        assert found == [], number


@pytest.mark.long
@pytest.mark.parametrize(
    "coding",
    [pytest.param(coding, marks=() if coding[0] == "PCMU" else pytest.mark.hours, id=coding[0]) for coding in CODINGS],
)
def test_ten_hours_have_no_diagnosis(coding: tuple[str, str, int, int], tmp_path: Path) -> None:
    talkers = list(shipped())
    if espeak() is None:
        pytest.skip("espeak-ng is not installed")
    talkers += [spoken(tmp_path, number) for number in range(TALKERS)]
    scenes = HOURS * SCENES_PER_HOUR // len(CODINGS)
    assert false_diagnoses(coding, talkers, range(1000, 1000 + scenes)) == []

"""Speech contains no tones: the shipped speech, sentences of espeak-ng, and one hour of them for docs/tones.md."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from random import Random
from typing import Final

import numpy as np
import pytest

from rtpcodec.audio.resample import Resampler
from rtpcodec.audio.tone_detection import TONE_KINDS
from tests.audio.dtmf_line import tones_in
from tests.audio.tone_sounds import octets
from tests.listening.speakers import shipped
from tests.listening.talkers import ESPEAK_HZ, VARIANTS, WAV_HEADER_OCTETS, needs_espeak

WORDS: Final = [
    "time",
    "year",
    "people",
    "way",
    "day",
    "man",
    "thing",
    "woman",
    "life",
    "child",
    "world",
    "school",
    "state",
    "family",
    "student",
    "group",
    "country",
    "problem",
    "hand",
    "part",
    "place",
    "case",
    "week",
    "company",
    "system",
    "program",
    "question",
    "work",
    "government",
    "number",
    "night",
    "point",
    "home",
    "water",
    "room",
    "mother",
    "area",
    "money",
    "story",
    "fact",
    "month",
    "lot",
    "right",
    "study",
    "book",
    "eye",
    "job",
    "word",
    "business",
    "issue",
    "side",
    "kind",
    "head",
    "house",
    "service",
    "friend",
    "father",
    "power",
    "hour",
    "game",
    "line",
    "end",
    "member",
    "law",
    "car",
    "city",
    "community",
    "name",
    "president",
    "team",
    "minute",
    "idea",
    "body",
    "information",
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "star",
    "pound",
    "hello",
    "thank",
    "you",
    "please",
    "invoice",
    "delivery",
    "account",
]
VOICES: Final = ("en-us", "en-gb", "en-gb-scotland", "de", "fr", "es", "it", "pl", "ru", "pt", "nl", "sv")
LEVELS_DBOV: Final = (-32.0, -14.0)
"""Levels of whole texts."""


def spoken(drawn: Random, words: int) -> bytes:
    """Return a text spoken by espeak-ng at 16 kHz, with random voice, pitch, speed, words and level."""
    text = " ".join(drawn.choice(WORDS) + drawn.choice(("", "", "", "", ",", ".")) for _ in range(words))
    voice = f"{drawn.choice(VOICES)}+{drawn.choice(VARIANTS)}"
    options = ["-v", voice, "-s", str(drawn.randint(110, 220)), "-p", str(drawn.randint(10, 95)), "--stdout"]
    wav = subprocess.run(["espeak-ng", *options, text], check=True, capture_output=True).stdout[WAV_HEADER_OCTETS:]
    samples = np.frombuffer(Resampler(ESPEAK_HZ, 16000).resample(wav[: len(wav) // 2 * 2]), np.int16).astype(float)
    rms = 32768 * 10 ** (drawn.uniform(*LEVELS_DBOV) / 20)
    return octets(samples * rms / max(float(np.sqrt(np.mean(samples**2))), 1.0))


def speech(seed: int, duration_s: float, words: int = 120) -> Iterator[bytes]:
    """Yield texts with a total duration of speech."""
    drawn, left = Random(seed), duration_s
    while left > 0:
        pcm = spoken(drawn, words)
        left -= len(pcm) / 32000
        yield pcm


def narrow(pcm: bytes) -> bytes:
    """Return the same at 8 kHz."""
    return Resampler(16000, 8000).resample(pcm)


def test_the_shipped_talkers_speak_no_tones() -> None:
    for talker in shipped():
        for level_dbov in (-30.0, -18.0):
            assert tones_in(octets(talker.at(8000, level_dbov)), 8000, TONE_KINDS) == []
            assert tones_in(octets(talker.at(16000, level_dbov)), 16000, ("dtmf",)) == []


def test_a_minute_of_speech_has_no_tones() -> None:
    needs_espeak()
    for pcm in speech(1, 60.0):
        assert tones_in(narrow(pcm), 8000, TONE_KINDS) == []


@pytest.mark.long
@pytest.mark.hours
def test_an_hour_of_speech_has_no_tones() -> None:
    needs_espeak()
    found: list[object] = []
    duration_s = 0.0
    for pcm in speech(2, 3600.0):
        duration_s += len(pcm) / 32000
        found += tones_in(narrow(pcm), 8000, TONE_KINDS) + tones_in(pcm, 16000, ("dtmf",))
    print(f"{len(found)} tones in {duration_s:.0f} s of speech")  # noqa: T201 -- the figures of docs/tones.md
    assert found == []

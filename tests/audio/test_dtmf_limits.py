"""All keys within the limits of ITU-T Q.24 are found, and none outside. docs/tones.md has the figures."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from random import Random
from typing import Final

import pytest

from rtpcodec.audio.tones import KEY_FREQUENCIES_HZ
from rtpcodec.codecs import codec
from tests.audio.dtmf_line import Press, keys_in, line, tones_in

KEYS: Final = "".join(KEY_FREQUENCIES_HZ)
OFFSETS: Final = (-0.018, -0.015, 0.0, 0.015, 0.018)
"""Offsets that AT&T accepts up to 1.5 %, NTT and Brazil up to 1.8 %."""
LEVELS_DBM0: Final = ((-27.0, -27.0), (-27.0, -17.0), (-17.0, -27.0), (-13.0, -5.0), (-3.0, -13.0), (-3.0, -3.0))
"""Levels of each tone, -3 to -27 dBm, up to 10 dB apart: the ranges of all administrations of table A-1."""
OUTSIDE: Final = {
    "low tone 3 % high": Press(low_off=0.03, duration_ms=100),
    "low tone 3 % low": Press(low_off=-0.03, duration_ms=100),
    "high tone 3 % high": Press(high_off=0.03, duration_ms=100),
    "high tone 3 % low": Press(high_off=-0.03, duration_ms=100),
    "both 3.5 % high": Press(low_off=0.035, high_off=0.035, duration_ms=100),
    "both 3.5 % low": Press(low_off=-0.035, high_off=-0.035, duration_ms=100),
    "5 % apart": Press(low_off=-0.05, high_off=0.05, duration_ms=100),
    "25 ms": Press(duration_ms=25),
    "23 ms": Press(duration_ms=23, low_off=0.015, high_off=-0.015),
    "20 ms": Press(duration_ms=20),
    "low tone of -29 dBm0": Press(low_dbm0=-29, high_dbm0=-24, duration_ms=100),
    "high tone of -29 dBm0": Press(low_dbm0=-24, high_dbm0=-29, duration_ms=100),
    "both of -30 dBm0": Press(low_dbm0=-30, high_dbm0=-30, duration_ms=100),
    "13 dB twist": Press(low_dbm0=-18, high_dbm0=-5, duration_ms=100),
    "-13 dB twist": Press(low_dbm0=-5, high_dbm0=-18, duration_ms=100),
}


def within() -> list[Press]:
    """Return the extremes: every offset of both tones with every level, short keys and longer ones."""
    return [
        Press(
            low_off=low, high_off=high, low_dbm0=low_dbm0, high_dbm0=high_dbm0, duration_ms=duration_ms, snr_db=snr_db
        )
        for low, high, (low_dbm0, high_dbm0), duration_ms, snr_db in product(
            OFFSETS, OFFSETS, LEVELS_DBM0, (40.0, 70.0), (None, 15.0)
        )
    ]


def missed(presses: list[Press], rate_hz: int, seed: int, keys: str = KEYS) -> list[tuple[Press, str]]:
    """Return the presses for which other keys were found than were sent."""
    drawn = Random(seed)
    found = [(press, keys_in(line(press, keys, rate_hz, drawn), rate_hz)) for press in presses]
    return [one for one in found if one[1] != keys]


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 24000, 48000])
def test_keys_at_the_corners_of_the_limits(rate_hz: int) -> None:
    drawn = Random(rate_hz)
    assert missed(drawn.sample(within(), 2 if rate_hz > 16000 else 6), rate_hz, 1) == []


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_key_outside_of_a_limit(name: str) -> None:
    for rate_hz in (8000, 16000):
        assert keys_in(line(OUTSIDE[name], KEYS, rate_hz, Random(2)), rate_hz) == ""


@pytest.mark.parametrize("pause_ms", [30, 40, 70])
def test_a_pause_is_between_two_keys(pause_ms: float) -> None:
    for keys in ("1111", "1234", "D0D0"):
        for press in (Press(), Press(snr_db=15.0), Press(duration_ms=80, low_dbm0=-25, high_dbm0=-20)):
            assert keys_in(line(press, keys, 8000, Random(3), pause_ms), 8000) == keys


@pytest.mark.parametrize("interruption_ms", [1, 5, 10, 12, 20])
def test_an_interruption_is_within_a_key(interruption_ms: float) -> None:
    for duration_ms in (60, 100):
        press = Press(duration_ms=duration_ms, interruption_ms=interruption_ms, snr_db=20.0)
        assert keys_in(line(press, KEYS, 8000, Random(4)), 8000) == KEYS


def test_keys_that_follow_each_other_directly() -> None:
    assert keys_in(line(Press(duration_ms=60), "159D", 8000, Random(5), 0.0), 8000) == "159D"


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "G722", "L16"])
def test_keys_through_codecs(name: str) -> None:
    rate_hz = 16000 if name == "G722" else 8000
    options = {"byte_order": "big"} if name == "L16" else {}
    coder = codec(name)
    for press in (Press(low_dbm0=-27, high_dbm0=-19), Press(low_off=0.015, high_off=-0.015), Press(low_dbm0=-3)):
        sent = line(press, KEYS, rate_hz, Random(6))
        sent = sent[: len(sent) // 640 * 640]
        payload = coder.encoder(rate_hz, **options).encode(sent)
        assert keys_in(coder.decoder(rate_hz, **options).decode(payload), rate_hz) == KEYS


def test_position_and_frequencies_of_a_key() -> None:
    press = Press(low_off=0.01, high_off=-0.01, low_dbm0=-12, high_dbm0=-16, duration_ms=50)
    drawn = Random(7)
    pcm = bytes(1000) + line(press, "8", 8000, drawn)
    (tone,) = tones_in(pcm, 8000)
    begin = next(at for at in range(len(pcm) // 2) if any(pcm[2 * at : 2 * at + 2]))
    assert abs(tone.start_samples - begin) < 16
    assert abs(tone.end_samples - tone.start_samples - 400) < 16
    assert tone.frequencies_hz == pytest.approx((852 * 1.01, 1336 * 0.99), abs=1.0)
    assert tone.level_dbm0 == pytest.approx(press.level_dbm0, abs=0.3)


def test_a_key_that_is_held_is_reported_once_before_its_end() -> None:
    pcm = line(Press(duration_ms=3000, snr_db=20.0), "2", 8000, Random(8))
    assert "".join(tone.digit for tone in tones_in(pcm[: 2 * 8 * 1200], 8000)) == "2"
    assert keys_in(pcm, 8000) == "2"


@pytest.mark.long
def test_a_part_of_the_sweep_inside_the_limits() -> None:
    assert missed(within()[::5], 8000, 9) == []


@pytest.mark.long
@pytest.mark.hours
@pytest.mark.parametrize("rate_hz", [8000, 16000])
def test_the_whole_sweep_inside_the_limits(rate_hz: int) -> None:
    presses = within() if rate_hz == 8000 else within()[::4]
    failed = missed(presses, rate_hz, 9)
    print(f"{rate_hz} Hz: {(len(presses) - len(failed)) * len(KEYS)} of {len(presses) * len(KEYS)} keys")  # noqa: T201
    assert failed == []


@pytest.mark.long
@pytest.mark.hours
def test_the_whole_sweep_outside_of_the_limits() -> None:
    drawn, keys = Random(10), 0
    for press in OUTSIDE.values():
        for snr_db in (None, 15.0, 25.0):
            noisy = replace(press, snr_db=snr_db)
            assert keys_in(line(noisy, KEYS, 8000, drawn), 8000) == ""
            keys += len(KEYS)
    print(f"none of {keys} keys")  # noqa: T201 -- the figures of docs/tones.md

"""Call progress tones, the special information tone, beeps, and the interface of the detector."""

from __future__ import annotations

import re
import tracemalloc
from array import array
from itertools import pairwise
from random import Random
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import DetectedTone, DualTone, ToneDetector
from rtpcodec.audio.key_sequence import key_sequence
from rtpcodec.audio.tone_detection import TONE_KINDS
from rtpcodec.codecs import codec
from rtpcodec.kernels.noise import white_noise
from tests.audio.dtmf_line import tones_in
from tests.audio.tone_sounds import cadence, octets, silence, special_information
from tests.traced_memory import traced

CADENCES: Final[dict[str, tuple[tuple[float, ...], tuple[float, ...], list[str]]]] = {
    "busy, North America": ((480, 620), (500, 500) * 4, ["busy"]),
    "congestion, North America": ((480, 620), (250, 250) * 6, ["congestion"]),
    "ringback, North America": ((440, 480), (2000, 4000) * 2, ["ringback"] * 2),
    "dial, North America": ((350, 440), (5000,), ["dial"]),
    "busy, most of Europe": ((425,), (500, 500) * 4, ["busy"]),
    "busy, Germany": ((425,), (480, 480) * 4, ["busy"]),
    "congestion, Germany": ((425,), (240, 240) * 4, ["congestion"]),
    "congestion, Italy": ((425,), (200, 200) * 4, ["congestion"]),
    "ringback, most of Europe": ((425,), (1000, 4000) * 2, ["ringback"] * 2),
    "ringback, France": ((440,), (1500, 3500) * 2, ["ringback"] * 2),
    "dial, most of Europe": ((425,), (6000,), ["dial"]),
    "busy, United Kingdom": ((400,), (375, 375) * 4, ["busy"]),
    "ringback, United Kingdom": ((400, 450), (400, 200, 400, 2000) * 2, ["ringback"] * 2),
    "ringback, Ireland": ((425,), (400, 200, 400, 2000) * 2, ["ringback"] * 2),
    "dial, United Kingdom": ((350, 450), (4000,), ["dial"]),
    "call waiting, North America": ((440,), (300, 3000), ["beep"]),
}
"""Frequencies in Hz, tone and silence in ms (ITU-T E.180 Supplement 2), and the expected kinds."""
SEGMENTS: Final = {
    "itu": ((950, 1400, 1800), (330, 330, 330)),
    "low": ((905, 1355, 1755), (260, 260, 260)),
    "high": ((995, 1445, 1845), (400, 400, 400)),
    "intercept": ((913.8, 1370.6, 1776.7), (274, 274, 380)),
    "vacant code": ((985.2, 1370.6, 1776.7), (380, 274, 380)),
    "reorder": ((913.8, 1428.5, 1776.7), (274, 380, 380)),
    "no circuit": ((985.2, 1428.5, 1776.7), (380, 380, 380)),
}


def kinds_of(tones: list[DetectedTone]) -> list[str]:
    return [tone.kind for tone in tones]


def noisy(pcm: bytes, level_dbov: float = -50.0, seed: int = 1) -> bytes:
    samples = np.frombuffer(pcm, np.int16)
    return octets(samples + np.random.default_rng(seed).normal(0, 32768 * 10 ** (level_dbov / 20), len(samples)))


@pytest.mark.parametrize("name", CADENCES)
def test_call_progress_tones(name: str) -> None:
    frequencies_hz, times_ms, expected = CADENCES[name]
    for rate_hz, level_dbm0 in ((8000, -10.0), (8000, -30.0), (16000, -20.0)):
        pcm = silence(rate_hz, 330) + cadence(rate_hz, frequencies_hz, *times_ms, level_dbm0=level_dbm0)
        tones = tones_in(noisy(pcm, -60.0), rate_hz, TONE_KINDS)
        assert kinds_of(tones) == expected
        assert tones[0].frequencies_hz == pytest.approx(frequencies_hz, abs=2.0)
        assert tones[0].start_samples == pytest.approx(0.33 * rate_hz, abs=0.03 * rate_hz)


@pytest.mark.parametrize("name", ["busy, North America", "busy, most of Europe", "ringback, United Kingdom"])
@pytest.mark.parametrize("codec_name", ["PCMU", "PCMA", "G722"])
def test_call_progress_tones_through_codecs(name: str, codec_name: str) -> None:
    frequencies_hz, times_ms, expected = CADENCES[name]
    rate_hz = 16000 if codec_name == "G722" else 8000
    pcm = cadence(rate_hz, frequencies_hz, *times_ms)
    decoded = codec(codec_name).decoder(rate_hz).decode(codec(codec_name).encoder(rate_hz).encode(pcm))
    assert kinds_of(tones_in(decoded, rate_hz, TONE_KINDS)) == expected


def test_a_cadence_that_began_before_the_stream() -> None:
    pcm = cadence(8000, (425,), 170, 480, 480, 480, 480, 480, 480)
    assert kinds_of(tones_in(pcm, 8000, TONE_KINDS)) == ["busy"]


def test_a_busy_tone_is_reported_once_and_again_after_silence() -> None:
    busy = cadence(8000, (480, 620), *(500, 500) * 10)
    assert kinds_of(tones_in(busy + silence(8000, 3000) + busy, 8000, TONE_KINDS)) == ["busy", "busy"]


@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("pause_ms", [0, 30])
def test_special_information_tones(name: str, pause_ms: float) -> None:
    frequencies_hz, times_ms = SEGMENTS[name]
    pcm = silence(8000, 200) + special_information(8000, frequencies_hz, times_ms, pause_ms)
    (tone,) = tones_in(noisy(pcm), 8000, TONE_KINDS)
    assert tone.kind == "sit"
    assert tone.frequencies_hz == pytest.approx(frequencies_hz, abs=3.0)
    assert tone.end_samples - tone.start_samples == pytest.approx(8 * (sum(times_ms) + 2 * pause_ms), abs=200)


@pytest.mark.parametrize(
    ("frequencies_hz", "times_ms"),
    [((1800, 1400, 950), (330,) * 3), ((950, 1400, 1600), (330,) * 3), ((950, 1400, 1800), (330, 330, 150))],
)
def test_three_other_tones_are_not_special(frequencies_hz: tuple[float, ...], times_ms: tuple[float, ...]) -> None:
    assert "sit" not in kinds_of(tones_in(special_information(8000, frequencies_hz, times_ms), 8000, TONE_KINDS))


@pytest.mark.parametrize("frequency_hz", [400, 440, 555, 852, 1000, 1234, 1400, 1777, 2000])
@pytest.mark.parametrize("duration_ms", [100, 350, 2000])
def test_beeps(frequency_hz: float, duration_ms: float) -> None:
    ringing = frequency_hz < 490 and duration_ms > 600
    for rate_hz in (8000, 16000):
        pcm = silence(rate_hz, 400) + cadence(rate_hz, (frequency_hz,), duration_ms) + silence(rate_hz, 1400)
        (tone,) = tones_in(noisy(pcm, -55.0), rate_hz, TONE_KINDS)
        assert tone.kind == ("ringback" if ringing else "beep")
        assert tone.frequencies_hz == pytest.approx((frequency_hz,), abs=3.0)
        assert tone.level_dbm0 == pytest.approx(-15.0, abs=0.5)
        assert tone.end_samples == pytest.approx((0.4 + duration_ms / 1000) * rate_hz, abs=0.015 * rate_hz)


@pytest.mark.parametrize(
    "pcm",
    [
        pytest.param(cadence(8000, (1000,), 50) + silence(8000, 1500), id="too short"),
        pytest.param(cadence(8000, (1000,), 3000) + silence(8000, 1500), id="too long"),
        pytest.param(cadence(8000, (2300,), 300) + silence(8000, 1500), id="too high"),
        pytest.param(cadence(8000, (1000,), 300) + white_noise(1, 0, 12000, 2000), id="noise behind it"),
        pytest.param(
            b"".join(cadence(8000, (hertz,), 200) for hertz in (523, 587, 659, 698, 784, 880)) + bytes(200),
            id="a melody",
        ),
        pytest.param(cadence(8000, (697, 852), 300) + silence(8000, 1500), id="two tones that are not a key"),
        pytest.param(white_noise(2, 0, 16000, 3000) + silence(8000, 1500), id="noise"),
        pytest.param(silence(8000, 3000), id="silence"),
    ],
)
def test_sounds_that_are_not_tones(pcm: bytes) -> None:
    assert tones_in(pcm, 8000, TONE_KINDS) == []


def test_kinds_alone() -> None:
    pcm = key_sequence("5", 8000) + special_information(8000) + cadence(8000, (425,), *(500, 500) * 3)
    assert kinds_of(tones_in(pcm, 8000, TONE_KINDS)) == ["dtmf", "sit", "busy"]
    for kind in ("dtmf", "sit", "busy"):
        assert kinds_of(tones_in(pcm, 8000, (kind,))) == [kind]


@given(st.lists(st.integers(0, 3 * 8000), max_size=10))
@settings(max_examples=15, deadline=None)
def test_tones_are_the_same_however_pcm_is_cut(cuts: list[int]) -> None:
    pcm = key_sequence("19", 8000) + special_information(8000) + key_sequence("#", 8000)
    detector, found = ToneDetector(8000), []
    places = [0, *sorted(cuts), len(pcm) // 2]
    for begin, end in pairwise(places):
        found += detector.detect(pcm[2 * begin : 2 * end])
    assert found + detector.end() == tones_in(pcm, 8000, TONE_KINDS)


def test_time_without_pcm_ends_a_tone() -> None:
    detector = ToneDetector(8000, ("dtmf",))
    key = key_sequence("7", 8000)
    detector.detect(key[:1840])  # 100 ms of silence, 15 ms of the key
    detector.skip(4000)
    found = detector.detect(key)
    assert [tone.digit for tone in found] == ["7"]
    assert found[0].start_samples == pytest.approx(920 + 4000 + 800, abs=16)
    assert detector.idle


@pytest.mark.parametrize("lost_ms", [20, 40, 60, 100])
@pytest.mark.parametrize("after_ms", [30, 60, 90])
def test_pcm_that_was_lost_does_not_make_two_keys_of_one(lost_ms: int, after_ms: int) -> None:
    key = key_sequence("7", 8000, 300)
    begin, end = 1600 + 16 * after_ms, 1600 + 16 * (after_ms + lost_ms)
    detector = ToneDetector(8000)
    found = detector.detect(key[:begin]) + detector.lose((end - begin) // 2) + detector.detect(key[end:])
    assert [tone.digit for tone in found] == ["7"]
    assert found[0].end_samples - found[0].start_samples == pytest.approx(2400, abs=16)


@pytest.mark.parametrize("at_ms", [500, 1500])
def test_a_key_that_is_held_is_one_key_whatever_is_lost(at_ms: int) -> None:
    detector = ToneDetector(8000, ("dtmf",))
    held = bytes(1600) + DualTone("5", 8000).samples(16_000) + bytes(1600)
    begin = 1600 + 16 * at_ms
    found = detector.detect(held[:begin]) + detector.lose(480) + detector.detect(held[begin + 960 :])
    assert [tone.digit for tone in found] == ["5"]


def test_a_key_that_is_held_needs_no_memory_for_what_was_lost() -> None:
    detector = ToneDetector(8000, ("dtmf",))
    detector.detect(DualTone("5", 8000).samples(12_000))
    second = DualTone("5", 8000).samples(8000)
    with traced():
        detector.detect(second)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            for at in range(0, len(second), 320):
                detector.lose(1)
                detector.detect(second[at + 2 : at + 320])
        assert not detector.idle
        assert tracemalloc.get_traced_memory()[0] - before < 10_000  # an interval has 120 octets, 1000 were lost


def test_two_keys_around_pcm_that_was_lost() -> None:
    keys = key_sequence("77", 8000)  # 100 ms of silence, 100 ms of the key, and again
    detector = ToneDetector(8000)
    found = detector.detect(keys[:3520]) + detector.lose(160) + detector.detect(keys[3840:])
    assert [tone.digit for tone in found] == ["7", "7"]


def test_the_end_of_a_stream_ends_a_key() -> None:
    detector = ToneDetector(8000)
    key = key_sequence("7", 8000)[:3200]
    assert detector.detect(key) == []
    assert not detector.idle
    assert [tone.digit for tone in detector.end()] == ["7"]
    assert detector.idle


def test_a_recording_in_one_piece_is_held_in_parts() -> None:
    """Neither a long piece nor an endless tone increases the memory."""
    pcm = (key_sequence("3", 8000) + silence(8000, 200)) * 5 + cadence(8000, (425,), 12_000)
    detector = ToneDetector(8000)
    with traced():
        found = detector.detect(pcm)
        assert tracemalloc.get_traced_memory()[1] < 400_000
    assert kinds_of(found) == ["dtmf"] * 5 + ["dial"]


def test_every_buffer_of_samples() -> None:
    pcm = key_sequence("3", 8000)
    expected = ToneDetector(8000).detect(pcm)
    others: list[Any] = [bytearray(pcm), memoryview(pcm), array("h", pcm), np.frombuffer(pcm, np.int16)]
    for other in others:
        assert ToneDetector(8000).detect(other) == expected
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        ToneDetector(8000).detect(bytes(3))
    with pytest.raises(TypeError):
        ToneDetector(8000).detect(np.zeros(8, np.float32))  # type: ignore[arg-type]


def test_arguments_outside_of_their_limits() -> None:
    with pytest.raises(ValueError, match=r"^sample_rate_hz is 7999, 8000 to 192000 are allowed$"):
        ToneDetector(7999)
    with pytest.raises(ValueError, match=re.escape("kind is 'fax', dtmf, dial, ")):
        ToneDetector(8000, ("fax",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^kinds has 0 items"):
        ToneDetector(8000, ())
    assert ToneDetector(8000, ("sit", "dtmf")).kinds == ("dtmf", "sit")


def test_a_repr_shows_no_key() -> None:
    (tone,) = ToneDetector(8000).detect(key_sequence("8", 8000))
    assert "digit" not in repr(tone)
    assert "frequencies" not in repr(tone)


def test_tones_with_noise_of_20_db() -> None:
    drawn = Random(1)
    for name in ("busy, North America", "ringback, most of Europe", "ringback, United Kingdom"):
        frequencies_hz, times_ms, expected = CADENCES[name]
        pcm = cadence(8000, frequencies_hz, *times_ms, level_dbm0=-20.0)
        assert kinds_of(tones_in(noisy(pcm, -46.0, drawn.getrandbits(16)), 8000, TONE_KINDS)) == expected


def test_a_key_is_neither_a_beep_nor_a_pair() -> None:
    pcm = key_sequence("0123456789*#ABCD", 8000, 300)
    assert set(kinds_of(tones_in(pcm, 8000, TONE_KINDS))) == {"dtmf"}

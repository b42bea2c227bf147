"""Concealment of PCM compared with a plain oracle, and its properties: no delay, one cross-fade, fading to silence."""

from __future__ import annotations

import random
from array import array
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from benchmarks.harness.signals import speech
from rtpcodec.audio.concealment import Concealer
from tests.oracles.concealment import Oracle

RATES_HZ = (8000, 11025, 16000, 22050, 24000, 44100, 48000)


def octets(samples: list[int]) -> bytes:
    return array("h", samples).tobytes()


def tone(count: int, rate_hz: int, hz: float = 125.0, peak: float = 8000.0) -> np.ndarray[Any, np.dtype[np.int16]]:
    time_s = np.arange(count) / rate_hz
    return sum((np.sin(2 * np.pi * hz * k * time_s) / k for k in (1, 2, 3)), np.zeros(count)).__mul__(peak).astype("h")


def signals(rate_hz: int) -> dict[str, list[int]]:
    rng = random.Random(7)
    count = rate_hz // 2
    return {
        "speech": speech(count, rate_hz).tolist(),
        "loud noise": [rng.choice((-32768, 32767)) for _ in range(count)],
        "full-scale offset": [-32768] * count,
        "silence": [0] * count,
        "one step": [0] * (count // 3) + [32767] * (count - count // 3),
        "tone": tone(count, rate_hz).tolist(),
    }


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_every_sample_is_the_oracles(rate_hz: int) -> None:
    for name, samples in signals(rate_hz).items():
        rng = random.Random(rate_hz)
        oracle, concealer = Oracle(rate_hz), Concealer(rate_hz)
        at = 0
        while at < len(samples):
            size = rng.choice((1, 3, rate_hz // 400, rate_hz // 100, rate_hz // 50))
            piece = samples[at : at + size]
            at += size
            if rng.random() < 0.4:
                assert concealer.conceal(size) == octets(oracle.conceal(size)), name
            else:
                assert concealer.take(octets(piece)) == octets(oracle.take(piece)), name


def test_cuts_change_nothing() -> None:
    samples = speech(4000, 8000).tobytes()
    whole = Concealer(8000)
    expected = whole.take(samples[:4000]) + whole.conceal(700) + whole.take(samples[5400:])
    for cut in (1, 7, 80, 161):
        pieces = Concealer(8000)
        heard = b"".join(pieces.take(samples[i : min(i + 2 * cut, 4000)]) for i in range(0, 4000, 2 * cut))
        heard += b"".join(pieces.conceal(min(cut, 700 - i)) for i in range(0, 700, cut))
        heard += b"".join(pieces.take(samples[i : i + 2 * cut]) for i in range(5400, len(samples), 2 * cut))
        assert heard == expected


def test_a_gap_continues_the_period() -> None:
    wave = tone(1000, 8000)
    concealer = Concealer(8000)
    concealer.take(wave[:640].tobytes())
    filled = np.frombuffer(concealer.conceal(80), np.int16)
    assert np.abs(filled.astype(int) - wave[640:720]).max() <= 2


def test_audio_fades_from_10_ms_on_and_is_silent_after_70() -> None:
    concealer = Concealer(16000)
    concealer.take(tone(3200, 16000).tobytes())
    filled = np.abs(np.frombuffer(concealer.conceal(1600), np.int16).astype(int))
    peaks = [int(filled[i : i + 160].max()) for i in range(0, 1600, 160)]
    assert peaks[0] > 8000
    assert all(before > after for before, after in pairwise(peaks[:7]))
    assert peaks[7:] == [0, 0, 0]


def test_only_the_first_2_5_ms_after_a_gap_differ_and_nothing_is_late() -> None:
    samples = speech(1600, 8000).tobytes()
    concealer = Concealer(8000)
    assert concealer.take(samples[:1600]) == samples[:1600]
    concealer.conceal(160)
    first = concealer.take(samples[1920:2240])
    assert first[:40] != samples[1920:1960]
    assert first[40:] == samples[1960:2240]
    assert concealer.take(samples[2240:]) == samples[2240:]


def test_a_gap_before_any_audio_is_silence() -> None:
    assert Concealer(8000).conceal(160) == bytes(320)


def test_without_a_gap_bytes_come_back_as_they_are_and_other_buffers_as_bytes() -> None:
    concealer = Concealer(8000)
    pcm = speech(160, 8000).tobytes()
    assert concealer.take(pcm) is pcm
    assert concealer.take(bytearray(pcm)) == concealer.take(array("h", pcm)) == pcm
    assert concealer.take(memoryview(b"." + pcm)[1:]) == pcm


def test_the_input_is_never_written_to() -> None:
    concealer = Concealer(8000)
    concealer.take(speech(800, 8000).tobytes())
    concealer.conceal(160)
    given = bytearray(speech(160, 8000).tobytes())
    before = bytes(given)
    assert concealer.take(given) != before
    assert given == before


def test_a_copy_is_independent_and_a_reset_clears_the_state() -> None:
    concealer = Concealer(8000)
    concealer.take(speech(800, 8000).tobytes())
    concealer.conceal(10)
    twin = concealer.copy()
    assert twin.conceal(160) == concealer.conceal(160)
    concealer.reset()
    assert concealer.conceal(160) == bytes(320)
    assert twin.conceal(160) != bytes(320)
    assert repr(twin) == "<Concealer 8000 Hz>"


@pytest.mark.parametrize("rate_hz", [0, 7999, 48001, 2**40, "8000", 8000.5])
def test_rates_that_are_refused(rate_hz: Any) -> None:
    with pytest.raises(ValueError, match=rf"^sample_rate_hz is {rate_hz!r}, 8000 to 48000 are allowed$"):
        Concealer(rate_hz)


@pytest.mark.parametrize("samples", [-1, 480_001, 2**40, 1.5, "1"])
def test_gaps_that_are_refused(samples: Any) -> None:
    with pytest.raises(ValueError, match=rf"^samples is {samples!r}, 0 to 480000 \(a minute\) are allowed$"):
        Concealer(8000).conceal(samples)


def test_pcm_that_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^pcm has 3 octets, 16-bit samples need an even number$"):
        Concealer(8000).take(b"abc")
    with pytest.raises(TypeError, match="items of format 'd'"):
        Concealer(8000).take(array("d", [0.0]))

"""Audio of lines without a fault: talkers, music, tones, noise and silence, in scenes of ten seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tests.listening.speakers import Samples, Talker

SCENE_S = 10
KEYS = [(low, high) for low in (697, 770, 852, 941) for high in (1209, 1336, 1477)]

Drawn = np.random.Generator


def tone(rate_hz: int, hz: Sequence[float], seconds: float, level_dbov: float) -> Samples:
    """A sum of sines of one level each."""
    time = np.arange(int(rate_hz * seconds)) / rate_hz
    amplitude = 32768 * 10 ** (level_dbov / 20) * np.sqrt(2 / len(hz))
    return np.asarray(amplitude * sum(np.sin(2 * np.pi * one * time) for one in hz))


def cadence(rate_hz: int, *parts: tuple[Sequence[float], float, float]) -> Samples:
    """Tones in turn, until the scene is full; no frequency: silence."""
    once = [
        tone(rate_hz, hz, seconds, level) if hz else np.zeros(int(rate_hz * seconds)) for hz, seconds, level in parts
    ]
    period = np.concatenate(once)
    return np.tile(period, -(-SCENE_S * rate_hz // len(period)))[: SCENE_S * rate_hz]


def noise(rate_hz: int, drawn: Drawn, level_dbov: float) -> Samples:
    """White noise."""
    return np.asarray(drawn.normal(0, 32768 * 10 ** (level_dbov / 20), SCENE_S * rate_hz))


def bursts(rate_hz: int, drawn: Drawn) -> Samples:
    """White noise whose level changes several times per second, up to that of the octets of a codec of frames."""
    lengths = drawn.integers(rate_hz // 25, rate_hz // 2, 25 * SCENE_S)
    lowest = drawn.choice([-60, -40, -26])
    levels = np.repeat(10 ** (drawn.uniform(lowest, -6, len(lengths)) / 20), lengths)[: SCENE_S * rate_hz]
    return np.asarray(drawn.normal(0, 32768, len(levels)) * levels)


def full_scale(rate_hz: int, drawn: Drawn) -> Samples:
    """Random samples of all values, the same in each second."""
    return np.tile(drawn.integers(-32768, 32768, rate_hz).astype(float), SCENE_S)


def keyed(rate_hz: int, drawn: Drawn) -> Samples:
    """Keys of a phone."""
    level = drawn.uniform(-30, -5)
    return cadence(rate_hz, *((part, seconds, level) for key in drawn.permutation(12) for part, seconds in (
        (KEYS[key], 0.1), ((), 0.1))))  # fmt: skip


def fax(rate_hz: int, drawn: Drawn) -> Samples:
    """V.21 at 300 bit/s."""
    bits = drawn.integers(0, 2, SCENE_S * 300 + 1)
    low, high = ((980, 1180), (1650, 1850))[int(drawn.integers(2))]
    hz = np.where(bits[np.arange(SCENE_S * rate_hz) * 300 // rate_hz], low, high)
    amplitude = 32768 * 10 ** (drawn.uniform(-30, -12) / 20) * np.sqrt(2)
    return np.asarray(amplitude * np.sin(2 * np.pi * np.cumsum(hz) / rate_hz))


def music(rate_hz: int, drawn: Drawn) -> Samples:
    """Chords with overtones that decay, a drum on each beat and a cymbal between them."""
    n = SCENE_S * rate_hz
    out = np.zeros(n)
    beat = int(rate_hz * drawn.uniform(0.35, 0.7))
    for at in range(0, n, beat):
        root = 110 * 2 ** (drawn.integers(12) / 12)
        length = min(2 * beat, n - at)
        time = np.arange(length) / rate_hz
        for third in (1, 1.26, 1.5, 2):
            for overtone in range(1, 9):
                if root * third * overtone < 0.45 * rate_hz:
                    wave = np.sin(2 * np.pi * root * third * overtone * time + drawn.uniform(0, 6)) / overtone**1.3
                    out[at : at + length] += wave * np.exp(-time / 0.4)
        drum = time[: rate_hz // 5]
        out[at : at + len(drum)] += 4 * np.sin(2 * np.pi * 60 * drum) * np.exp(-drum / 0.08)
        out[at : at + len(drum)] += drawn.normal(0, 1.5, len(drum)) * np.exp(-drum / 0.04)
        half = at + beat // 2
        cymbal = time[: max(0, min(rate_hz // 20, n - half))]
        out[half : half + len(cymbal)] += np.diff(drawn.normal(0, 1, len(cymbal) + 1)) * np.exp(-cymbal / 0.015)
    return np.asarray(out * 32768 * 10 ** (drawn.uniform(-40, -14) / 20) / np.sqrt(np.mean(out**2)))


def speech(talkers: Sequence[Talker], rate_hz: int, drawn: Drawn, *, narrow: bool) -> Samples:
    """A talker from any place on; narrow: what an 8 kHz codec leaves of it."""
    talker = talkers[int(drawn.integers(len(talkers)))]
    voice = talker.at(rate_hz, drawn.uniform(-46, -16))
    if narrow and rate_hz == 16000:
        spectrum = np.fft.rfft(voice)
        spectrum[int(len(spectrum) * 0.46) :] = 0
        voice = np.fft.irfft(spectrum, len(voice))
    whole = np.concatenate([voice, np.zeros(int(rate_hz * drawn.uniform(0, 2)))])
    return np.roll(np.tile(whole, -(-SCENE_S * rate_hz // len(whole))), -int(drawn.integers(len(whole))))[
        : SCENE_S * rate_hz
    ]


def tones() -> list[Callable[[int, Drawn], Samples]]:
    """The scenes that are not speech."""
    sit = [(913.8, 0.274), (1370.6, 0.274), (1776.7, 0.38)]
    return [
        music,
        lambda rate_hz, _: cadence(rate_hz, ((440, 480), 2, -19), ((), 4, 0)),
        lambda rate_hz, _: cadence(rate_hz, ((425,), 1, -16), ((), 4, 0)),
        lambda rate_hz, _: cadence(rate_hz, ((480, 620), 0.5, -24), ((), 0.5, 0)),
        lambda rate_hz, _: cadence(rate_hz, *(((hz,), seconds, -24) for hz, seconds in sit), ((), 1, 0)),
        lambda rate_hz, _: cadence(rate_hz, ((1100,), 0.5, -12), ((), 3, 0)),
        lambda rate_hz, _: cadence(rate_hz, ((2100,), 3.3, -12), ((), 1, 0)),
        fax,
        keyed,
        bursts,
        full_scale,
        lambda rate_hz, _: np.zeros(SCENE_S * rate_hz),
        lambda rate_hz, drawn: noise(rate_hz, drawn, drawn.uniform(-70, -50)),
        lambda rate_hz, drawn: noise(rate_hz, drawn, drawn.uniform(-50, -20)),
        lambda rate_hz, drawn: tone(rate_hz, [drawn.uniform(60, 3400)], SCENE_S, drawn.uniform(-45, -3)),
    ]


def scene(talkers: Sequence[Talker], rate_hz: int, number: int) -> Samples:
    """Ten seconds: every second scene is speech, the others take turns."""
    drawn = np.random.default_rng(number)
    if number % 2:
        return speech(talkers, rate_hz, drawn, narrow=number % 4 == 1)
    others = tones()
    return others[number // 2 % len(others)](rate_hz, drawn)

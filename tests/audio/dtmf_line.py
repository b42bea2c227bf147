"""Keys with the impairments of lines: frequency offset, twist, short tones, interruptions, noise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

import numpy as np

from rtpcodec.audio.levels import dbov_of_dbm0
from rtpcodec.audio.tone_detection import DetectedTone, ToneDetector
from rtpcodec.audio.tones import KEY_FREQUENCIES_HZ
from tests.audio.tone_sounds import Samples, octets, sines

CHUNK_MS = 20


@dataclass(frozen=True, kw_only=True)
class Press:
    """One press of a key."""

    low_off: float = 0.0
    """Relative offset of the low tone."""
    high_off: float = 0.0
    low_dbm0: float = -10.0
    high_dbm0: float = -10.0
    duration_ms: float = 40.0
    interruption_ms: float = 0.0
    """Interruption in its middle, as a part of its duration."""
    snr_db: float | None = None
    """Ratio of the weaker tone to white noise over the whole band."""

    def samples(self, key: str, rate_hz: int, drawn: Random) -> Samples:
        """Return the tones, at random phases."""
        low_hz, high_hz = KEY_FREQUENCIES_HZ[key]
        tones = [(low_hz * (1 + self.low_off), self.low_dbm0), (high_hz * (1 + self.high_off), self.high_dbm0)]
        found = sines(rate_hz, self.duration_ms, tones, [drawn.uniform(0, 2 * math.pi) for _ in tones])
        middle, half = len(found) // 2, round(self.interruption_ms * rate_hz / 2000)
        found[middle - half : middle + half] = 0
        return found

    @property
    def level_dbm0(self) -> float:
        """Return the level of both tones together."""
        return 10 * math.log10(10 ** (self.low_dbm0 / 10) + 10 ** (self.high_dbm0 / 10))


def line(press: Press, keys: str, rate_hz: int, drawn: Random, pause_ms: float = 60.0) -> bytes:
    """Return presses of keys with pauses, after silence of random length, with the noise of the press."""
    parts = [np.zeros(round(rate_hz * drawn.uniform(0.04, 0.06)))]
    for key in keys:
        parts += [press.samples(key, rate_hz, drawn), np.zeros(round(rate_hz * pause_ms / 1000))]
    parts.append(np.zeros(round(rate_hz * 0.1)))
    whole = np.concatenate(parts)
    if press.snr_db is not None:
        rms = 32768 * 10 ** (dbov_of_dbm0(min(press.low_dbm0, press.high_dbm0) - press.snr_db) / 20)
        whole += np.random.default_rng(drawn.getrandbits(32)).normal(0, rms, len(whole))
    return octets(whole)


def tones_in(pcm: bytes, rate_hz: int, kinds: Iterable[str] = ("dtmf",)) -> list[DetectedTone]:
    """Detect the tones of a stream in chunks."""
    detector = ToneDetector(rate_hz, kinds)  # type: ignore[arg-type]
    step = rate_hz * CHUNK_MS // 1000 * 2
    found = [tone for at in range(0, len(pcm), step) for tone in detector.detect(pcm[at : at + step])]
    return found + detector.end()


def keys_in(pcm: bytes, rate_hz: int) -> str:
    """Detect the keys of a stream."""
    return "".join(tone.digit for tone in tones_in(pcm, rate_hz))

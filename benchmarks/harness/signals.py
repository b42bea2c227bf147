"""Seeded test signals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PITCH_HZ = 118.0
SYLLABLES_PER_S = 3.7


def speech(samples: int, sample_rate_hz: int = 8000, seed: int = 711) -> NDArray[np.int16]:
    """Speech-like int16: voiced harmonics and breath under the envelope of syllables, near -26 dBov, with pauses."""
    generator = np.random.default_rng(seed)
    length = min(samples, 10 * sample_rate_hz)
    seconds = np.arange(length) / sample_rate_hz
    pitch = 2 * np.pi * PITCH_HZ * (seconds + 0.004 * np.sin(2 * np.pi * 1.3 * seconds))
    voiced = sum(np.sin(harmonic * pitch + harmonic) / harmonic for harmonic in range(1, 25))
    envelope = np.clip(np.sin(2 * np.pi * SYLLABLES_PER_S * seconds) + 0.5, 0.02, None)
    sound = envelope * (voiced + 0.3 * generator.standard_normal(length))
    pcm = np.clip(sound * 2200, -32768, 32767).astype(np.int16)
    return np.resize(pcm, samples)


def octets(count: int, seed: int = 711) -> bytes:
    """Seeded octets, all values alike."""
    return np.random.default_rng(seed).integers(0, 256, count, dtype=np.uint8).tobytes()

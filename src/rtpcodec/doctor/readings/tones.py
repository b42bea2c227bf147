"""Test tones, and their recognition in received audio."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

TONE_HZ: Final = 503.0
"""Within every band, even if it is played at half or three times its rate. It does not divide a usual rate: the octets
of a tone that does repeat in each period, and are a tone in the wrong byte order too."""
LEVEL: Final = 0.1
"""Peak amplitude as a share of full scale, -20 dB: loud enough to measure, not unpleasant."""
TONE_SHARE: Final = 0.7
"""Share of a window's energy in one tone from which it counts as that tone; noise of a wrong byte order has 1 %."""
WINDOW_MS: Final = 200
MIN_RMS: Final = 100.0
"""Of 32768, -50 dB: a quieter window is silent."""
BINS: Final = 3
"""Bins on each side of the peak, for the leakage of a Hann window."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The strongest tone in some audio."""

    hz: float
    share: float
    """Share of the energy in the tone, 0 to 1."""
    rms: float
    """Level of the window, of 32768."""

    @property
    def is_tone(self) -> bool:
        """Whether the audio is mostly this tone."""
        return self.rms >= MIN_RMS and self.share >= TONE_SHARE


SILENCE: Final = Heard(0.0, 0.0, 0.0)


def tone(rate_hz: int, duration_ms: int, hz: float = TONE_HZ) -> bytes:
    """Return a tone as native int16 PCM."""
    times = np.arange(rate_hz * duration_ms // 1000) / rate_hz
    return (np.sin(2 * math.pi * hz * times) * LEVEL * 32767).astype("<i2").tobytes()


def strongest(pcm: bytes, rate_hz: int) -> Heard:
    """Return the clearest tone of all windows of some audio."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float64)
    size = rate_hz * WINDOW_MS // 1000
    windows = [samples[start : start + size] for start in range(0, len(samples) - size + 1, size // 2)]
    found = [_in_window(window, rate_hz) for window in windows]
    return max(found, key=lambda heard: (heard.rms >= MIN_RMS, heard.share), default=SILENCE)


def _in_window(window: NDArray[np.float64], rate_hz: int) -> Heard:
    rms = float(np.sqrt(np.mean(window**2)))
    power = np.abs(np.fft.rfft((window - window.mean()) * np.hanning(len(window)))) ** 2
    total = float(power.sum())
    if total <= 0:
        return SILENCE
    peak = int(power.argmax())
    share = float(power[max(0, peak - BINS) : peak + BINS + 1].sum()) / total
    return Heard(peak * rate_hz / len(window), share, rms)


def swapped(octets: bytes) -> bytes:
    """Return 16-bit samples in the other byte order."""
    return np.frombuffer(octets, dtype="<i2").byteswap().tobytes()


def roughness(chunks: Sequence[bytes]) -> float | None:
    """Return how much neighbouring samples differ, as a share of the energy: 2 for noise, far less for speech.

    Returns: None if the audio is silent.
    """
    samples = np.frombuffer(b"".join(chunks), dtype="<i2").astype(np.float64)
    if len(samples) < 2:
        return None
    energy = float(np.mean(samples**2))
    if energy < MIN_RMS**2:
        return None
    return float(np.mean(np.diff(samples) ** 2)) / energy

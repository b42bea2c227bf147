"""Signals of telephone networks, for tests of tone detection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rtpcodec.audio.levels import dbov_of_dbm0

Samples = npt.NDArray[np.float64]


def sines(
    rate_hz: int, duration_ms: float, tones: Sequence[tuple[float, float]], phases: Sequence[float] = (0.0, 0.0)
) -> Samples:
    """Return sines of any frequency. tones: pairs of a frequency in Hz and a level in dBm0."""
    at = np.arange(round(rate_hz * duration_ms / 1000)) / rate_hz
    total = np.zeros(len(at))
    for (frequency_hz, level_dbm0), phase in zip(tones, phases, strict=False):
        amplitude = 32768 * np.sqrt(2) * 10 ** (dbov_of_dbm0(level_dbm0) / 20)
        total += amplitude * np.sin(2 * np.pi * frequency_hz * at + phase)
    return total


def octets(samples: Samples) -> bytes:
    """Return native int16 PCM, saturated."""
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16).tobytes()


def silence(rate_hz: int, duration_ms: float) -> bytes:
    return bytes(2 * round(rate_hz * duration_ms / 1000))


def cadence(rate_hz: int, frequencies_hz: Sequence[float], *times_ms: float, level_dbm0: float = -15.0) -> bytes:
    """Return alternating tone and silence of the given durations."""
    tones = [(hertz, level_dbm0) for hertz in frequencies_hz]
    return b"".join(
        silence(rate_hz, duration_ms) if number % 2 else octets(sines(rate_hz, duration_ms, tones))
        for number, duration_ms in enumerate(times_ms)
    )


def special_information(
    rate_hz: int,
    frequencies_hz: Sequence[float] = (950, 1400, 1800),
    times_ms: Sequence[float] = (330, 330, 330),
    pause_ms: float = 0.0,
) -> bytes:
    """Return the three segments of a special information tone, and a second of silence."""
    parts = [
        octets(sines(rate_hz, duration_ms, [(hertz, -15.0)])) + silence(rate_hz, pause_ms)
        for hertz, duration_ms in zip(frequencies_hz, times_ms, strict=True)
    ]
    return b"".join(parts) + silence(rate_hz, 1000)

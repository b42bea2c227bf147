"""Legs of every codec, and the pitch of what the caller hears."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from rtpcodec.sim import CallReport

TONE_HZ: Final = 440.0
SPEECH_HZ: Final = 16000
LEGS: Final[dict[str, dict[str, Any]]] = {
    "PCMU": {"codec": "PCMU"},
    "PCMA": {"codec": "PCMA"},
    "G722": {"codec": "G722"},
    "L16 at 8 kHz": {"codec": "L16", "sample_rate_hz": 8000},
    "L16 at 16 kHz": {"codec": "L16", "sample_rate_hz": 16000},
    "L16 at 24 kHz": {"codec": "L16", "sample_rate_hz": 24000},
    "OPUS at 16 kHz": {"codec": "OPUS", "sample_rate_hz": 16000},
    "OPUS at 48 kHz": {"codec": "OPUS", "sample_rate_hz": 48000},
    "AMR-WB": {"codec": "AMR-WB"},
}
"""The options of `new_call` for the audio that the carrier sends."""


def tone(duration_s: float) -> bytes:
    """A tone of TONE_HZ at SPEECH_HZ."""
    times = np.arange(round(duration_s * SPEECH_HZ)) / SPEECH_HZ
    return (8000 * np.sin(2 * np.pi * TONE_HZ * times)).astype(np.int16).tobytes()


def pitch_hz(report: CallReport, from_s: float = 0.0) -> float:
    """The strongest frequency that the caller heard from that second on; at least 0.5 s must be loud."""
    heard = np.frombuffer(report.heard_pcm, np.int16).astype(float)[round(from_s * report.heard_hz) :]
    assert np.count_nonzero(np.abs(heard) > 1000) > report.heard_hz / 4, "the tone is missing"
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard)), 4 * len(heard)))
    return float(spectrum.argmax() * report.heard_hz / (4 * len(heard)))

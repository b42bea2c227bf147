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


def pitch_hz(report: CallReport) -> float:
    """The strongest frequency in the last half second of sound that the caller heard."""
    heard = np.frombuffer(report.heard_pcm, np.int16).astype(float)
    loud = np.flatnonzero(np.abs(heard) > 1000)
    assert len(loud) > report.heard_hz / 4, "the tone is missing"
    last = heard[: loud[-1]][-report.heard_hz // 2 :]
    spectrum = np.abs(np.fft.rfft(last * np.hanning(len(last)), 4 * len(last)))
    return float(spectrum.argmax() * report.heard_hz / (4 * len(last)))

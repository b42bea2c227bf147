"""Quality of received audio, compared with its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from rtpcodec.errors import MissingExtra

MAX_LAG_MS: Final = 60
"""Delays of codec and resampler are below this; a recording does not include the path of the echo."""
ACTIVE_DB: Final = -40.0
"""Frames that are quieter than the loudest by more than this are pauses, which are not compared."""
FLOOR_DB: Final = -80.0
"""Below full scale; quieter energy in a band is inaudible and not counted."""

Samples = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """A recording, aligned to its source."""

    source: Samples
    aligned: Samples
    """The recording from its best-fitting position; zeros after its end."""
    lag_samples: int
    """How much later the recording is; negative: earlier, because audio is missing at its beginning."""
    sample_rate_hz: int

    @property
    def snr_db(self) -> float | None:
        """Signal to noise; None: the recording equals the source. It says little of codecs that keep no waveform."""
        noise = float(np.sum((self.source - self.aligned) ** 2))
        signal = float(np.sum(self.source**2))
        if noise == 0:
            return None
        return 10 * float(np.log10(signal / noise)) if signal else float("-inf")

    @property
    def lsd_db(self) -> float:
        """Log-spectral distance: the root mean square difference of two spectra in dB, averaged outside of pauses.

        In frames of 32 ms with a Hann window, every 8 ms.
        """
        before, after = (_spectra_db(samples, self.sample_rate_hz) for samples in (self.source, self.aligned))
        loudness = 10 * np.log10(np.mean(10 ** (before / 10), axis=1))
        active = loudness > loudness.max() + ACTIVE_DB
        return float(np.mean(np.sqrt(np.mean((before - after)[active] ** 2, axis=1))))

    @property
    def stoi(self) -> float:
        """Short-time objective intelligibility (Taal et al. 2011), 0 to 1. MissingExtra."""
        try:
            from pystoi import stoi
        except ImportError as error:
            raise MissingExtra("the demo", "pystoi", "demo") from error
        return float(stoi(self.source, self.aligned, self.sample_rate_hz))


def samples_of(pcm: bytes) -> npt.NDArray[np.int16]:
    """Return PCM as an array, without a copy."""
    return np.frombuffer(pcm, dtype=np.int16)


def fidelity(source_pcm: bytes, recorded_pcm: bytes, sample_rate_hz: int, max_lag_ms: float = MAX_LAG_MS) -> Fidelity:
    """Align a recording to its source. Audio that is missing at the end counts as noise."""
    source = samples_of(source_pcm).astype(np.float64)
    recorded = samples_of(recorded_pcm).astype(np.float64)
    lag = _lag(source, recorded, int(sample_rate_hz * max_lag_ms / 1000))
    aligned = np.zeros_like(source)
    begins = max(0, -lag)
    piece = recorded[max(0, lag) : max(0, lag + len(source))]
    aligned[begins : begins + len(piece)] = piece
    return Fidelity(source, aligned, lag, sample_rate_hz)


def _lag(source: Samples, recorded: Samples, most: int) -> int:
    """Find the shift of best agreement by cross-correlation: most either way, earlier where audio was lost."""
    if not len(source) or not len(recorded):
        return 0
    size = 1 << (len(source) + len(recorded)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(source, size)), size)
    return int(np.argmax(np.concatenate((correlation[-most:], correlation[: most + 1])))) - most if most else 0


def _spectra_db(samples: Samples, sample_rate_hz: int) -> Samples:
    """Compute the power in dB below full scale, one row per frame."""
    size, hop = sample_rate_hz * 32 // 1000, sample_rate_hz * 8 // 1000
    window = np.hanning(size)
    padded = np.pad(samples / 32768, (0, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    amplitudes = np.abs(np.fft.rfft(frames)) * 2 / window.sum()
    levels: Samples = 20 * np.log10(np.maximum(amplitudes, 10 ** (FLOOR_DB / 20)))
    return levels


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the value that this many percent of all do not exceed; None for an empty sequence."""
    return float(np.percentile(values, percent)) if values else None

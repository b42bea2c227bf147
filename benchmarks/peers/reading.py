"""Results of peers as arrays of codes or samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

TONE_HZ: Final = 1000


def codes(result: Any) -> NDArray[np.uint8]:
    """Return the octets of any buffer."""
    return np.frombuffer(result, np.uint8)


def samples(result: Any) -> NDArray[np.int16]:
    """Return native int16 samples of any buffer."""
    return np.frombuffer(result, np.int16)


def numbers_and_samples(result: tuple[str, int, int, int, bytes]) -> NDArray[np.int64]:
    """Return chunk, timestamp and sequence number of a message, and its PCM; there is one track."""
    track, *numbers, pcm = result
    return np.concatenate([[len(track), *numbers], samples(pcm)])


def chunks_played(call: Callable[[bytes], Any], chunks: Sequence[bytes], rate_hz: int) -> NDArray[np.int64]:
    """Return a resampler's result for a tone of TONE_HZ in chunks: its level, and whether all else is silent.

    Resamplers differ in delay, in the length of their pieces and in every sample, so no samples can be compared.

    call: one chunk of PCM to its result.
    chunks: the tone, longer than any delay.
    rate_hz: the rate of the results.
    Returns: the level in dB below full scale, rounded, and 1 if the rest lies 60 dB or more below the tone.
    """
    heard = np.concatenate([samples(call(chunk)).astype(float) for chunk in chunks])
    settled = heard[len(heard) // 2 :]
    angle = 2 * np.pi * TONE_HZ / rate_hz * np.arange(settled.size)
    waves = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    parts, *_ = np.linalg.lstsq(waves, settled, rcond=None)
    rest = settled - waves @ parts
    tone_power, rest_power = (parts**2).sum() / 2, (rest**2).mean()
    return np.array([round(10 * np.log10(tone_power / 2**29)), rest_power < tone_power * 1e-6])

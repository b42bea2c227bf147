"""Fuzz PcmInput and the PCM kernels on buffers of every kind, cut anywhere.

Layout of an input: kind of source, its alignment, number of channels, gain, length of the first piece; the rest is
audio. COMPARED counts the octets whose kernels have an inverse or a second way to the same result.
"""

from __future__ import annotations

from array import array
from contextlib import suppress
from typing import Any

import numpy as np

from rtpcodec.audio.pcm_input import PcmInput
from rtpcodec.kernels import channels, fading, float_pcm, levels, mixing
from rtpcodec.kernels._simd import available_levels
from tests.fuzz.targets.g711 import SOURCES

FORMS = available_levels()
COMPARED = 0
HEAD_OCTETS = 5
DOCUMENTED = (TypeError, ValueError, BufferError)
_FLOATS = (
    lambda octets: array("f", octets[: len(octets) & ~3]),
    lambda octets: np.frombuffer(octets[: len(octets) & ~3], np.float32)[::-1],
    lambda octets: np.frombuffer(octets[: len(octets) & ~3], np.float32),
)


def run(data: bytes) -> int:
    """Call every function with the same audio; return the number of calls."""
    global COMPARED  # noqa: PLW0603 (the run prints it at its end)
    head, audio = data[:HEAD_OCTETS].ljust(HEAD_OCTETS, b"\0"), data[HEAD_OCTETS:]
    kinds = len(SOURCES) + len(_FLOATS)
    kind = head[0] % kinds
    source: Any = SOURCES[kind](audio, head[1] % 64) if kind < len(SOURCES) else _FLOATS[kind - len(SOURCES)](audio)
    with suppress(*DOCUMENTED):
        PcmInput().accept(source)
    COMPARED += _cut(audio, head[4])
    pcm = audio[: len(audio) & ~1]
    _kernels(pcm, head[2] % 5 + 1, head[3] / 4)
    COMPARED += 2 * len(pcm)
    return 12


def _cut(audio: bytes, first: int) -> int:
    """Compare octets in two pieces and in one."""
    whole, pieces = PcmInput(), PcmInput()
    joined = pieces.accept(audio[:first]) + pieces.accept(audio[first:])
    if whole.accept(audio) != joined or whole.carried != pieces.carried:
        raise AssertionError(f"{len(audio)} octets cut at {first} give other samples")
    return len(joined)


def _kernels(pcm: bytes, count: int, factor: float) -> None:
    """Compare functions of int16 with each other."""
    if float_pcm.float32_to_int16(float_pcm.int16_to_float32(pcm)) != pcm:
        raise AssertionError("float32 and back gives other samples")
    gained = mixing.gain(pcm, factor)
    if mixing.mix((pcm, bytes(len(pcm))), (factor, 1)) != gained:
        raise AssertionError(f"a mix with silence at a gain of {factor} is not the gain")
    if channels.split(channels.interleave([gained] * count), count) != (gained,) * count:
        raise AssertionError(f"{count} channels, joined and split, are others")
    if channels.downmix(channels.interleave([pcm] * count), count) != pcm:
        raise AssertionError(f"the mean of {count} equal channels is another")
    cut = len(pcm) // 4 * 2
    pieces = fading.fade(pcm[:cut], 0, 40, True) + fading.fade(pcm[cut:], cut // 2, 40, True)
    if pieces != fading.fade(pcm, 0, 40, True):
        raise AssertionError(f"a fade cut at octet {cut} is another")
    if levels.energy(pcm) > (len(pcm) // 2) * levels.peak(pcm) ** 2:
        raise AssertionError("the energy exceeds that of the peak")

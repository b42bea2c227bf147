"""Talkers: the shipped speech, and sentences of espeak-ng in voices that a seed chooses. All at 8 kHz."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from rtpcodec.audio.files import read_wav
from rtpcodec.audio.resample import Resampler
from tests.listening.speakers import espeak as installed

RATE_HZ: Final = 8000
BLOCK: Final = 160
ESPEAK_HZ: Final = 22050
WAV_HEADER_OCTETS: Final = 44
SHIPPED: Final = Path(__file__).parents[2] / "src/rtpcodec/cli/demo/speech.wav"
VOICES: Final = ("en-us", "en-gb", "en-gb-scotland", "de", "fr", "es", "it", "pl")
VARIANTS: Final = ("m1", "m3", "m7", "f1", "f2", "f4", "croak")
SENTENCES: Final = (
    "please repeat your account number and the address of the delivery",
    "tomorrow morning between nine and twelve we can offer you another appointment",
    "stop, wait a moment, what did you say about the invoice of last month?",
    "yes, I would like to speak with somebody about my contract",
    "no, that is the wrong order, the number is four seven two one",
    "thank you for calling, how can I help you today?",
)
Samples = NDArray[np.int16]


def needs_espeak() -> None:
    """Skip a test where the Debian package espeak-ng is absent. With RTPCODEC_REQUIRE_ESPEAK=1 that is an error."""
    if installed() is None:
        pytest.skip("espeak-ng is not installed")


def at_8_khz(pcm: bytes, rate_hz: int) -> NDArray[np.float64]:
    resampler = Resampler(rate_hz, RATE_HZ)
    samples: Samples = np.frombuffer(resampler.resample(pcm) + resampler.flush(), np.int16)
    return samples.astype(np.float64)


def trimmed(pcm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the silence at both ends."""
    heard = np.flatnonzero(np.abs(pcm) > 50)
    return pcm[heard[0] : heard[-1] + 1] if len(heard) else pcm[:0]


def levels_of(pcm: NDArray[np.float64] | Samples) -> NDArray[np.float64]:
    """The level of each whole block, in dBov."""
    blocks = np.asarray(pcm[: len(pcm) // BLOCK * BLOCK], np.float64).reshape(-1, BLOCK)
    levels: NDArray[np.float64] = 10 * np.log10(np.maximum(blocks.var(axis=1), 1e-4) / 32768**2)
    return levels


def at_level(pcm: NDArray[np.float64], level_dbov: float) -> NDArray[np.float64]:
    """At an active level: the mean power of the blocks that are at most 35 dB below the loudest one."""
    levels = levels_of(pcm)
    active = levels > levels.max() - 35
    now_dbov = 10 * np.log10(np.mean(10 ** (levels[active] / 10)))
    return pcm * float(10 ** ((level_dbov - now_dbov) / 20))


@lru_cache(maxsize=512)
def shipped(part: int = 0) -> NDArray[np.float64]:
    """The shipped speech, from another of its pauses on for each part."""
    pcm = at_8_khz(*read_wav(SHIPPED))
    pauses = [0, *(int(at) for at in np.array([138, 192, 247]) * BLOCK)]
    return trimmed(np.roll(pcm, -pauses[part % len(pauses)]))


@lru_cache(maxsize=512)
def espeak(seed: int) -> NDArray[np.float64]:
    """A sentence that a seed chooses, with voice, pitch and speed."""
    drawn = Random(seed)
    voice = f"{drawn.choice(VOICES)}+{drawn.choice(VARIANTS)}"
    options = ["-v", voice, "-s", str(drawn.randint(130, 200)), "-p", str(drawn.randint(25, 75)), "--stdout"]
    wav = subprocess.run(["espeak-ng", *options, drawn.choice(SENTENCES)], check=True, capture_output=True).stdout
    # Its header does not know the length of what follows it.
    return trimmed(at_8_khz(wav[WAV_HEADER_OCTETS:], ESPEAK_HZ))

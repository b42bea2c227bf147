"""Talkers for tests of listening: the shipped recording, a lower voice made from it, and voices of espeak-ng."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rtpcodec.audio.files import read_wav
from rtpcodec.audio.resample import Resampler
from rtpcodec.audio.whole_rate import at_streaming_rate

Samples = npt.NDArray[np.float64]

SHIPPED = Path(__file__).parents[2] / "src" / "rtpcodec" / "cli" / "demo" / "speech.wav"
BLOCK_MS = 10
SENTENCES = (
    "Hello, I am calling about my invoice from last month. Something seems to be wrong with the total.",
    "Six hundred and seventy five, please. She sells sea shells, thank you. Could you check that for me?",
)
VOICES = ("en-us", "en-us+f2", "en-gb+m3", "de", "de+f4", "fr+f1", "es+m5", "it", "pl+f3", "ru+f2", "en-us+m7", "cmn")


@dataclass(frozen=True)
class Talker:
    """A voice at 8 and 16 kHz."""

    name: str
    wide: Samples
    narrow: Samples

    def at(self, rate_hz: int, level_dbov: float) -> Samples:
        """The voice at a rate and an active level."""
        samples = self.narrow if rate_hz == 8000 else self.wide
        return samples * (10 ** (level_dbov / 20) * 32768 / active_rms(samples, rate_hz))


def resampled(samples: Samples, from_hz: int, to_hz: int) -> Samples:
    """Samples at another rate."""
    return np.frombuffer(Resampler(from_hz, to_hz).resample(octets(samples)), np.int16).astype(float)


def octets(samples: Samples) -> bytes:
    """Native int16 PCM."""
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16).tobytes()


def blocks_active(samples: Samples, rate_hz: int) -> npt.NDArray[np.bool_]:
    """Which blocks of 10 ms hold speech: those within 35 dB of the loudest."""
    length = rate_hz * BLOCK_MS // 1000
    energy = np.mean(samples[: len(samples) // length * length].reshape(-1, length) ** 2, axis=1)
    return np.asarray(energy > energy.max() * 10**-3.5)


def active_rms(samples: Samples, rate_hz: int) -> float:
    """The level of the blocks that hold speech."""
    length = rate_hz * BLOCK_MS // 1000
    blocks = samples[: len(samples) // length * length].reshape(-1, length)
    return float(np.sqrt(np.mean(blocks[blocks_active(samples, rate_hz)] ** 2)))


def talker_of(name: str, path: Path, slower: float = 1.0) -> Talker:
    """A recording; slower: the factor by which it is played slower, with a lower voice."""
    pcm, rate_hz = read_wav(path)
    if rate_hz not in (8000, 16000):
        pcm, rate_hz = at_streaming_rate(pcm, rate_hz)
    wide = np.frombuffer(pcm, np.int16).astype(float)
    if rate_hz != 16000:
        wide = resampled(wide, rate_hz, 16000)
    if slower != 1.0:
        at = np.arange(0, len(wide) - 1, 1 / slower)
        wide = np.interp(at, np.arange(len(wide)), wide)
    return Talker(name, wide, resampled(wide, 16000, 8000))


@cache
def shipped() -> tuple[Talker, ...]:
    """The two without dependencies: the recording of the package, and a lower voice made from it."""
    return talker_of("shipped", SHIPPED), talker_of("lower", SHIPPED, slower=1.25)


def espeak() -> str | None:
    """espeak-ng's path; None: not installed. With RTPCODEC_REQUIRE_ESPEAK=1 that is an error."""
    found = shutil.which("espeak-ng")
    if found is None and os.environ.get("RTPCODEC_REQUIRE_ESPEAK") == "1":
        raise RuntimeError(
            "espeak-ng is not installed, and RTPCODEC_REQUIRE_ESPEAK=1 needs it: apt-get install espeak-ng"
        )
    return found


def spoken(folder: Path, number: int) -> Talker:
    """A talker of espeak-ng: the same number is always the same voice, speed and sentence."""
    program = espeak()
    assert program is not None
    voice = VOICES[number % len(VOICES)]
    path = folder / f"{number}.wav"
    speed = str(130 + 7 * (number % 11))
    sentence = SENTENCES[number // len(VOICES) % len(SENTENCES)]
    subprocess.run([program, "-v", voice, "-s", speed, "-w", str(path), sentence], check=True, timeout=60)
    return talker_of(f"{voice} {number}", path)

"""soundfile: libsndfile's RAW format, read from and written to memory."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

import numpy as np

from benchmarks.harness.model import Contender
from benchmarks.peers.reading import codes

soundfile: Any = import_module("soundfile")

NAME: Final = f"soundfile {soundfile.__version__} (libsndfile {soundfile.__libsndfile_version__})"
SUBTYPES: Final = {"pcmu": "ULAW", "pcma": "ALAW"}
RATE_HZ: Final = 8000
ROUNDING: Final = "libsndfile takes the two's complement of negative samples as their magnitude"


def decode(law: str, payload: bytes) -> Iterator[Contender]:
    """Decode octets to PCM."""

    def read(octets: bytes) -> Any:
        return soundfile.read(
            io.BytesIO(octets), dtype="int16", samplerate=RATE_HZ, channels=1, format="RAW", subtype=SUBTYPES[law]
        )[0]

    yield Contender(NAME, read, (payload,), np.asarray)


def encode(law: str, pcm: bytes) -> Iterator[Contender]:
    """Encode PCM to octets."""

    def write(samples: Any) -> bytes:
        memory = io.BytesIO()
        soundfile.write(memory, samples, RATE_HZ, format="RAW", subtype=SUBTYPES[law])
        return memory.getvalue()

    yield Contender(NAME, write, (np.frombuffer(pcm, np.int16),), codes, ROUNDING)

"""libsoxr by python-soxr: its stream at the quality HQ, which carries state from chunk to chunk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import soxr

from benchmarks.harness.model import Contender
from benchmarks.peers.reading import chunks_played

NAME: Final = f"soxr {soxr.__version__} HQ"


def resample(from_hz: int, to_hz: int, pcm: bytes, tone: list[bytes]) -> Iterator[Contender]:
    """Resample a chunk of PCM."""

    def stream() -> soxr.ResampleStream:
        return soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality="HQ")

    fresh = stream()
    played = chunks_played(lambda chunk: fresh.resample_chunk(np.frombuffer(chunk, np.int16)), tone, to_hz)
    yield Contender(NAME, stream().resample_chunk, (np.frombuffer(pcm, np.int16),), lambda _: played)

"""PyAV: FFmpeg's pcm_mulaw, pcm_alaw and g722. The packet or frame is created once; only coding is timed."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.model import Contender

av: Any = import_module("av")

NAME: Final = f"PyAV {av.__version__}"
CODECS: Final = {"pcmu": "pcm_mulaw", "pcma": "pcm_alaw", "g722": "g722"}
RATES_HZ: Final = {"pcmu": 8000, "pcma": 8000, "g722": 16000}
ROUNDING: Final = dict.fromkeys(("pcmu", "pcma"), "FFmpeg takes the nearest code, G.191 cuts magnitudes off")
SECOND: Final = {"frame_size": "16000"}
"""Samples that FFmpeg's G.722 encoder takes at once: a whole second is nearly twice as fast as its 20 ms."""


def context(law: str, mode: str, options: dict[str, str] | None = None) -> Any:
    """Return an open coder."""
    made = av.CodecContext.create(CODECS[law], mode)
    made.sample_rate = RATES_HZ[law]
    made.options = options or {}
    made.layout = "mono"
    made.format = "s16"
    made.open()
    return made


def decode(law: str, payload: bytes) -> Iterator[Contender]:
    """Decode octets to PCM; FFmpeg's frame is the result."""
    packet = av.Packet(payload)
    yield Contender(NAME, context(law, "r").decode, (packet,), _samples)


def encode(law: str, pcm: bytes) -> Iterator[Contender]:
    """Encode PCM to octets; FFmpeg's packet is the result."""
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16)[None, :], format="s16", layout="mono")
    frame.sample_rate = RATES_HZ[law]
    options = SECOND if law == "g722" and frame.samples % int(SECOND["frame_size"]) == 0 else None
    yield Contender(NAME, context(law, "w", options).encode, (frame,), _codes, ROUNDING.get(law, ""))


def _samples(frames: Any) -> NDArray[np.int16]:
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def _codes(packets: Any) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(bytes(packet) for packet in packets), np.uint8)

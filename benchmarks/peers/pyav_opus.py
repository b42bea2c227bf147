"""PyAV: FFmpeg with libopus both ways, and FFmpeg's own decoder. Packets and frames are made once, coding is timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.frame_races import each
from benchmarks.harness.model import Contender

av: Any = import_module("av")

VERSION: Final = "another version of libopus"
OWN: Final = "FFmpeg's own decoder rounds otherwise"


def name(codec: str) -> str:
    """Return the name for the report."""
    return f"PyAV {av.__version__} {codec}"


def encode(pcm: Sequence[bytes], rate_hz: int, bitrate: int, complexity: int) -> Iterator[Contender]:
    """Encode PCM to packets of constant size; FFmpeg's packet is the result."""
    made = av.CodecContext.create("libopus", "w")
    made.sample_rate, made.layout, made.format, made.bit_rate = rate_hz, "mono", "s16", bitrate
    made.options = {"application": "voip", "compression_level": str(complexity), "vbr": "off", "frame_duration": "20"}
    made.open()
    yield each(name("libopus"), made.encode, [_frame(part, rate_hz) for part in pcm], _codes, VERSION)


def decode(packets: Sequence[bytes], rate_hz: int) -> Iterator[Contender]:
    """Decode packets to PCM; FFmpeg's frame is the result."""
    for codec, differs in (("libopus", VERSION), ("opus", OWN)):
        made = av.CodecContext.create(codec, "r")
        made.sample_rate, made.layout = rate_hz, "mono"
        made.open()
        yield each(name(codec), made.decode, [av.Packet(packet) for packet in packets], samples_of, differs)


def _frame(pcm: bytes, rate_hz: int) -> Any:
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16)[None, :], format="s16", layout="mono")
    frame.sample_rate = rate_hz
    return frame


def samples_of(frames: Any) -> NDArray[np.int16]:
    """Return int16 samples of a decoder's result, which may be floating point."""
    found: NDArray[Any] = np.concatenate([frame.to_ndarray().ravel() for frame in frames])
    whole = found if found.dtype == np.int16 else np.clip(np.rint(found * 32768), -32768, 32767)
    return whole.astype(np.int16)


def _codes(packets: Any) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(bytes(packet) for packet in packets), np.uint8)

"""PyAV: FFmpeg with libopencore-amrwb, and FFmpeg's own decoder. Packets are made once, decoding is timed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.frame_races import RATE_HZ, each
from benchmarks.harness.model import Absent, Contender
from benchmarks.peers.pyav_opus import av, name, samples_of

DIFFERS: Final = {"libopencore_amrwb": "", "amrwb": "FFmpeg's own decoder of AMR-WB is in floating point"}


def decode(frames: Sequence[bytes], codec: str) -> Iterator[Contender | Absent]:
    """Decode frames to PCM with one of FFmpeg's decoders, if this PyAV has it; its frame is the result."""
    if codec not in av.codecs_available:
        yield Absent(name(codec), "this PyAV has no such decoder")
        return
    made = av.CodecContext.create(codec, "r")
    made.sample_rate, made.layout = RATE_HZ, "mono"
    made.open()
    yield each(name(codec), made.decode, [av.Packet(frame) for frame in frames], samples_of, DIFFERS[codec])

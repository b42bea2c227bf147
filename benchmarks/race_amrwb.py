"""AMR-WB: a second of speech in frames of mode 8; times are those of a frame.

FFmpeg in PyAV's wheel decodes by libopencore-amrwb, as we do, and by a decoder of its own in floating point, whose
samples are not the standard's: it has a row of its own. FFmpeg has no encoder, so that row has no bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from benchmarks import floors
from benchmarks.frame_races import FRAMES, each, frames_of_speech
from benchmarks.harness.model import Bar, Race
from benchmarks.peers import contenders
from benchmarks.peers.reading import codes, samples
from rtpcodec import codec

PEERS: Final = ("pyav_amrwb",)
BAR: Final = Bar(1.0)


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield the rows of both directions."""
    yield "amrwb encode frame", encode
    yield "amrwb decode frame", partial(decode, "libopencore_amrwb")
    yield "amrwb decode frame, inexact rival", partial(decode, "amrwb")


def encode() -> Race:
    """Race encoding PCM to frames."""
    pcm = frames_of_speech()
    floor = each("fresh object", floors.fresh_quarter, pcm)
    return Race("frame", FRAMES, each("rtpcodec", codec("AMR-WB").encoder(mode=8).encode, pcm, codes), (), floor)


def decode(rival: str) -> Race:
    """Race decoding frames to PCM, against one of FFmpeg's decoders."""
    frames = list(map(codec("AMR-WB").encoder(mode=8).encode, frames_of_speech()))
    rivals = contenders(PEERS, "decode", frames, rival)
    floor = each("fresh object", floors.fresh_double, [bytes(320)] * FRAMES)
    ours = each("rtpcodec", codec("AMR-WB").decoder().decode, frames, samples)
    return Race("frame", FRAMES, ours, rivals, floor, BAR)

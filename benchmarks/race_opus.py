"""OPUS: a second of speech in packets of 20 ms, on the same settings as FFmpeg's libopus; times are those of a packet.

PyAV's wheel brings a libopus of its own, and FFmpeg decodes to 48 kHz whatever is asked for; so do we here. Its packets
have a constant size, for the libraries' versions differ in how they spend bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from benchmarks import floors
from benchmarks.frame_races import FRAMES, RATE_HZ, each, frames_of_speech
from benchmarks.harness.model import Bar, Race
from benchmarks.peers import contenders
from benchmarks.peers.reading import codes, samples
from rtpcodec import codec

PEERS: Final = ("pyav_opus",)
BITRATE: Final = 24_000
HEARD_HZ: Final = 48_000
BAR: Final = Bar(1.0)


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield the rows of both directions. The work grows with complexity: 5 is our default, 10 is FFmpeg's."""
    yield "opus encode frame, complexity 5", partial(encode, 5)
    yield "opus encode frame, complexity 10", partial(encode, 10)
    yield "opus decode frame", decode


def encode(complexity: int) -> Race:
    """Race encoding PCM to packets."""
    pcm = frames_of_speech()
    encoder = codec("OPUS").encoder(RATE_HZ, bitrate=BITRATE, complexity=complexity, vbr=False)
    rivals = contenders(PEERS, "encode", pcm, RATE_HZ, BITRATE, complexity)
    floor = each("fresh object", floors.fresh_quarter, pcm)
    return Race("frame", FRAMES, each("rtpcodec", encoder.encode, pcm, codes), rivals, floor, BAR)


def decode() -> Race:
    """Race decoding packets to PCM."""
    encoder = codec("OPUS").encoder(RATE_HZ, bitrate=BITRATE)
    packets = list(map(encoder.encode, frames_of_speech()))
    decoder = codec("OPUS").decoder(HEARD_HZ)
    rivals = contenders(PEERS, "decode", packets, HEARD_HZ)
    floor = each("fresh object", floors.fresh_double, [bytes(HEARD_HZ // 50)] * FRAMES)
    return Race("frame", FRAMES, each("rtpcodec", decoder.decode, packets, samples), rivals, floor, BAR)

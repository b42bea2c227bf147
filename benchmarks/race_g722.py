"""G.722: one stream in frames of 20 ms and by the minute, and a bank of 64 streams against 64 single ones.

The signal is speech near -26 dBov, for which all peers equal the reference bit for bit: any difference is an error. On
loud input they differ from it (docs/g722.md). Coders have state: the outputs of the first calls are compared, on
new streams, and then all contenders code the same input repeatedly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from benchmarks import floors
from benchmarks.harness.model import Absent, Bar, Contender, Kind, Race
from benchmarks.harness.signals import speech
from benchmarks.peers import G722, contenders
from benchmarks.peers.reading import codes, samples
from rtpcodec import G722DecoderBank, G722EncoderBank, codec

RATE_HZ: Final = 16_000
FRAME: Final = RATE_HZ // 50
MINUTE: Final = 60 * RATE_HZ
BANK_ROWS: Final = 64

ENCODE_FRAME: Final = Bar(4.5)
DECODE_FRAME: Final = Bar(5.0)
MINUTES: Final = Bar(5.0)
BANK_ENCODE: Final = Bar(15.0)
BANK_DECODE: Final = Bar(11.0)

Peers = Sequence[str]


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield every row of this group by name, with the function that sets its race up."""
    yield from single_races()
    yield "g722 bank encode", partial(bank_encode, G722, BANK_ENCODE)
    yield "g722 bank decode", partial(bank_decode, G722, BANK_DECODE)


def single_races(peers: Peers = G722) -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield the rows of one stream."""
    yield "g722 encode frame", partial(encode, FRAME, peers, ENCODE_FRAME)
    yield "g722 decode frame", partial(decode, FRAME, peers, DECODE_FRAME)
    yield "g722 encode minute", partial(encode, MINUTE, peers, MINUTES)
    yield "g722 decode minute", partial(decode, MINUTE, peers, MINUTES)


def size(n: int) -> tuple[Kind, int]:
    """Return the kind of a row with this number of samples, and the divisor of a call's time."""
    return ("frame", 1) if n == FRAME else ("bulk", n)


def fresh_floor(n: int, item: type[np.generic], count: int, frame: Callable[..., object], source: bytes) -> Contender:
    """Return the floor: for a frame a fresh object, for bulk a fresh copy of a result's size."""
    if n == FRAME:
        return Contender("fresh object", frame, (source,))
    return Contender(f"fresh copy of {np.dtype(item).name}", np.ones(count, item).tobytes, ())


def encode(n: int, peers: Peers, bar: Bar) -> Race:
    """Race encoding samples of speech to a fresh object."""
    pcm = speech(n, RATE_HZ).tobytes()
    floor = fresh_floor(n, np.uint8, n // 2, floors.fresh_quarter, pcm)
    mine = Contender("rtpcodec", codec("G722").encoder().encode, (pcm,), codes)
    return Race(*size(n), mine, contenders(peers, "encode", "g722", pcm), floor, bar)


def decode(n: int, peers: Peers, bar: Bar) -> Race:
    """Race decoding octets of speech to a fresh object of samples."""
    payload = codec("G722").encoder().encode(speech(n, RATE_HZ).tobytes())
    floor = fresh_floor(n, np.int16, n, floors.fresh_quadruple, payload)
    mine = Contender("rtpcodec", codec("G722").decoder().decode, (payload,), samples)
    return Race(*size(n), mine, contenders(peers, "decode", "g722", payload), floor, bar)


def bank_pcm() -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Return a frame for each row, each from another place of the speech."""
    return speech(BANK_ROWS * FRAME, RATE_HZ).reshape(BANK_ROWS, FRAME)


def bank_encode(peers: Peers, bar: Bar) -> Race:
    """Race a bank encoding a frame of each of 64 streams; times are those of a row."""
    pcm = bank_pcm()
    mine = Contender("rtpcodec bank", G722EncoderBank(BANK_ROWS).encode, (pcm,), np.ravel)
    floor = Contender("fresh array", np.empty, ((BANK_ROWS, FRAME // 2), np.uint8))
    return Race("frame", BANK_ROWS, mine, one_by_one(peers, "encode", [row.tobytes() for row in pcm]), floor, bar)


def bank_decode(peers: Peers, bar: Bar) -> Race:
    """Race a bank decoding a frame of each of 64 streams; times are those of a row."""
    payloads = G722EncoderBank(BANK_ROWS).encode(bank_pcm())
    mine = Contender("rtpcodec bank", G722DecoderBank(BANK_ROWS).decode, (payloads,), np.ravel)
    floor = Contender("fresh array", np.empty, ((BANK_ROWS, FRAME), np.int16))
    return Race("frame", BANK_ROWS, mine, one_by_one(peers, "decode", [row.tobytes() for row in payloads]), floor, bar)


def one_by_one(peers: Peers, operation: str, rows: Sequence[bytes]) -> tuple[Contender | Absent, ...]:
    """Return each peer with a separate stream per row, one after the other."""
    by_row = [contenders(peers, operation, "g722", row) for row in rows]
    found: list[Contender | Absent] = []
    for rivals in zip(*by_row, strict=True):
        streams = [rival for rival in rivals if isinstance(rival, Contender)]
        found.append(together(streams) if streams else rivals[0])
    return tuple(found)


def together(streams: Sequence[Contender]) -> Contender:
    """Return one call for all streams of a peer."""
    calls = [(stream.call, stream.args) for stream in streams]

    def run() -> list[object]:
        return [call(*args) for call, args in calls]

    def items(results: list[Any]) -> np.ndarray[tuple[int, ...], np.dtype[Any]]:
        read = [stream.items for stream in streams if stream.items is not None]
        return np.concatenate([of_row(result) for of_row, result in zip(read, results, strict=True)])

    return Contender(streams[0].name, run, (), items)

"""G.711: decode, encode and law to law, on 20 ms frames and in bulk, with the bars of the project's speed table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

import rtpcodec
from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Kind, Race
from benchmarks.harness.signals import octets, speech
from benchmarks.peers import G711, contenders
from benchmarks.peers.reading import codes, samples

FRAME: Final = 160
LENGTHS: Final = {"": 80_000, " 60 s": 480_000, " 100 MB": 50_000_000}
"""Samples of the bulk rows; the first is 10 s, which fits into the second-level cache. 100 MB is the PCM's size."""
SLOW: Final = {"pyav", "soundfile", "g711"}
"""Peers left out of the 100 MB rows: they would add minutes and have never won a row."""

DECODE_FRAME: Final = Bar(2.0, 0.75)
ENCODE_FRAME: Final = Bar(5.0, 0.65)
DECODE_BULK: Final = Bar(5.0, 0.75)
ENCODE_BULK: Final = Bar(5.0, 0.40)
TRANSCODE_BULK: Final = Bar(3.5)

Peers = Sequence[str]


def races(peers: Peers = G711, lengths: Sequence[str] = tuple(LENGTHS)) -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield every row of this group by name, with the function that sets its race up."""
    for law in ("pcmu", "pcma"):
        yield f"{law} decode frame", partial(decode, law, FRAME, peers, DECODE_FRAME)
        yield f"{law} encode frame", partial(encode, law, FRAME, peers, ENCODE_FRAME)
        yield f"{law} decode frame into", partial(decode_into, law, FRAME, peers, None)
        yield f"{law} encode frame into", partial(encode_into, law, FRAME, peers, None)
        yield f"{law} decode bulk", partial(decode, law, LENGTHS[""], peers, None)
        yield f"{law} encode bulk", partial(encode, law, LENGTHS[""], peers, None)
        for length in lengths:
            able = [peer for peer in peers if length != " 100 MB" or peer not in SLOW]
            yield f"{law} decode bulk{length} into", partial(decode_into, law, LENGTHS[length], able, DECODE_BULK)
            yield f"{law} encode bulk{length} into", partial(encode_into, law, LENGTHS[length], able, ENCODE_BULK)
    for law, other in (("pcmu", "pcma"), ("pcma", "pcmu")):
        yield f"{law} to {other} frame", partial(transcode, law, other, FRAME, peers, None)
        yield f"{law} to {other} bulk", partial(transcode, law, other, LENGTHS[""], peers, TRANSCODE_BULK)
        for length in lengths:
            able = [peer for peer in peers if length != " 100 MB" or peer not in SLOW]
            setup = partial(transcode_into, law, other, LENGTHS[length], able, TRANSCODE_BULK)
            yield f"{law} to {other} bulk{length} into", setup


def ours(name: str) -> Any:
    """Return a function of the package."""
    return getattr(rtpcodec, name)


def fresh_floor(n: int, item: type[np.generic], frame: Callable[..., object], source: bytes) -> Contender:
    """Return the floor: for a frame a fresh object, for bulk a fresh copy of as many items."""
    if n == FRAME:
        return Contender("fresh object", frame, (source,))
    return Contender(f"fresh copy of {np.dtype(item).name}", np.ones(n, item).tobytes, ())


def size(n: int) -> tuple[Kind, int]:
    """Return the kind of a row with this number of samples, and the divisor of a call's time."""
    return ("frame", 1) if n == FRAME else ("bulk", n)


def decode(law: str, n: int, peers: Peers, bar: Bar | None) -> Race:
    """Race decoding octets to a fresh object."""
    payload = octets(n)
    floor = fresh_floor(n, np.int16, floors.fresh_double, payload)
    mine = Contender("rtpcodec", ours(f"{law}_decode"), (payload,), samples)
    return Race(*size(n), mine, contenders(peers, "decode", law, payload), floor, bar)


def encode(law: str, n: int, peers: Peers, bar: Bar | None) -> Race:
    """Race encoding speech to a fresh object."""
    pcm = speech(n).tobytes()
    floor = fresh_floor(n, np.int16, floors.fresh_half, pcm)
    mine = Contender("rtpcodec", ours(f"{law}_encode"), (pcm,), codes)
    return Race(*size(n), mine, contenders(peers, "encode", law, pcm), floor, bar)


def transcode(law: str, other: str, n: int, peers: Peers, bar: Bar | None) -> Race:
    """Race converting octets of one law to a fresh object of the other."""
    payload = octets(n)
    floor = fresh_floor(n, np.uint8, floors.fresh_same, payload)
    mine = Contender("rtpcodec", ours(f"{law}_to_{other}"), (payload,), codes)
    return Race(*size(n), mine, contenders(peers, "transcode", law, other, payload), floor, bar)


def copy_floor(n: int, item: type[np.generic], source: object, out: object) -> Contender:
    """Return the floor: for bulk a copy of as many items; for a frame an empty call, as NumPy's overhead dominates."""
    if n == FRAME:
        return Contender("empty call", floors.nothing, (source, out))
    return Contender(f"copyto of {np.dtype(item).name}", np.copyto, (np.ones(n, item), np.ones(n, item)))


def decode_into(law: str, n: int, peers: Peers, bar: Bar | None) -> Race:
    """Race decoding octets to a given buffer."""
    payload, out, theirs = octets(n), bytearray(2 * n), np.zeros(n, np.int16)
    floor = copy_floor(n, np.int16, payload, out)
    mine = Contender("rtpcodec", ours(f"{law}_decode_into"), (payload, out), lambda _count: samples(out))
    return Race(*size(n), mine, contenders(peers, "decode_into", law, payload, theirs), floor, bar)


def encode_into(law: str, n: int, peers: Peers, bar: Bar | None) -> Race:
    """Race encoding speech to a given buffer."""
    pcm, out, theirs = speech(n).tobytes(), bytearray(n), np.zeros(n, np.uint8)
    floor = copy_floor(n, np.int16, pcm, out)
    mine = Contender("rtpcodec", ours(f"{law}_encode_into"), (pcm, out), lambda _count: codes(out))
    return Race(*size(n), mine, contenders(peers, "encode_into", law, pcm, theirs), floor, bar)


def transcode_into(law: str, other: str, n: int, peers: Peers, bar: Bar | None) -> Race:
    """Race converting octets of one law to a given buffer of the other."""
    payload, out, theirs = octets(n), bytearray(n), np.zeros(n, np.uint8)
    floor = copy_floor(n, np.uint8, payload, out)
    mine = Contender("rtpcodec", ours(f"{law}_to_{other}_into"), (payload, out), lambda _count: codes(out))
    return Race(*size(n), mine, contenders(peers, "transcode_into", law, other, payload, theirs), floor, bar)

"""Prints a table of G.722 implementations: the octets and samples that differ from the ITU-T reference.

    python scripts/g722_agreement.py

It compares the installed implementations: the packages G722 (libg722) and av (FFmpeg), and libspandsp. The signals are
those in tests/data/g722 and one stream of loud octets, on which each addition of the zero section must saturate.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import importlib
import json
import random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtpcodec.codecs import codec

VECTORS = Path(__file__).parent.parent / "tests" / "data" / "g722"
BITS = {1: 8, 2: 7, 3: 6}
Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Implementation:
    """The two directions of one implementation, each for a whole stream."""

    name: str
    encode: Callable[[Samples], bytes]
    decode: Callable[[bytes, int], Samples]


def shifted(codes: bytes, mode: int) -> bytes:
    """Return octets as libg722 and spandsp expect them in modes 2 and 3: without the data bits."""
    return bytes(octet >> (mode - 1) for octet in codes)


def ours() -> Implementation:
    """Return the codec of this package."""
    return Implementation(
        "rtpcodec",
        lambda pcm: codec("G722").encoder().encode(pcm.tobytes()),
        lambda codes, mode: np.frombuffer(codec("G722").decoder(mode=mode).decode(codes), np.int16),
    )


def libg722() -> Implementation:
    """Return the codec of the package G722."""
    made: Any = importlib.import_module("G722").G722
    return Implementation(
        "libg722",
        lambda pcm: bytes(made(16000, 64000).encode(pcm)),
        lambda codes, mode: np.array(made(16000, BITS[mode] * 8000).decode(shifted(codes, mode)), np.int16),
    )


def ffmpeg() -> Implementation:
    """Return the codec of FFmpeg, through the package av."""
    av: Any = importlib.import_module("av")

    def encode(pcm: Samples) -> bytes:
        context = av.CodecContext.create("g722", "w")
        context.sample_rate, context.layout, context.format = 16000, "mono", "s16"
        out = b""
        for at in range(0, len(pcm), 320):
            frame = av.AudioFrame.from_ndarray(pcm[np.newaxis, at : at + 320], "s16", "mono")
            frame.sample_rate = 16000
            out += b"".join(bytes(packet) for packet in context.encode(frame))
        return out + b"".join(bytes(packet) for packet in context.encode(None))

    def decode(codes: bytes, mode: int) -> Samples:
        context = av.CodecContext.create("g722", "r")
        context.sample_rate, context.layout = 16000, "mono"
        context.options = {"bits_per_codeword": str(BITS[mode])}
        packets = (av.Packet(codes[at : at + 160]) for at in range(0, len(codes), 160))
        return np.concatenate([frame.to_ndarray()[0] for packet in packets for frame in context.decode(packet)])

    return Implementation("FFmpeg", encode, decode)


def spandsp() -> Implementation:
    """Return the codec of libspandsp, through ctypes."""
    path = ctypes.util.find_library("spandsp")
    if path is None:
        raise ImportError("libspandsp is not installed")
    library = ctypes.CDLL(path)
    for name in "g722_encode_init", "g722_decode_init":
        getattr(library, name).restype = ctypes.c_void_p
    pointer, count = ctypes.c_void_p, ctypes.c_int

    def encode(pcm: Samples) -> bytes:
        out = ctypes.create_string_buffer(len(pcm) // 2)
        state = library.g722_encode_init(None, 64000, 0)
        library.g722_encode(pointer(state), out, pcm.ctypes, count(len(pcm)))
        library.g722_encode_free(pointer(state))
        return out.raw

    def decode(codes: bytes, mode: int) -> Samples:
        out = np.zeros(2 * len(codes), np.int16)
        state = library.g722_decode_init(None, BITS[mode] * 8000, 0)
        library.g722_decode(pointer(state), out.ctypes, shifted(codes, mode), count(len(codes)))
        library.g722_decode_free(pointer(state))
        return out

    return Implementation("spandsp", encode, decode)


def installed() -> Iterable[Implementation]:
    """Return our codec and the other installed ones."""
    yield ours()
    for make in libg722, ffmpeg, spandsp:
        try:
            yield make()
        except ImportError as error:
            print(f"not compared: {error}", file=sys.stderr)


def loud_octets() -> bytes:
    """Return octets with the largest differences, mostly positive."""
    return bytes(random.Random(3).choices((0xE0, 0xC4), (6, 1), k=4000))  # noqa: S311


def verify() -> None:
    """Check that our decoder equals the hashes of the reference, so that it can stand for it below."""
    for name, hashes in json.loads((VECTORS / "decoded_sha256.json").read_text()).items():
        codes = (VECTORS / f"{name}.g722").read_bytes()
        for mode in BITS:
            samples = ours().decode(codes, mode).astype("<i2").tobytes()
            if hashlib.sha256(samples).hexdigest() != hashes[f"mode {mode}"]:
                sys.exit(f"rtpcodec does not decode {name} in mode {mode} as the reference does")


def described(differences: dict[str, int]) -> str:
    """Return a cell of the table: the count of equal signals, and the differences in the others."""
    unequal = {name: count for name, count in differences.items() if count}
    cell = f"{len(differences) - len(unequal)} of {len(differences)}"
    return cell + "".join(f"; {name}: {count:,}" for name, count in unequal.items())


def main() -> None:
    """Print the table."""
    verify()
    pcm = {path.name.split(".")[0]: np.fromfile(path, "<i2") for path in sorted(VECTORS.glob("*.in.s16le"))}
    codes = {path.stem: path.read_bytes() for path in sorted(VECTORS.glob("*.g722"))} | {"loud octets": loud_octets()}
    expected = {(name, mode): ours().decode(octets, mode) for name, octets in codes.items() for mode in BITS}
    print("| | direction | equal; octets or samples that differ |\n|---|---|---|")
    for peer in installed():
        octets = {
            name: sum(a != b for a, b in zip(peer.encode(signal), codes[name], strict=True))
            for name, signal in pcm.items()
        }
        print(f"| {peer.name} | encoder | {described(octets)} |")
        for mode in BITS:
            samples = {
                name: int(np.count_nonzero(peer.decode(stream, mode) != expected[name, mode]))
                for name, stream in codes.items()
            }
            print(f"| {peer.name} | decoder, mode {mode} | {described(samples)} |")


if __name__ == "__main__":
    main()

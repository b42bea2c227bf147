"""Fuzz all G.711 functions and their *_into forms, on buffers of every kind, length and alignment.

Layout of an input: kind of source, its alignment, kind of room, its alignment, room more or less than needed; the rest
is audio.
"""

from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

import rtpcodec
from rtpcodec.kernels._simd import available_levels

FORMS = available_levels()
HEAD_OCTETS = 5
DOCUMENTED = (TypeError, ValueError, BufferError)
FUNCTIONS: tuple[tuple[Callable[[Any], bytes], Callable[[Any, Any], int], int, int], ...] = tuple(
    (getattr(rtpcodec, name), getattr(rtpcodec, f"{name}_into"), octets_in, octets_out)
    for name, octets_in, octets_out in (
        ("pcmu_decode", 1, 2),
        ("pcma_decode", 1, 2),
        ("pcmu_encode", 2, 1),
        ("pcma_encode", 2, 1),
        ("pcmu_to_pcma", 1, 1),
        ("pcma_to_pcmu", 1, 1),
    )
)


def _at(octets: bytes, alignment: int) -> memoryview:
    """Return a writable view of exactly these octets, at the end of its block of memory."""
    block = array("B", bytes(alignment) + octets)
    return memoryview(block)[alignment:]


SOURCES: tuple[Callable[[bytes, int], Any], ...] = (
    lambda octets, _: octets,
    _at,
    _at,
    lambda octets, alignment: _at(octets, alignment).toreadonly(),
    lambda octets, _: bytearray(octets),
    lambda octets, _: np.frombuffer(octets, np.uint8),
    lambda octets, _: array("h", octets[: len(octets) & ~1]),
    lambda octets, _: array("d", octets[: len(octets) & ~7]),
    lambda octets, _: memoryview(octets)[::2],
    lambda octets, _: memoryview(octets)[::-1],
    lambda octets, _: np.frombuffer(octets[: len(octets) & ~3], np.int16).reshape(-1, 2),
    lambda octets, _: np.frombuffer(octets[: len(octets) & ~1], ">i2"),
    lambda octets, _: memoryview(octets).cast("c"),
    lambda octets, _: octets.decode("latin-1"),
    lambda octets, _: None,
)
ROOMS: tuple[Callable[[int, int, Any], Any], ...] = (
    lambda octets, _, __: array("B", bytes(octets)),
    lambda octets, alignment, _: _at(bytes(octets), alignment),
    lambda octets, alignment, _: _at(bytes(octets), alignment),
    lambda octets, _, __: bytearray(octets),
    lambda octets, _, __: np.empty(octets, np.uint8),
    lambda octets, _, __: array("h", bytes(octets & ~1)),
    lambda octets, _, __: bytes(octets),
    lambda octets, _, __: array("d", bytes(octets & ~7)),
    lambda octets, _, __: np.empty((octets, 2), np.uint8)[:, 0],
    lambda _, __, source: source,
    lambda _, alignment, source: source[alignment:] if isinstance(source, memoryview) else source,
    lambda _, __, ___: None,
)


def run(data: bytes) -> int:
    """Call every function with the same audio; the *_into forms must give the results of the plain forms."""
    head, audio = data[:HEAD_OCTETS].ljust(HEAD_OCTETS, b"\0"), data[HEAD_OCTETS:]
    source = SOURCES[head[0] % len(SOURCES)](audio, head[1] % 64)
    more = (head[4] - 256 if head[4] > 127 else head[4]) // 8
    for function, function_into, octets_in, octets_out in FUNCTIONS:
        needed = len(audio) // octets_in * octets_out
        room = ROOMS[head[2] % len(ROOMS)](max(0, needed + more), head[3] % 64, source)
        try:
            fresh = function(source)
        except DOCUMENTED:
            fresh = None
        try:
            written = function_into(source, room)
        except DOCUMENTED:
            continue
        if fresh is None or memoryview(room).tobytes()[: len(fresh)] != fresh or len(fresh) != written * octets_out:
            names = function_into.__name__, function.__name__
            raise AssertionError(f"{names[0]} writes {written} items, {names[1]} gives {fresh!r}")
    return 2 * len(FUNCTIONS)

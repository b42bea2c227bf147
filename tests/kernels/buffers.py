"""Every kind of buffer that kernels accept, and every kind that they refuse, for all kernels."""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

Maker = Callable[[bytes], Any]
"""Any buffer: numpy declares its buffer protocol to type checkers only from Python 3.12 on."""


def at_odd_address(octets: bytes) -> memoryview:
    """Return the same octets at an odd address."""
    room = bytearray(len(octets) + 2)
    base = np.frombuffer(room, np.uint8).ctypes.data
    start = 1 - base % 2
    room[start : start + len(octets)] = octets
    return memoryview(room)[start : start + len(octets)]


def _ctypes_of(item: type[ctypes.c_int16 | ctypes.c_uint8 | ctypes.c_float]) -> Maker:
    def make(octets: bytes) -> Any:
        return (item * (len(octets) // ctypes.sizeof(item))).from_buffer_copy(octets)

    return make


def _locked(octets: bytes) -> Any:
    samples = np.frombuffer(octets, np.int16).copy()
    samples.flags.writeable = False
    return samples


OCTETS: dict[str, Maker] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "memoryview, signed": lambda octets: memoryview(octets).cast("b"),
    "memoryview, characters": lambda octets: memoryview(octets).cast("c"),
    "memoryview at an odd address": at_odd_address,
    "memoryview, read-only": lambda octets: memoryview(bytearray(octets)).toreadonly(),
    "array B": lambda octets: array("B", octets),
    "array b": lambda octets: array("b", octets),
    "ndarray uint8": lambda octets: np.frombuffer(octets, np.uint8),
    "ndarray int8": lambda octets: np.frombuffer(octets, np.int8).copy(),
    "ctypes uint8": _ctypes_of(ctypes.c_uint8),
}
"""Buffers of octets."""

SAMPLES: dict[str, Maker] = OCTETS | {
    "memoryview, int16": lambda octets: memoryview(octets).cast("h"),
    "array h": lambda octets: array("h", octets),
    "ndarray int16": lambda octets: np.frombuffer(octets, np.int16).copy(),
    "ndarray int16, read-only": _locked,
    "ndarray int16, one column of a cut": lambda octets: np.frombuffer(b"xx" + octets, np.int16)[1:],
    "ctypes int16": _ctypes_of(ctypes.c_int16),
}
"""Buffers of native 16-bit samples, as items or as octets."""

FLOATS: dict[str, Maker] = OCTETS | {
    "memoryview, float32": lambda octets: memoryview(octets).cast("f"),
    "array f": lambda octets: array("f", octets),
    "ndarray float32": lambda octets: np.frombuffer(octets, np.float32).copy(),
    "ctypes float32": _ctypes_of(ctypes.c_float),
}
"""Buffers of native float32 samples, as items or as octets."""

BY_ITEM: dict[int, dict[str, Maker]] = {1: OCTETS, 2: SAMPLES, 4: FLOATS}
"""Buffers by the octets of an item."""
OCTETS_WANTED = "octets ('B', 'b', 'c') are needed"
SAMPLES_WANTED = "16-bit samples ('h') or octets ('B', 'b', 'c') are needed"
FLOATS_WANTED = "float32 samples ('f') or octets ('B', 'b', 'c') are needed"
WANTED = {1: OCTETS_WANTED, 2: SAMPLES_WANTED, 4: FLOATS_WANTED}
_FOREIGN = ">" if np.little_endian else "<"


def wrong_items(name: str, wanted: str) -> list[tuple[Any, type[Exception], str]]:
    """Return buffers of neither samples nor octets: the buffer, the error, its text."""
    found: list[tuple[Any, type[Exception], str]] = [
        (np.zeros(4, item), TypeError, f"{name} has items of format '{shown}', {wanted}")
        for item, shown in (
            ("float64", "d"),
            ("float32", "f"),
            ("uint16", "H"),
            ("int32", "i"),
            ("bool", "?"),
            (f"{_FOREIGN}i2", f"{_FOREIGN}h"),
        )
        if f"'{shown}'" not in wanted
    ]
    found.append((array("d", [0.0]), TypeError, f"{name} has items of format 'd', {wanted}"))
    found.append((np.zeros((2, 4), np.uint8), ValueError, f"{name} has 2 dimensions, mono audio has 1"))
    found.append((np.zeros((), np.uint8), ValueError, f"{name} has 0 dimensions, mono audio has 1"))
    return found


WITH_GAPS: list[Any] = [memoryview(bytes(16))[::2], np.zeros(16, np.uint8)[::2], np.zeros(16, np.uint8)[::-1]]
"""Not contiguous: their own export refuses, as BufferError or ValueError."""
NO_BUFFERS: list[object] = ["text", 5, None, [1, 2], 1.5]

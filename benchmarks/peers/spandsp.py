"""spandsp through ctypes, with an output buffer that lives as long as the race."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.model import Contender

LIBRARY: Final = ctypes.util.find_library("spandsp")
if LIBRARY is None:
    raise ImportError("no libspandsp found (Debian: apt install libspandsp2)")

spandsp = ctypes.CDLL(LIBRARY)
NAME: Final = f"spandsp ({LIBRARY}, ctypes)"
MODES: Final = {"pcma": 0, "pcmu": 1}
ROUNDING: Final = "spandsp rounds negative samples in its own way"
TABLES: Final = "spandsp converts by a direct table of G.711, not through linear"

for _name in ("g711_decode", "g711_encode", "g711_transcode"):
    getattr(spandsp, _name).argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
spandsp.g711_init.argtypes = [ctypes.c_void_p, ctypes.c_int]
spandsp.g711_init.restype = ctypes.c_void_p
for _name in ("g722_decode", "g722_encode"):
    getattr(spandsp, _name).argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    getattr(spandsp, f"{_name}_init").argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    getattr(spandsp, f"{_name}_init").restype = ctypes.c_void_p


def state(function: str, law: str) -> ctypes.c_void_p:
    """Return a coder of a law, which lives as long as the process."""
    if law == "g722":
        return ctypes.c_void_p(getattr(spandsp, f"{function}_init")(None, 64_000, 0))
    return ctypes.c_void_p(spandsp.g711_init(None, MODES[law]))


def decode(law: str, payload: bytes) -> Iterator[Contender]:
    """Decode octets to PCM."""
    if law == "g722":
        yield _contender("g722_decode", law, payload, np.empty(2 * len(payload), np.int16), len(payload))
        return
    yield _contender("g711_decode", law, payload, np.empty(len(payload), np.int16), len(payload))


def encode(law: str, pcm: bytes) -> Iterator[Contender]:
    """Encode PCM to octets."""
    if law == "g722":
        yield _contender("g722_encode", law, pcm, np.empty(len(pcm) // 4, np.uint8), len(pcm) // 2)
        return
    yield _contender("g711_encode", law, pcm, np.empty(len(pcm) // 2, np.uint8), len(pcm) // 2, differs=ROUNDING)


def transcode(law: str, other: str, payload: bytes) -> Iterator[Contender]:
    """Convert octets of one law to the other."""
    yield _contender("g711_transcode", law, payload, np.empty(len(payload), np.uint8), len(payload), differs=TABLES)


def _contender(
    function: str, law: str, source: bytes, out: NDArray[Any], items: int, *, differs: str = ""
) -> Contender:
    origin = ctypes.c_void_p(ctypes.cast(ctypes.c_char_p(source), ctypes.c_void_p).value)
    room = ctypes.c_void_p(out.ctypes.data)

    # The addresses keep nothing alive; this function references the source and the output.
    def written(_result: Any, _alive: bytes = source) -> NDArray[Any]:
        return out

    return Contender(NAME, getattr(spandsp, function), (state(function, law), room, origin, items), written, differs)

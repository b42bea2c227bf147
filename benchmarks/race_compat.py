"""rtpcodec.compat.audioop against the removed standard module: equal results, faster by the ratios of G.711's bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from benchmarks import floors
from benchmarks.harness.model import Absent, Bar, Contender, Race
from benchmarks.harness.signals import octets, speech
from benchmarks.peers import contenders
from benchmarks.peers.reading import codes, samples
from benchmarks.race_g711 import DECODE_BULK, DECODE_FRAME, ENCODE_BULK, ENCODE_FRAME, FRAME, fresh_floor, size
from rtpcodec.compat import audioop

BULK: Final = 80_000
DECODE: Final = Bar(DECODE_FRAME.ratio)
ENCODE: Final = Bar(ENCODE_FRAME.ratio)
"""Bars of the ratio only: the floor takes one argument, these functions two."""


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield every row of this group by name, with the function that sets its race up."""
    for law in ("ulaw", "alaw"):
        yield f"compat {law}2lin frame", partial(to_linear, f"{law}2lin", FRAME, DECODE)
        yield f"compat lin2{law} frame", partial(from_linear, f"lin2{law}", FRAME, ENCODE)
        yield f"compat {law}2lin bulk", partial(to_linear, f"{law}2lin", BULK, Bar(DECODE_BULK.ratio))
        yield f"compat lin2{law} bulk", partial(from_linear, f"lin2{law}", BULK, Bar(ENCODE_BULK.ratio))


def to_linear(function: str, n: int, bar: Bar) -> Race:
    """Race decoding octets to PCM of width 2."""
    fragment = octets(n)
    mine = Contender("rtpcodec.compat", getattr(audioop, function), (fragment, 2), samples)
    floor = fresh_floor(n, np.int16, floors.fresh_double, fragment)
    return Race(*size(n), mine, twins(function, fragment), floor, bar)


def from_linear(function: str, n: int, bar: Bar) -> Race:
    """Race encoding PCM of width 2 to octets."""
    fragment = speech(n).tobytes()
    mine = Contender("rtpcodec.compat", getattr(audioop, function), (fragment, 2), codes)
    floor = fresh_floor(n, np.int16, floors.fresh_half, fragment)
    return Race(*size(n), mine, twins(function, fragment), floor, bar)


def twins(function: str, fragment: bytes) -> tuple[Contender | Absent, ...]:
    """Return the real module, whose results must equal ours."""
    rivals = contenders(("audioop",), function, fragment)
    return tuple(replace(rival, differs="") if isinstance(rival, Contender) else rival for rival in rivals)

"""Shared by the races of frame codecs: a second of speech, frame by frame, in one call per contender."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.harness.model import Contender
from benchmarks.harness.signals import speech

RATE_HZ: Final = 16_000
FRAMES: Final = 50
"""Frames of a second: coders with history work differently on one repeated frame than on speech."""


def frames_of_speech() -> list[bytes]:
    """Return frames of 20 ms."""
    return [frame.tobytes() for frame in np.split(speech(FRAMES * RATE_HZ // 50, RATE_HZ), FRAMES)]


def each(
    name: str,
    call: Callable[[Any], object],
    frames: Sequence[object],
    items: Callable[[Any], np.ndarray[Any, Any]] | None = None,
    differs: str = "",
) -> Contender:
    """Return one call for all frames, in order."""

    def run() -> list[object]:
        return [call(frame) for frame in frames]

    if items is None:
        return Contender(name, run, ())
    items_of = items

    def joined(results: list[Any]) -> np.ndarray[Any, Any]:
        return np.concatenate([items_of(result) for result in results])

    return Contender(name, run, (), joined, differs)

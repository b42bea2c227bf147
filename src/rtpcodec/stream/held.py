"""The name of `memory_budget` up to version 0.1; it warns, and is removed after one minor version."""

from __future__ import annotations

import warnings

from rtpcodec.stream import memory_budget


def __getattr__(name: str) -> object:
    found: object = getattr(memory_budget, name)
    warnings.warn("rtpcodec.stream.held is now rtpcodec.stream.memory_budget", DeprecationWarning, stacklevel=2)
    return found

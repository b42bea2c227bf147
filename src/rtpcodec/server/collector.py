"""The cycle collector in `run`: rare full collections, because each one looks at all objects of all calls at once.

A full collection takes half a microsecond per object: 25 ms with 500 calls, 300 ms with 5,000, in which no call is
served. Python starts one whenever the number of objects has grown by a quarter, so a peer that opens calls could
trigger it. Ended calls are freed without the collector; it is needed only for cycles of handlers and libraries, most of
which die young.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNG_OBJECTS: Final = 5_000
"""New objects from which the young ones are collected, in 2 ms at most."""
YOUNG_COLLECTIONS: Final = 5
"""Collections of young objects from which the middle generation is collected, in 12 ms at most."""
NEVER: Final = 1_000_000_000
"""Threshold that is never reached: full collections are started by time."""
FULL_PERIOD_S: Final = 600.0
"""Time between full collections. The cycles of 10 minutes need little memory."""


@contextmanager
def rare_collections(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Collect old cycles every 10 minutes only. A program that has switched the collector off is left as it is.

    Objects that exist at the beginning, such as modules, are never visited again.
    """
    if not gc.isenabled():
        yield
        return
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_COLLECTIONS, NEVER)
    periodic = _Periodic(loop)
    try:
        yield
    finally:
        periodic.stop()
        gc.set_threshold(*thresholds)
        gc.unfreeze()


class _Periodic:
    """Starts the full collections."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer = loop.call_later(FULL_PERIOD_S, self._collect)

    def stop(self) -> None:
        """Start no more collections."""
        self._timer.cancel()

    def _collect(self) -> None:
        gc.collect()
        self._timer = self._loop.call_later(FULL_PERIOD_S, self._collect)

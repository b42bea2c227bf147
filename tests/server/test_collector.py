"""`run` decides when old cycles are collected, and leaves the collector as it was."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator

import pytest

from rtpcodec.pump import run_virtual
from rtpcodec.server.collector import FULL_PERIOD_S, NEVER, rare_collections


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """The collector is on within a test, whatever it was before, and afterwards it is as before."""
    was_on, thresholds = gc.isenabled(), gc.get_threshold()
    gc.enable()
    yield
    assert gc.get_threshold() == thresholds
    if not was_on:
        gc.disable()


def full_collections() -> int:
    count: int = gc.get_stats()[2]["collections"]
    return count


def test_a_full_collection_comes_every_ten_minutes() -> None:
    async def main() -> None:
        with rare_collections(asyncio.get_running_loop()):
            assert gc.get_threshold()[2] == NEVER
            begun = full_collections()
            kept = [[number] for number in range(500_000)]  # a quarter more objects would begin one by Python's rule
            assert full_collections() == begun
            await asyncio.sleep(FULL_PERIOD_S - 1)
            assert full_collections() == begun
            await asyncio.sleep(2)
            assert full_collections() == begun + 1
            await asyncio.sleep(FULL_PERIOD_S)
            assert full_collections() == begun + 2
            assert len(kept) == 500_000

    run_virtual(main())


def test_nothing_that_lived_before_stays_frozen() -> None:
    async def main() -> None:
        with rare_collections(asyncio.get_running_loop()):
            assert gc.get_freeze_count() > 1000
        assert gc.get_freeze_count() == 0

    asyncio.run(main())


def test_a_collector_that_is_off_stays_off() -> None:
    async def main() -> None:
        gc.disable()
        before = gc.get_threshold()
        with rare_collections(asyncio.get_running_loop()):
            assert not gc.isenabled()
            assert gc.get_threshold() == before
        assert not gc.isenabled()

    asyncio.run(main())

"""Random calls: no exceptions, and both sides count every chunk. `make random-calls` runs a thousand."""

from __future__ import annotations

import pytest

from tests.virtual.random_calls import RandomCall


@pytest.mark.parametrize("seed", range(4))
def test_some_random_calls(seed: int) -> None:
    RandomCall(seed, call_ms=20_000.0).run().check()


@pytest.mark.long
@pytest.mark.parametrize("seed", [*range(10), *(pytest.param(seed, marks=pytest.mark.hours) for seed in range(10, 60))])
def test_random_calls_of_100_s(seed: int) -> None:
    RandomCall(seed).run().check()

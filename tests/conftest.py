"""What every test finds: the reference vectors, and one seeded way to run Hypothesis."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import vectors as vector_files

# Derandomized: the same examples on every run and machine, and no database of earlier failures left behind.
settings.register_profile(
    "ci", max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", parent=settings.get_profile("ci"), max_examples=3000, derandomize=False)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of the whole set of reference vectors: skips when the variable is unset, fails when it is wrong."""
    folder = vector_files.whole_set()
    if folder is None:
        pytest.skip(f"{vector_files.VARIABLE} is not set")
    return folder


@pytest.fixture(scope="session", params=["shipped", "whole set"])
def g711_tables(request: pytest.FixtureRequest) -> Path:
    """The folder of the G.711 tables: the shipped copy, and once more the original."""
    if request.param == "shipped":
        return vector_files.SHIPPED / "g711"
    folder: Path = request.getfixturevalue("vectors")
    return folder / "g711"

"""Lower bounds of dependencies, as `make lowest` installs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.lowest_versions import is_version, lowest

PROJECT = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")


def test_every_dependency_of_users_has_one_lower_bound() -> None:
    bounds = lowest(PROJECT)
    assert {"msgspec", "numpy", "httpx2", "picows", "uvloop", "aiohttp", "typer", "Cython"} <= bounds.keys()


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('"msgspec>=0.19"', '"msgspec"', "'msgspec' is not of the form name>=version"),
        ('"msgspec>=0.19"', '"msgspec>=0.19,<1"', "is not of the form name>=version"),
        ('sim = ["aiohttp>=3.10", "picows>=2.3"', 'sim = ["picows>=2"', "picows has the bounds 2.3 and 2"),
    ],
)
def test_bounds_that_cannot_be_tested(before: str, after: str, fault: str) -> None:
    assert before in PROJECT
    with pytest.raises(ValueError, match=fault):
        lowest(PROJECT.replace(before, after))


@pytest.mark.parametrize(
    ("installed", "bound", "same"), [("2.0.0", "2", True), ("2.0.1", "2", False), ("3.10", "3.10.0", True)]
)
def test_releases_are_compared_number_by_number(installed: str, bound: str, *, same: bool) -> None:
    assert is_version(installed, bound) is same

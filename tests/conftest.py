"""Fixtures for all tests: the reference vectors, and one seeded profile of Hypothesis."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from rtpcodec.codecs import CodecInfo, codec
from tests import vectors as vector_files

# Derandomized: the same examples on every run and machine, and no database of earlier failures left behind.
settings.register_profile(
    "ci", max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", parent=settings.get_profile("ci"), max_examples=3000, derandomize=False)
settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse test ids that contain an address: each worker of pytest-xdist would collect another id."""
    for item in items:
        if re.search(r"\bat 0x[0-9a-f]{6,}", item.nodeid):
            raise pytest.UsageError(f"{item.nodeid}: the id holds an address, an id must be equal in every process")


@pytest.fixture(scope="module", autouse=True)
def _older_objects_are_not_examined() -> None:
    """Keep the cycle collector from the objects of all collected tests: otherwise it examines them in each collection.

    Collections within a test find all objects that the test makes. A census unfreezes, therefore once per module.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Return the folder of the whole set of vectors: skip if the variable is unset, fail if it is wrong."""
    folder = vector_files.whole_set()
    if folder is None:
        pytest.skip(f"{vector_files.VARIABLE} is not set")
    return folder


@pytest.fixture(scope="session", params=["shipped", "whole set"])
def g711_tables(request: pytest.FixtureRequest) -> Path:
    """Return the folder of the G.711 tables: the shipped copy, and the original."""
    if request.param == "shipped":
        return vector_files.SHIPPED / "g711"
    folder: Path = request.getfixturevalue("vectors")
    return folder / "g711"


@pytest.fixture(scope="session")
def usable_codec() -> Callable[[str], CodecInfo]:
    """Return a codec with its libraries; otherwise skip, or fail if RTPCODEC_REQUIRE_CODECS is 1."""

    def usable(name: str) -> CodecInfo:
        info = codec(name)
        missing = [status.error for status in (library.status() for library in info.libraries) if status.error]
        if missing and os.environ.get("RTPCODEC_REQUIRE_CODECS") == "1":
            pytest.fail("\n".join(missing))
        if missing:
            pytest.skip(missing[0])
        return info

    return usable


@pytest.fixture(scope="session")
def opus(usable_codec: Callable[[str], CodecInfo]) -> CodecInfo:
    """Return OPUS with its library."""
    return usable_codec("OPUS")


@pytest.fixture(scope="session")
def amrwb(usable_codec: Callable[[str], CodecInfo]) -> CodecInfo:
    """Return AMR-WB with its libraries."""
    return usable_codec("AMR-WB")

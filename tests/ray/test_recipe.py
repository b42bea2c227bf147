"""examples/bulk_ray.py on a Ray cluster of this machine: the octets of the plain loop, also when a worker is killed."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import ray

from rtpcodec import transcode_batch
from tests.bulk import holding
from tests.bulk.folders import VICTIM, fill, require_the_plain_loop

ROOT = Path(__file__).parents[2]
SAFETY_S = 120


@pytest.fixture(scope="module", name="recipe")
def _recipe() -> Iterator[Any]:
    """The example, on two workers that can import it and these tests."""
    sys.path.insert(0, str(ROOT / "examples"))
    folders = [str(ROOT), str(ROOT / "src"), str(ROOT / "examples")]
    # A task of Ray Data is repeated without end when its worker dies; both workers start when they are needed.
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000,
        runtime_env={"env_vars": {"PYTHONPATH": ":".join(folders)}},
    )  # fmt: skip
    yield importlib.import_module("bulk_ray")
    ray.shutdown()
    sys.path.remove(str(ROOT / "examples"))


def test_the_octets_of_the_plain_loop(recipe: Any, tmp_path: Path) -> None:
    source, target = fill(tmp_path)
    work = partial(transcode_batch, to="wav", sample_rate_hz=16_000)
    rows = recipe.run(str(source), str(target), "wav", work, 4)
    require_the_plain_loop(source, target, [rows], to="wav", sample_rate_hz=16_000)


def test_a_worker_killed_in_the_middle_costs_nothing_but_time(recipe: Any, tmp_path: Path) -> None:
    source, target = fill(tmp_path)
    holding.prepare(tmp_path)
    work = partial(holding.transcode_and_die, victim=VICTIM, folder=tmp_path, to="alaw")
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(recipe.run, str(source), str(target), "alaw", work, 4)
        holding.kill(tmp_path)
        require_the_plain_loop(source, target, [done.result(SAFETY_S)], to="alaw")

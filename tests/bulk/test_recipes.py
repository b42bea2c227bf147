"""The recipes in examples/ on real pools and clusters: the octets of the plain loop, also when a worker is killed."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import fsspec
import pytest

from rtpcodec import transcode_batch
from rtpcodec.bulk.whole_files import convert_files
from tests.bulk import holding
from tests.bulk.folders import BROKEN, VICTIM, fill, names_in, require_the_plain_loop
from tests.bulk.recordings import telephone_rows

EXAMPLES = Path(__file__).parents[2] / "examples"
SAFETY_S = 60


@pytest.fixture(name="folders")
def _folders(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of recordings, and one for the results."""
    return fill(tmp_path)


@pytest.fixture(name="recipe")
def _recipe(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Import an example in a manner that child processes can import it too."""
    monkeypatch.syspath_prepend(EXAMPLES)
    return importlib.import_module


def test_threads(folders: tuple[Path, Path], recipe: Callable[[str], Any]) -> None:
    source, target = folders
    threads = recipe("bulk_threads")
    work = partial(transcode_batch, to="wav", sample_rate_hz=16_000)
    done = list(threads.run(source, target, "wav", work, 2))
    require_the_plain_loop(source, target, done, to="wav", sample_rate_hz=16_000)


def test_a_file_that_vanished_is_an_error(folders: tuple[Path, Path], recipe: Callable[[str], Any]) -> None:
    source, target = folders
    work = partial(transcode_batch, to="ulaw")
    (row,) = convert_files(["gone.ulaw"], source, target, "ulaw", work)
    assert row["error"] == "gone.ulaw: No such file or directory"
    (row,) = recipe("bulk_dask").convert(["gone.ulaw"], str(source), str(target), "ulaw", work)
    assert row["error"].startswith("FileNotFoundError(2, 'No such file or directory'")
    assert names_in(target) == []


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_no_file(folders: tuple[Path, Path]) -> None:
    source, target = folders
    (target / "0" / "a.ulaw.alaw").mkdir(parents=True)
    rows = convert_files(["0/a.ulaw", "0/a.alaw"], source, target, "alaw", partial(transcode_batch, to="alaw"))
    assert [row["error"] for row in rows] == ["a.ulaw.alaw cannot be written: Is a directory", None]
    assert names_in(target) == ["0/a.alaw.alaw"]


@pytest.mark.parametrize("recipe_name", ["threads", "bulk_dask"])
def test_a_name_in_use_fails_only_its_own_file(
    recipe_name: str, folders: tuple[Path, Path], recipe: Callable[[str], Any]
) -> None:
    source, target = folders
    (target / "0" / "a.ulaw.alaw").mkdir(parents=True)
    (target / "1").write_text("a file where a folder is needed")
    work = partial(transcode_batch, to="alaw")
    names = ["0/a.ulaw", "0/a.alaw", "1/a.ulaw", "2/a.ulaw"]
    if recipe_name == "threads":
        rows = convert_files(names, source, target, "alaw", work)
    else:
        rows = recipe(recipe_name).convert(names, f"file://{source}", f"file://{target}", "alaw", work)
    assert [row["path"] for row in rows] == names
    assert [row["error"] is None for row in rows] == [False, True, False, True]
    assert rows[0]["error"] == "a.ulaw.alaw cannot be written: Is a directory"
    assert names_in(target) == ["0/a.alaw.alaw", "1", "2/a.ulaw.alaw"]


@pytest.mark.long
def test_a_process_killed_in_the_middle_costs_nothing_but_time(
    folders: tuple[Path, Path], recipe: Callable[[str], Any], tmp_path: Path
) -> None:
    source, target = folders
    processes = recipe("bulk_processes")
    holding.prepare(tmp_path)
    transcode = partial(holding.transcode_and_die, victim=VICTIM, folder=tmp_path, to="alaw")
    work = partial(convert_files, source=source, target=target, to="alaw", transcode=transcode)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: list(processes.run(names_in(source), work, 2, 4)))
        holding.kill(tmp_path)
        require_the_plain_loop(source, target, done.result(SAFETY_S), to="alaw")


@pytest.mark.long
def test_a_file_that_ends_each_process_is_an_error(folders: tuple[Path, Path], recipe: Callable[[str], Any]) -> None:
    source, target = folders
    processes = recipe("bulk_processes")
    (source / BROKEN).unlink()
    work = partial(convert_files, source=source, target=target, to="alaw", transcode=holding.transcode_or_die)
    names = ["0/a.wav", "0/a.sln", "0/half.wav", holding.DEADLY]
    rows = [row for rows in processes.run(names, work, 2, 1) for row in rows]
    assert {row["path"]: row["error"] is None for row in rows} == {name: name != holding.DEADLY for name in names}
    assert names_in(target) == [f"{name}.alaw" for name in sorted(names) if name != holding.DEADLY]


def test_dask_tasks_read_and_write_other_filesystems(recipe: Callable[[str], Any]) -> None:
    dask = recipe("bulk_dask")
    memory = fsspec.filesystem("memory")
    rows = [row for row in telephone_rows() if "kind" not in row]
    memory.pipe({f"/calls/[1]/{row['path']}": row["bytes"] for row in rows})
    try:
        names = dask.names_in("memory://calls")
        assert names == sorted(names, key=lambda name: (Path(name).suffix, name))
        done = dask.convert(names, "memory://calls", "memory://out", "ulaw", partial(transcode_batch, to="ulaw"))
        assert [row["error"] for row in done] == [None] * len(rows)
        for row in rows:
            (expected,) = transcode_batch([row], to="ulaw")
            assert memory.cat_file(f"/out/[1]/{row['path']}.ulaw") == expected["bytes"]
    finally:
        memory.store.clear()


@pytest.mark.long
def test_a_dask_worker_killed_in_the_middle_costs_nothing_but_time(
    folders: tuple[Path, Path], recipe: Callable[[str], Any], tmp_path: Path
) -> None:
    from distributed import Client

    source, target = folders
    dask = recipe("bulk_dask")
    holding.prepare(tmp_path)
    transcode = partial(holding.transcode_and_die, victim=VICTIM, folder=tmp_path, to="wav")
    work = partial(dask.convert, source=f"file://{source}", target=f"file://{target}", to="wav", transcode=transcode)
    names = dask.names_in(f"file://{source}")
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:
        workers = {worker["pid"] for worker in client.run(_process).values()}
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(lambda: list(dask.run(client, names, work, 4)))
            assert holding.kill(tmp_path) in workers
            require_the_plain_loop(source, target, done.result(SAFETY_S), to="wav")


def _process() -> dict[str, int]:
    return {"pid": os.getpid()}


@pytest.mark.parametrize("name", [pytest.param("bulk_threads", marks=pytest.mark.long), "bulk_processes"])
def test_the_command_of_a_recipe(name: str, folders: tuple[Path, Path]) -> None:
    source, target = folders
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), str(source), str(target), "--to", "g722"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=SAFETY_S, check=True).stdout
    done = [[json.loads(line)] for line in printed.splitlines()]
    require_the_plain_loop(source, target, done, to="g722")

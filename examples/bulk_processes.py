"""Transcodes the audio files of a folder with processes: python bulk_processes.py IN OUT --to wav --processes 2.

pip install rtpcodec && python bulk_processes.py calls/ out/ --to wav --rate 16000
`calls/a/b.ulaw` becomes `out/a/b.ulaw.wav`. Prints a line of JSON per file; one that failed has an `error`. A process
that is killed costs the time of its files; a file whose process ends whenever it is read becomes an `error`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import rtpcodec

Rows = list[dict[str, Any]]
FILES_PER_TASK = 64
FILES_AT_ONCE = 16  # of G.722: one bank. Of others one after the other, so that their octets stay in the cache


def convert(names: list[str], source: Path, target: Path, to: str, transcode: Callable[[Rows], Any]) -> Rows:
    """Read files, transcode them and write what they become. Returns their rows without octets."""
    for folder in {name.rpartition("/")[0] for name in names}:
        (target / folder).mkdir(parents=True, exist_ok=True)
    at_once = FILES_AT_ONCE if names[0].endswith(".g722") else 1
    batches = (names[at : at + at_once] for at in range(0, len(names), at_once))
    done = (row for batch in batches for row in transcode([read(name, source) for name in batch]))
    return [write(row, target / f"{row['path']}.{to}") for row in done]


def read(name: str, source: Path) -> dict[str, Any]:
    """Read a file into a row, or why it cannot be read."""
    try:
        with (source / name).open("rb", buffering=0) as file:
            return {"path": name, "bytes": file.read()}
    except OSError as error:
        return {"path": name, "bytes": None, "error": str(error)}


def write(row: dict[str, Any], path: Path) -> dict[str, Any]:
    """Write a row's file, whole or not at all. Returns the row without its octets."""
    octets = row.pop("bytes")
    try:
        if octets is not None:
            part = path.with_name(f"{path.name}.part")
            part.write_bytes(octets)
            part.replace(path)
    except OSError as error:
        row["error"] = str(error)
    return row


def run(
    names: list[str], work: Callable[[list[str]], Rows], processes: int, files_per_task: int = FILES_PER_TASK
) -> Iterator[Rows]:
    """Convert files; yields the rows of each task when it is done.

    A process that is killed takes the pool with it, and another pool does what is left. Once a pool gets nothing done,
    each file has a process of its own.
    """
    left = {at: names[at : at + files_per_task] for at in range(0, len(names), files_per_task)}
    before = len(left) + 1
    while 0 < len(left) < before:
        before = len(left)
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            tasks = {}
            with suppress(BrokenProcessPool):  # it may break before it has all tasks
                for at, chunk in left.items():
                    tasks[pool.submit(work, chunk)] = at
            for task in as_completed(tasks):
                if not isinstance(task.exception(), BrokenProcessPool):
                    yield task.result()
                    del left[tasks[task]]
    for name in chain.from_iterable(left.values()):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            try:
                yield pool.submit(work, [name]).result()
            except BrokenProcessPool as error:
                yield [{"path": name, "facts": None, "error": f"BrokenProcessPool: {error}"}]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--to", default="wav")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    names = [str(path.relative_to(given.source)) for path in given.source.rglob("*") if not path.is_dir()]
    names.sort(key=lambda name: (Path(name).suffix, name))
    transcode = partial(rtpcodec.transcode_batch, to=given.to, sample_rate_hz=given.rate)
    work = partial(convert, source=given.source, target=given.target, to=given.to, transcode=transcode)
    for rows in run(names, work, given.processes):
        sys.stdout.writelines(f"{json.dumps(row)}\n" for row in rows)

"""Transcodes the audio files of a folder with processes: python bulk_processes.py IN OUT --to wav --processes 2.

pip install rtpcodec && python bulk_processes.py calls/ out/ --to wav --rate 16000
`calls/a/b.ulaw` becomes `out/a/b.ulaw.wav`. Prints a line of JSON per file; one that failed has an `error`. A process
that is killed costs the time of its files; a file whose process ends whenever it is read becomes an `error`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import rtpcodec
from rtpcodec.bulk.whole_files import convert_files

Rows = list[dict[str, Any]]


def run(
    names: list[str], work: Callable[[list[str]], Rows], processes: int, files_per_task: int = 64
) -> Iterator[Rows]:
    """Convert files, and yield the rows of each task when it is done.

    A process that is killed breaks the pool, and another pool does the remaining work. If a pool completes nothing,
    each file gets a process of its own.
    """
    left = {at: names[at : at + files_per_task] for at in range(0, len(names), files_per_task)}
    before = len(left) + 1
    while 0 < len(left) < before:
        before = len(left)
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            tasks: dict[Future[list[Any]], int] = {}
            with suppress(BrokenProcessPool):  # it may break before it has all tasks
                tasks.update((pool.submit(work, chunk), at) for at, chunk in left.items())
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
    work = partial(convert_files, source=given.source, target=given.target, to=given.to, transcode=transcode)
    for rows in run(names, work, given.processes):
        sys.stdout.writelines(f"{json.dumps(row)}\n" for row in rows)

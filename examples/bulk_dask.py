"""Transcodes audio files on a Dask cluster, in any filesystem of fsspec: python bulk_dask.py s3://calls s3://out.

pip install rtpcodec distributed fsspec s3fs && python bulk_dask.py s3://calls s3://out --scheduler tcp://10.0.0.1:8786
Without a scheduler, two processes of this machine work. `a/b.ulaw` becomes `a/b.ulaw.wav`. Prints a line of JSON per
file; one that failed has an `error`. A worker that is killed costs the time of its files: another one repeats them.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import fsspec
from distributed import Client, as_completed

import rtpcodec
from rtpcodec.bulk.whole_files import write_row

Rows = list[dict[str, Any]]
FILES_PER_TASK = 64


def convert(names: list[str], source: str, target: str, to: str, transcode: Callable[[Rows], Any]) -> Rows:
    """Read files, transcode them and write the results. Returns their rows without octets."""
    files, root = fsspec.url_to_fs(source)
    found = files.cat_ranges([f"{root}/{name}" for name in names], None, None, on_error="return")
    rows = [row_of(name, octets) for name, octets in zip(names, found, strict=True)]
    done: Rows = transcode(rows)
    files, root = fsspec.url_to_fs(target)
    return [write_row(row, files, f"{root}/{row['path']}.{to}") for row in done]


def row_of(name: str, found: bytes | Exception) -> dict[str, Any]:
    """Make the row of a file, or of the error in reading it."""
    is_read = isinstance(found, bytes)
    return {"path": name, "bytes": found if is_read else None, "error": None if is_read else repr(found)}


def names_in(source: str) -> list[str]:
    """List the files below a URL, grouped by kind."""
    files, root = fsspec.url_to_fs(source)
    names = (path.removeprefix(f"{root}/") for path in files.find(root))
    return sorted(names, key=lambda name: (PurePosixPath(name).suffix, name))


def run(client: Client, names: list[str], work: Callable[[list[str]], Rows], files_per_task: int) -> Iterator[Rows]:
    """Convert files on a cluster, and yield the rows of each task when it is done."""
    chunks = [names[at : at + files_per_task] for at in range(0, len(names), files_per_task)]
    tasks = dict(zip(client.map(work, chunks, pure=False), chunks, strict=True))
    for task in as_completed(list(tasks)):
        error = task.exception()
        yield task.result() if error is None else [{"path": name, "error": repr(error)} for name in tasks[task]]
        task.release()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--to", default="wav")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--scheduler", help="address of a cluster; none: two processes of this machine")
    given = parser.parse_args()
    transcode = partial(rtpcodec.transcode_batch, to=given.to, sample_rate_hz=given.rate)
    work = partial(convert, source=given.source, target=given.target, to=given.to, transcode=transcode)
    with Client(given.scheduler) if given.scheduler else Client(n_workers=2, threads_per_worker=1) as client:
        for rows in run(client, names_in(given.source), work, FILES_PER_TASK):
            sys.stdout.writelines(f"{json.dumps(row)}\n" for row in rows)

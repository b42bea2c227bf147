"""Transcodes audio files with Ray Data, on any filesystem of fsspec: python bulk_ray.py s3://calls s3://out --to wav.

pip install rtpcodec 'ray[data]' fsspec s3fs && python bulk_ray.py s3://calls s3://out --address auto
Without an address, Ray starts on this machine. `a/b.ulaw` becomes `a/b.ulaw.wav`. Prints a line of JSON per file; one
that failed has an `error`. A worker that is killed costs the time of its files: Ray repeats its task.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import fsspec
import ray
from ray.data.block import Block, BlockAccessor
from ray.data.datasource import Datasink, WriteResult

import rtpcodec
from rtpcodec.bulk.whole_files import write_row

Rows = list[dict[str, Any]]


def in_columns(columns: dict[str, Any], transcode: Callable[[Rows], Any]) -> dict[str, list[Any]]:
    """Transcode a batch of Ray Data, which has columns. Facts travel as JSON: columns of one type everywhere."""
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    done = [{**row, "facts": json.dumps(row["facts"])} for row in transcode(rows)]
    return {name: [row[name] for row in done] for name in ("path", "bytes", "facts", "error")}


class AudioFiles(Datasink[Rows]):  # type: ignore[misc, unused-ignore]
    """Writes each row to a file of its own, and keeps the rows without octets."""

    def __init__(self, source: str, target: str, to: str) -> None:
        self.source, self.target, self.to = source, target, to
        self.rows: Rows = []

    def write(self, blocks: Iterable[Block], ctx: Any) -> Rows:
        """Write the files of a task. A repeated task writes the same files again."""
        files, root = fsspec.url_to_fs(self.target)
        done = []
        for block in blocks:
            for row in BlockAccessor.for_block(block).iter_rows(public_row_format=True):
                name = row["path"].partition(self.source)[2].lstrip("/")
                found = {**row, "path": name, "facts": json.loads(row["facts"])}
                done.append(write_row(found, files, f"{root}/{name}.{self.to}"))
        return done

    def on_write_complete(self, write_result: WriteResult) -> None:
        """Keep the rows of all tasks."""
        self.rows = [row for rows in write_result.write_returns for row in rows]


def run(source: str, target: str, to: str, transcode: Callable[[Rows], Any], at_once: int = 16) -> Rows:
    """Convert the files below a URL. Returns their rows without octets."""
    sink = AudioFiles(fsspec.url_to_fs(source)[1], target, to)
    found = ray.data.read_binary_files(source, include_paths=True)
    found.map_batches(in_columns, batch_size=at_once, fn_kwargs={"transcode": transcode}).write_datasink(sink)
    return sink.rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--to", default="wav")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--address", help="of a cluster; none: this machine")
    given = parser.parse_args()
    ray.init(given.address)
    transcode = partial(rtpcodec.transcode_batch, to=given.to, sample_rate_hz=given.rate)
    rows = run(given.source, given.target, given.to, transcode)
    sys.stdout.writelines(f"{json.dumps(row)}\n" for row in rows)

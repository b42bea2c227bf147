"""Transcodes the audio files of a folder with the threads of one process: python bulk_threads.py IN OUT --to wav.

pip install rtpcodec && python bulk_threads.py calls/ out/ --to wav --rate 16000 --threads 2
`calls/a/b.ulaw` becomes `out/a/b.ulaw.wav`. Prints a line of JSON per file; one that failed has an `error`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import rtpcodec
from rtpcodec.bulk.whole_files import convert_files

Rows = list[dict[str, Any]]
FILES_PER_TASK = 64


def names_in(source: Path) -> list[list[str]]:
    """List the files of a folder, grouped by kind, in one chunk per task."""
    names = [str(path.relative_to(source)) for path in source.rglob("*") if not path.is_dir()]
    names.sort(key=lambda name: (Path(name).suffix, name))
    return [names[at : at + FILES_PER_TASK] for at in range(0, len(names), FILES_PER_TASK)]


def run(source: Path, target: Path, to: str, transcode: Callable[[Rows], Any], threads: int) -> Iterator[Rows]:
    """Convert a folder, and yield the rows of each task, in the order of the tasks."""
    with ThreadPoolExecutor(threads) as pool:
        work = partial(convert_files, source=source, target=target, to=to, transcode=transcode)
        yield from pool.map(work, names_in(source))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--to", default="wav")
    parser.add_argument("--rate", type=int)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    transcode = partial(rtpcodec.transcode_batch, to=given.to, sample_rate_hz=given.rate)
    for rows in run(given.source, given.target, given.to, transcode, given.threads):
        sys.stdout.writelines(f"{json.dumps(row)}\n" for row in rows)

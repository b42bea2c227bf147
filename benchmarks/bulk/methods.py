"""The methods to convert a folder, timed by wall clock and CPU of all processes."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from benchmarks.bulk.recordings import Recordings, prepared
from rtpcodec import transcode_batch
from rtpcodec.bulk.whole_files import convert_files

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
RATE_HZ: Final = 8000


@dataclass
class Method:
    """One method, and the seconds of each of its rounds."""

    name: str
    files: int
    run: Callable[[], Any]
    is_waited_for: bool = True
    """Whether its processes end with the method; otherwise their CPU time is not known."""
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Time the block as one round."""
        begun, used = time.perf_counter(), _cpu_s()
        yield
        self.wall_s.append(time.perf_counter() - begun)
        self.cpu_s.append(_cpu_s() - used)


def _cpu_s() -> float:
    """Return the CPU time of this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def recipe(name: str) -> Any:
    """Import an example in a manner that child processes can import it too."""
    if str(EXAMPLES) not in sys.path:
        sys.path.insert(0, str(EXAMPLES))
    return import_module(name)


def methods(found: Recordings, workers: int, looped: int) -> list[Method]:
    """Return the methods to compare; the shell loop converts `looped` files."""
    alone, transcode = partial(prepared, seconds=found.seconds), partial(transcode_batch, to="wav")
    count, sample = len(found.names), found.names[:looped]
    return [
        Method(f"reading and writing alone, {workers} threads", count, partial(by_threads, found, workers, alone)),
        Method(f"{workers} threads", count, partial(by_threads, found, workers, transcode)),
        Method("reading and writing alone, 1 process", count, partial(by_processes, found, 1, alone)),
        Method("1 process", count, partial(by_processes, found, 1, transcode)),
        Method(f"reading and writing alone, {workers} processes", count, partial(by_processes, found, workers, alone)),
        Method(f"{workers} processes", count, partial(by_processes, found, workers, transcode)),
        Method("shell loop over ffmpeg", looped, partial(by_ffmpeg, found, sample)),
    ]


def by_threads(found: Recordings, threads: int, transcode: Callable[[Any], Any]) -> None:
    """Run examples/bulk_threads.py."""
    for _ in recipe("bulk_threads").run(found.source, found.target, "wav", transcode, threads):
        pass


def by_processes(found: Recordings, processes: int, transcode: Callable[[Any], Any]) -> None:
    """Run examples/bulk_processes.py, including the start of the processes."""
    module = recipe("bulk_processes")
    work = partial(convert_files, source=found.source, target=found.target, to="wav", transcode=transcode)
    for _ in module.run(found.names, work, processes):
        pass


def by_ffmpeg(found: Recordings, names: list[str]) -> None:
    """Run one ffmpeg per file, one after the other, like a shell loop."""
    options = f"-nostdin -loglevel error -y -f mulaw -ar {RATE_HZ} -ac 1"
    source, target = shlex.quote(str(found.source)), shlex.quote(str(found.target))
    loop = f'for name in "$@"; do {ffmpeg()} {options} -i {source}/"$name" -bitexact {target}/"$name.wav" || exit; done'
    subprocess.run(["/bin/sh", "-c", loop, "sh", *names], check=True)


def ffmpeg() -> str:
    """Return the path of the system's ffmpeg, or that of the test extra."""
    if found := shutil.which("ffmpeg"):
        return found
    from imageio_ffmpeg import get_ffmpeg_exe  # noqa: PLC0415

    return str(get_ffmpeg_exe())


def measure(found: Recordings, compared: list[Method], rounds: int, said: Callable[[str], None]) -> None:
    """Run all methods in turn, round after round, and check their results."""
    for number in range(rounds):
        for method in compared:
            found.clear()
            os.sync()  # writes of the round before must not be paid by this one
            with method.timed():
                method.run()
            found.check(found.names[: method.files])
            said(f"round {number + 1}: {method.name}: {method.wall_s[-1] / method.files * 1e6:.0f} us per file")

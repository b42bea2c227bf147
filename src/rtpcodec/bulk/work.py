"""Runs over many files on the threads of one process: each file or error is one row.

The kernels and the codecs release the GIL, so threads use all cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Final, NamedTuple

from rtpcodec.bulk.manifest import Manifest, Row
from rtpcodec.errors import RtpcodecError

LEAST_PART: Final = 0.01
"""The least reported progress of a file; a bar does not show smaller steps."""
MAX_JOBS: Final = 256
"""Limit of threads per run. More threads than cores only help if files are on a slow network."""


class Job(NamedTuple):
    """One file to convert."""

    source: str
    target: str


def require_jobs(threads: int) -> int:
    """Return the number of threads. ValueError: not 1 to MAX_JOBS."""
    if not 1 <= threads <= MAX_JOBS:
        raise ValueError(f"jobs is {threads}, 1 to {MAX_JOBS} are allowed")
    return threads


class Stopped(Exception):
    """The run was interrupted: the conversion removes its incomplete files."""


class Interruption:
    """Stops the conversions of a run. Use from any thread."""

    __slots__ = ("_stop",)

    def __init__(self) -> None:
        self._stop = Event()

    def require(self) -> None:
        """Raise Stopped if the run was interrupted. Call between two pieces of a file."""
        if self._stop.is_set():
            raise Stopped

    def stop(self) -> None:
        """Stop every conversion at its next piece."""
        self._stop.set()

    @property
    def is_stopped(self) -> bool:
        """Whether the run was interrupted."""
        return self._stop.is_set()


class FileProgress:
    """The progress of one file of a run. Use from one thread."""

    __slots__ = ("_interruption", "_on_part", "_share")

    def __init__(self, interruption: Interruption, on_part: Callable[[float], object] = lambda part: None) -> None:
        """Begin a file; `on_part` is called with each part that is done, and their sum is 1."""
        self._interruption = interruption
        self._on_part = on_part
        self._share = 0.0

    def require(self) -> None:
        """Raise Stopped if the run was interrupted. Call between two pieces of a file."""
        self._interruption.require()

    def reached(self, share: float) -> None:
        """Report how much of the file is done, 0 to 1. Steps below LEAST_PART are added to the next ones."""
        part = min(share, 1.0) - self._share
        if part >= LEAST_PART:
            self._share += part
            self._on_part(part)

    def end(self) -> None:
        """Report the rest, however the file ended."""
        self._on_part(1.0 - self._share)
        self._share = 1.0


Convert = Callable[[Job, FileProgress, Callable[[Row], None]], Row]
"""Converts one file and returns its row. It calls the function with the row when the file is complete under its
temporary name, then renames it."""


def run_jobs(
    jobs: Iterable[Job],
    convert: Convert,
    on_row: Callable[[Row], object],
    *,
    threads: int,
    manifest: Manifest | None = None,
    on_part: Callable[[float], object] = lambda part: None,
) -> None:
    """Convert files on threads.

    KeyboardInterrupt and exceptions of on_row are raised after all threads have ended and on_row was called for every
    finished file. Incomplete files are removed.

    Args:
        jobs: the files; the next one is requested when a thread is free.
        convert: converts one file.
        on_row: called in this thread with the row of each finished file, in any order.
        threads: number of threads, 1 to MAX_JOBS.
        manifest: receives every row.
        on_part: called in any thread with parts of files; the parts of each file add up to 1.

    Raises:
        ValueError: an impossible number of threads.
        ManifestError: the manifest cannot be written.
    """
    require_jobs(threads)
    run = _Run(jobs, convert, manifest, on_part)
    workers: list[Thread] = []
    try:
        for number in range(threads):
            worker = Thread(target=run.work, name=f"rtpcodec-{number}")
            worker.start()
            workers.append(worker)
        _report(run.done, len(workers), on_row)
    except BaseException:
        run.interruption.stop()
        for worker in workers:
            worker.join()
        _report(run.done, 0, on_row)
        raise


def _report(done: SimpleQueue[Row | BaseException | None], threads: int, on_row: Callable[[Row], object]) -> None:
    """Report rows until this number of threads has ended, then the rest. Raise an error that ended a thread."""
    while threads or not done.empty():
        found = done.get()
        if found is None:
            threads = max(0, threads - 1)
        elif isinstance(found, BaseException):
            raise found
        else:
            on_row(found)


class _Run:
    """The work of the threads of one run."""

    __slots__ = ("_convert", "_jobs", "_lock", "_manifest", "_on_part", "done", "interruption")

    def __init__(
        self, jobs: Iterable[Job], convert: Convert, manifest: Manifest | None, on_part: Callable[[float], object]
    ) -> None:
        self._jobs = iter(jobs)
        self._convert = convert
        self._manifest = manifest
        self._on_part = on_part
        self.interruption = Interruption()
        self._lock = Lock()
        self.done: SimpleQueue[Row | BaseException | None] = SimpleQueue()
        """Rows; an error that ends the run; None when a thread has ended."""

    def work(self) -> None:
        """Convert files until none is left, or the run is interrupted."""
        try:
            while not self.interruption.is_stopped:
                with self._lock:
                    job = next(self._jobs, None)
                if job is None:
                    break
                self.done.put(self._row_of(job))
        except Stopped:
            pass
        except BaseException as error:  # raised where the rows are read
            self.done.put(error)
        finally:
            self.done.put(None)

    def _row_of(self, job: Job) -> Row:
        progress = FileProgress(self.interruption, self._on_part)
        try:
            row = self._convert(job, progress, self._record)
        except (ManifestError, Stopped):
            raise
        except Exception as error:  # a single file must not end the run
            row = failed(job, error)
        progress.end()
        if row["state"] != "written":
            self._record(row)
        return row

    def _record(self, row: Row) -> None:
        if self._manifest is not None:
            try:
                self._manifest.add(row)
            except OSError as error:
                raise ManifestError(f"the manifest {self._manifest.path} cannot be written: {error}") from error


class ManifestError(OSError):
    """The manifest cannot be written, which ends the run."""


def failed(job: Job, error: Exception) -> Row:
    """Return the row of a file that could not be converted."""
    return {"input": job.source, "output": job.target, "state": "failed", "error": error_line(job.source, error)}


def error_line(source: str, error: Exception) -> str:
    """Return an error as one line, without the name of the file."""
    text = " ".join(str(error).split())
    if not isinstance(error, RtpcodecError | OSError | ValueError):
        return f"{type(error).__name__}: {text}"
    if isinstance(error, OSError) and error.strerror:
        is_other = error.filename is not None and str(error.filename) != source
        text = f"{error.filename}: {error.strerror}" if is_other else error.strerror
    name = source.rpartition("/")[2]
    for prefix in (f"{source}, ", f"{name}, "):
        text = text.removeprefix(prefix)
    return text

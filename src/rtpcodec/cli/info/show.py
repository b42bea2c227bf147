"""Runs `rtpcodec info`: prints the figures of each file, in the order of the files."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rtpcodec.bulk.work import FileProgress, Interruption, error_line
from rtpcodec.cli.file_options import payload_types, threads_of
from rtpcodec.cli.info.as_json import audio_object, capture_object
from rtpcodec.cli.info.audio_figures import AudioFigures, RawFacts, audio_figures
from rtpcodec.cli.info.capture_figures import CaptureFigures, capture_figures
from rtpcodec.cli.info.tables import AUDIO_HEADING, audio_line, capture_lines
from rtpcodec.cli.inputs import Inputs, is_audio, is_capture, is_capture_file
from rtpcodec.cli.printing import many, print_any_character, printable
from rtpcodec.cli.progress_bar import ProgressBar
from rtpcodec.cli.runs import INTERRUPTED
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.files.kinds import READABLE

Figures = AudioFigures | CaptureFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command line."""

    paths: list[str]
    as_json: bool
    plot: Path | None
    quick: bool
    codecs: list[str] | None
    from_kind: str | None
    from_rate_hz: int | None
    byte_order: str | None
    jobs: int | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read."""

    path: str
    error: str


def run(wanted: Options) -> int:
    """Print the figures of all files. Return the exit code."""
    if wanted.plot is not None and wanted.quick:
        raise ValueError("--plot draws levels, which --quick leaves out")
    codecs = payload_types(wanted.codecs, decoded=not wanted.quick)
    raw = RawFacts(
        kind=wanted.from_kind,
        sample_rate_hz=wanted.from_rate_hz,
        byte_order=cast("ByteOrder | None", wanted.byte_order),
    )
    inputs = Inputs(lambda name: is_audio(name) or is_capture(name))
    files = [one.path for one in inputs.of(wanted.paths)]
    if not files:
        raise ValueError(f"no audio file or capture in {' '.join(wanted.paths)}: {many(inputs.left_out, 'other file')}")
    interruption, bar = Interruption(), ProgressBar(len(files))

    def figures_of(path: str) -> Figures | Failure:
        progress = FileProgress(interruption, bar.advance)
        try:
            if wanted.from_kind is None and is_capture_file(path):
                return capture_figures(path, codecs, progress, quick=wanted.quick)
            return audio_figures(path, raw, progress, quick=wanted.quick)
        except Exception as error:  # a single file must not end the run
            return Failure(path, error_line(path, error).replace(READABLE, f"packet captures, {READABLE}"))
        finally:
            progress.end()

    print_any_character()
    printer = _Printer(wanted, is_one=len(files) == 1, left_out=inputs.left_out)
    threads = threads_of(wanted.jobs)
    try:
        with bar:
            for found in in_order(figures_of, files, threads, interruption):
                printer.show(found)
    except KeyboardInterrupt:
        return INTERRUPTED
    printer.end()
    return 1 if printer.failures else 0


def in_order(
    function: Callable[[str], Figures | Failure], paths: Iterable[str], threads: int, interruption: Interruption
) -> Iterator[Figures | Failure]:
    """Call a function on threads, a few files ahead, and yield its results in the order of the files."""
    waiting: deque[Future[Figures | Failure]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for path in paths:
                waiting.append(pool.submit(function, path))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            interruption.stop()
            pool.shutdown(cancel_futures=True)


class _Printer:
    """Prints figures, and draws them."""

    def __init__(self, wanted: Options, *, is_one: bool, left_out: int) -> None:
        self._wanted = wanted
        self._left_out = left_out
        self._is_one = is_one
        self._table_begun = False
        self._files = 0
        self._duration_ms = 0.0
        self._pictures = 0
        self.failures: list[Failure] = []

    def show(self, found: Figures | Failure) -> None:
        """Print the figures of one file."""
        self._files += 1
        if isinstance(found, Failure):
            self.failures.append(found)
        if self._wanted.as_json:
            print(json.dumps(_object(found)))
        elif isinstance(found, AudioFigures):
            if not self._table_begun:
                print(AUDIO_HEADING)
            print(printable(audio_line(found)))
        elif isinstance(found, CaptureFigures):
            print("\n".join(map(printable, capture_lines(found))))
        if not isinstance(found, Failure):
            self._table_begun = isinstance(found, AudioFigures)
        if isinstance(found, AudioFigures):
            self._duration_ms += found.facts.duration_ms or 0.0
        if self._wanted.plot is not None and not isinstance(found, Failure):
            self._draw(found, self._wanted.plot)

    def _draw(self, found: Figures, plot: Path) -> None:
        from rtpcodec.cli.info.plot import draw

        for picture in draw(found):
            self._pictures += 1
            path = plot if self._pictures == 1 else plot.with_stem(f"{plot.stem}-{self._pictures}")
            picture.save(path)
            if not self._wanted.as_json:
                print(printable(f"drew {path}: {picture.title}"))

    def end(self) -> None:
        """Print failures and sums."""
        if self._wanted.as_json:
            return
        if self._left_out or not self._is_one:
            seconds = round(self._duration_ms / 1000)
            words = [many(self._files, "file")]
            words += [f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} of audio"] * bool(self._duration_ms)
            words += [f"{len(self.failures)} failed"] * bool(self.failures)
            words += [f"{many(self._left_out, 'other file')} left out"] * bool(self._left_out)
            print(", ".join(words))
        for failure in self.failures:
            print(printable(f"failed: {failure.path}: {failure.error}"))


def _object(found: Figures | Failure) -> dict[str, object]:
    if isinstance(found, Failure):
        return {"file": found.path, "kind": "failed", "error": found.error}
    return audio_object(found) if isinstance(found, AudioFigures) else capture_object(found)

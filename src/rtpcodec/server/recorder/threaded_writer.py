"""ThreadedWriter: writes the pieces of one recording in the writer's thread, and finishes it in the finisher's."""

from __future__ import annotations

from collections.abc import Callable
from errno import EEXIST
from pathlib import Path
from typing import Final

from rtpcodec.pickling import Live
from rtpcodec.server.file_executor import FileExecutor
from rtpcodec.server.recorder.finishing import write_sidecar
from rtpcodec.server.recorder.pieces import BUFFER_MS, PieceQueue
from rtpcodec.server.recorder.recording_files import RecordingFiles, Sides

FAILURES: Final = (OSError, RuntimeError, ValueError)
"""Errors of writing a file; RuntimeError comes from libsndfile."""

Report = Callable[[Exception | None, dict[str, object]], object]
"""Called once in the event loop: the error that ended the recording, or None, and the sidecar's members."""


class ThreadedWriter(Live):
    """The files of one recording, for the event loop. No method accesses a file there.

    A write that fails is retried with each `flush`, until BUFFER_MS of audio wait.
    """

    __slots__ = (
        "_executor",
        "_files",
        "_known_ms",
        "_path",
        "_rate_hz",
        "_report",
        "_scheduled",
        "_sides",
        "error",
        "knows_heard",
        "pieces",
    )

    def __init__(self, executor: FileExecutor, path: Path, sample_rate_hz: int, sides: Sides, report: Report) -> None:
        """Prepare the writer.

        Args:
            executor: the executor of the event loop.
            path: the recording's file.
            sample_rate_hz: the rate of the files.
            sides: "stereo" or "separate".
            report: called at the end.
        """
        self._executor = executor
        self._path = path
        self._rate_hz = sample_rate_hz
        self._sides: Sides = sides
        self._report = report
        self._files: RecordingFiles | None = None
        self._known_ms = 0.0
        self._scheduled = False
        self.pieces = PieceQueue()
        self.knows_heard = True
        """Whether the audio that the caller heard is known. Set it before `open`."""
        self.error: Exception | None = None
        """The error that ended the recording."""

    def open(self, members: dict[str, object]) -> None:
        """Create the files, and a sidecar with these members."""
        self._executor.write(lambda: self._open(members))

    def flush(self, known_ms: float) -> None:
        """Write the pieces. known_ms: the time on the timeline up to which they are complete."""
        self._known_ms = known_ms
        if not self._scheduled:
            self._scheduled = True
            self._executor.write(self._write)

    def finish(self, end_ms: float, members: dict[str, object]) -> None:
        """Write the rest, and finish the files.

        Args:
            end_ms: the length of the recording.
            members: the members of the sidecar.
        """
        self._executor.write(lambda: self._end(end_ms, members))

    # In the writer's thread

    def _open(self, members: dict[str, object]) -> None:
        sidecar = sidecar_path(self._path)
        try:
            if sidecar.exists():  # it belongs to another recording, perhaps one with another suffix
                raise FileExistsError(EEXIST, "already exists", sidecar.name)
            self._files = RecordingFiles(self._path, self._rate_hz, self._sides)
            self._files.knows_heard = self.knows_heard
            write_sidecar(sidecar, members)
        except FAILURES as error:
            self._failed(error)

    def _write(self) -> None:
        self._scheduled = False
        if self._files is None or self.error is not None:
            return
        try:
            self._drain(self._files)
        except FAILURES as error:
            if not isinstance(error, OSError) or self._files.waiting_ms >= BUFFER_MS:
                self._failed(error)

    def _drain(self, files: RecordingFiles) -> None:
        """Write all queued pieces, in parts, so that unwritten audio stays limited as well."""
        while True:
            known_ms = self._known_ms
            while files.waiting_ms < BUFFER_MS and (piece := self.pieces.take()) is not None:
                files.take(piece)
            if not self.pieces.count:
                files.write(known_ms)
                return
            files.write(0.0)

    def _end(self, end_ms: float, members: dict[str, object]) -> None:
        files = self._files
        if files is not None and self.error is None:
            try:
                self._drain(files)
                files.finish(end_ms)
            except FAILURES as error:
                self._failed(error)
        self._executor.finish(lambda: self._complete(members))

    def _failed(self, error: Exception) -> None:
        """Keep the first error, without its traceback, whose frames refer to the call."""
        self.error = self.error or error
        cause: BaseException | None = error
        while cause is not None:
            cause.__traceback__ = None
            cause = cause.__context__

    # In the finisher's thread

    def _complete(self, members: dict[str, object]) -> None:
        files = self._files
        if files is not None:
            members |= {"duration_ms": round(files.duration_ms, 3), "heard_from": files.heard_from}
            members["drift"] = {
                "heard_ppm": files.heard.skew_ppm,
                "absorbed_ms": round(files.heard.absorbed_ms, 3),
                "absorptions": files.heard.absorptions,
            }
            members["overruns"] = [{"from_ms": round(a, 3), "to_ms": round(b, 3)} for a, b in self.pieces.overruns]
            try:
                members["files"] = files.complete()
            except FAILURES as error:
                self._failed(error)
                files.close()
            members["complete"] = self.error is None
            members["error"] = None if self.error is None else str(self.error)
            try:
                write_sidecar(sidecar_path(self._path), members)
            except FAILURES as error:
                self._failed(error)
        found = self.error
        self._executor.report(lambda: self._report(found, members))


def sidecar_path(path: Path) -> Path:
    """Return the path of the sidecar of a recording."""
    return path.with_suffix(".json")

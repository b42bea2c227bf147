"""Capture: one capture of one session. Its records become lines where its sink wants them made."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TextIO

from rtpcodec.pickling import Live
from rtpcodec.stream.capture.header import Header
from rtpcodec.stream.capture.inputs import RecordSink
from rtpcodec.stream.capture.lines import LineMaker, Record
from rtpcodec.stream.wire import Dialect


class CaptureFile(Live):
    """Writes the lines of one capture. Each line is with the operating system when `take` returns.

    Use from one thread at a time; it need not be the session's.
    """

    __slots__ = ("_file", "_maker", "path")

    def __init__(self, path: str | PathLike[str], header: Header, dialect: Dialect) -> None:
        """Open the file and write its first line. An existing file is replaced. OSError."""
        self.path = Path(path)
        self._maker = LineMaker(dialect, header.plan.send_codec, header.origin_ms, audio=header.audio)
        self._file: TextIO = self.path.open("x", encoding="utf-8", newline="\n")
        try:
            self._file.write(header.line())
            self._file.flush()
        except BaseException:
            self._file.close()
            raise

    def take(self, record: Record) -> None:
        """Write a record. OSError."""
        self.take_all([record])

    def take_all(self, records: list[Record]) -> None:
        """Write records in one call of the system, or few. OSError."""
        self._file.write("".join([self._maker.line(record) for record in records]))
        self._file.flush()

    def close(self) -> None:
        """Close the file. More than once does nothing. OSError."""
        self._file.close()


class Capture(Live):
    """One capture of one session: `MediaSession.capture` makes it. Use from one thread at a time."""

    __slots__ = ("_close", "_on_stop", "_sink", "header")

    def __init__(
        self, header: Header, sink: RecordSink, close: Callable[[], object], on_stop: Callable[[Capture], object]
    ) -> None:
        """Make it.

        Args:
            header: Its first line.
            sink: Takes its records.
            close: Called once, behind the last record.
            on_stop: Lets the session report to it no more.
        """
        self.header = header
        self._sink = sink
        self._close = close
        self._on_stop: Callable[[Capture], object] | None = on_stop

    @property
    def sink(self) -> RecordSink:
        """What takes its records."""
        return self._sink

    @property
    def stopped(self) -> bool:
        """Whether it takes nothing any more."""
        return self._on_stop is None

    def stop(self) -> None:
        """End the capture and close its file. A second call does nothing. OSError."""
        on_stop, self._on_stop = self._on_stop, None
        if on_stop is not None:
            on_stop(self)
            self._close()

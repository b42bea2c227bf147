"""One capture of one session. Its sink makes lines of its records, perhaps in another thread."""

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
    """Writes the lines of one capture. When `take` returns, the operating system has the line.

    Use from one thread at a time, which may be another one than the session's.
    """

    __slots__ = ("_file", "_maker", "path")

    def __init__(self, path: str | PathLike[str], header: Header, dialect: Dialect) -> None:
        """Open the file, which must not exist, and write its first line. Raises OSError."""
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
        """Write a record. Raises OSError."""
        self.take_all([record])

    def take_all(self, records: list[Record]) -> None:
        """Write records in one system call, or few. Raises OSError."""
        self._file.write("".join([self._maker.line(record) for record in records]))
        self._file.flush()

    def close(self) -> None:
        """Close the file. A second call does nothing. Raises OSError."""
        self._file.close()


class Capture(Live):
    """One capture of one session, made by `MediaSession.capture`. Use from one thread at a time."""

    __slots__ = ("_close", "_on_stop", "_sink", "header")

    def __init__(
        self, header: Header, sink: RecordSink, close: Callable[[], object], on_stop: Callable[[Capture], object]
    ) -> None:
        """Make a capture.

        Args:
            header: Its first line.
            sink: Called with each record.
            close: Called once, after the last record.
            on_stop: Removes the capture from its session.
        """
        self.header = header
        self._sink = sink
        self._close = close
        self._on_stop: Callable[[Capture], object] | None = on_stop

    @property
    def sink(self) -> RecordSink:
        """The function that is called with each record."""
        return self._sink

    @property
    def stopped(self) -> bool:
        """Whether the capture has ended."""
        return self._on_stop is None

    def stop(self) -> None:
        """End the capture and close its file. A second call does nothing. Raises OSError."""
        on_stop, self._on_stop = self._on_stop, None
        if on_stop is not None:
            on_stop(self)
            self._close()

"""CallCapture: a capture of a call. A thread formats and writes its lines."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from os import PathLike
from pathlib import Path
from typing import Any, Final

from rtpcodec.pickling import Live
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.file_executor import DirectFileExecutor, file_executor_of
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.stream.capture.capture import Capture, CaptureFile
from rtpcodec.stream.capture.lines import Record
from rtpcodec.stream.session import MediaSession

WRITE_EVERY_S: Final = 0.2
"""Records are handed to the thread this often; a killed process loses no more than that."""
MAX_WAITING_OCTETS: Final = 8 << 20
"""Limit on texts that wait for the disk: minutes of a call in any codec."""
RECORD_OCTETS: Final = 200
"""Approximate size of a record without its text."""


class CallCapture(Live):
    """A capture of one call, from `call.capture`. The end of the call ends it.

    Await it to wait until its file is complete. Use it in the event loop's thread only.
    """

    __slots__ = (
        "_access",
        "_capture",
        "_complete",
        "_executor",
        "_file",
        "_given_octets",
        "_log",
        "_lost",
        "_records",
        "_timer",
        "_written_octets",
        "dropped_lines",
        "error",
        "path",
    )

    def __init__(self, access: LoopAccess, path: str | PathLike[str], call_id: str, *, audio: bool) -> None:
        """Begin a capture. OSError; StreamEnded after the end."""
        session: MediaSession = access.pump.machine.session
        now_ms = access.pump.now_ms()
        header = session.capture_header(now_ms, audio=audio)
        self.path = Path(path)
        """The file."""
        self.error: OSError | None = None
        """The error that ended the capture early, such as a full disk; None: none."""
        self.dropped_lines = 0
        """Lines that were dropped because the disk was too slow."""
        self._access = access
        self._log = CallLog(call_id)
        self._executor = file_executor_of(access.loop)
        self._file = CaptureFile(path, header, session.dialect)
        self._records: list[Record] = []
        self._given_octets = self._written_octets = 0  # one is written by the loop only, the other by the thread only
        self._lost = 0
        self._timer: asyncio.TimerHandle | None = None
        self._complete: asyncio.Future[None] = access.loop.create_future()
        self._capture: Capture | None = session.capture_to(header, self._take, self._close, now_ms)

    @property
    def stopped(self) -> bool:
        """Whether it records nothing more: it was stopped, the stream has ended, or the disk failed."""
        return self._capture is None or self._capture.stopped

    def stop(self) -> None:
        """End the capture; its file is complete soon after. A second call does nothing."""
        self._access.machine("stop")
        if self._capture is not None:
            self._capture.stop()

    def __await__(self) -> Generator[Any, Any, CallCapture]:
        self._access.require_coroutine("await capture")
        yield from asyncio.shield(self._complete).__await__()
        return self

    # In the event loop

    def _take(self, record: Record) -> None:
        octets = _octets_of(record)
        if self._given_octets + octets - self._written_octets > MAX_WAITING_OCTETS:
            self._lost += 1
            self.dropped_lines += 1
            return
        self._given_octets += octets
        if self._lost:
            lost, self._lost = {"do": "lost", "lines": self._lost}, 0
            self._records.append(Record(record.now_ms, "do", lost, False))
        self._records.append(record)
        if isinstance(self._executor, DirectFileExecutor):
            self._hand_over()
        elif self._timer is None:
            self._timer = self._access.loop.call_later(WRITE_EVERY_S, self._hand_over)

    def _hand_over(self) -> None:
        self._timer = None
        records, self._records = self._records, []
        if records:
            self._executor.write(lambda: self._write(records))

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._hand_over()
        self._executor.write(self._close_file)

    def _failed(self, error: OSError) -> None:
        if self.error is None:
            self.error = error
            self._log.warning("the capture has ended because its file cannot be written: %s", error)
            if self._capture is not None:
                self._capture.stop()

    def _completed(self) -> None:
        self._capture = None
        if not self._complete.done():
            self._complete.set_result(None)

    # In the thread

    def _write(self, records: list[Record]) -> None:
        try:
            if self.error is None:
                self._file.take_all(records)
        except OSError as error:
            failure = error.with_traceback(None)
            self._executor.report(lambda: self._failed(failure))
        self._written_octets += sum(map(_octets_of, records))

    def _close_file(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            failure = error.with_traceback(None)
            self._executor.report(lambda: self._failed(failure))
        self._executor.report(self._completed)


def _octets_of(record: Record) -> int:
    """Return the approximate size of a record."""
    body = record.body
    if record.kind == "out":
        body = body.text
    return RECORD_OCTETS + (len(body) if isinstance(body, str | bytes) else 0)

"""Recorder: one recording from its beginning to its end, in the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, get_args

from rtpcodec.errors import LocalProtocolError, MissingLibrary, StreamEnded
from rtpcodec.pickling import Live
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.call_parts import CallParts
from rtpcodec.server.file_executor import file_executor_of
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.recorder.finishing import flac_library
from rtpcodec.server.recorder.recording_files import Sides
from rtpcodec.server.recorder.recording_sink import HeardReader, RecordingSink
from rtpcodec.server.recorder.sidecar_facts import SidecarFacts
from rtpcodec.server.recorder.threaded_writer import ThreadedWriter
from rtpcodec.server.recorder.timeline import Timeline
from rtpcodec.server.replies import Reply, heard_to_its_end
from rtpcodec.stream.events import Started
from rtpcodec.stream.session import MediaSession

SUFFIXES: Final = (".wav", ".flac")

State = Literal["waiting", "recording", "finishing", "complete", "failed", "not_begun"]
"""waiting: for the end of `after`. finishing: the recording has ended, and its files are not finished. complete: files
and sidecar are finished. failed: an error ended it, see `error`. not_begun: the call, `stop` or `after` ended
before."""


class Recorder(Live):
    """One recording. Use it in the event loop's thread only."""

    __slots__ = (
        "_access",
        "_done",
        "_log",
        "_sides",
        "_sink",
        "_started",
        "_waiting",
        "_writer",
        "error",
        "path",
        "state",
    )

    def __init__(self, access: LoopAccess, started: Started, log: CallLog, path: Path, sides: Sides) -> None:
        self._access = access
        self._started = started
        self._log = log
        self._sides: Sides = sides
        self._writer: ThreadedWriter | None = None
        self._sink: RecordingSink | None = None
        self._waiting: asyncio.Future[Any] | None = None
        self._done: asyncio.Future[None] = access.loop.create_future()
        self.path = path
        self.state: State = "waiting"
        self.error: BaseException | None = None

    @property
    def stopped(self) -> bool:
        """Whether it records nothing more."""
        return self.state not in ("waiting", "recording")

    def stop(self) -> None:
        """End the recording. A second call does nothing."""
        self._access.machine("stop")
        if self._waiting is not None:
            self._waiting.cancel()
        elif self._sink is not None and self.state == "recording":
            self._sink.stop(self._access.pump.now_ms())
            self._access.pump.run()

    async def finished(self) -> None:
        """Wait until files and sidecar are complete. Raises LocalProtocolError in `on_audio`, which cannot wait."""
        self._access.require_coroutine("finished")
        await asyncio.shield(self._done)

    # Its phases

    def wait_for(self, after: Reply | Awaitable[object]) -> None:
        """Begin once a reply was heard to its end, or an awaitable has returned anything except False."""
        wanted = heard_to_its_end(after) if isinstance(after, Reply) else after
        task = asyncio.ensure_future(wanted)
        # A task or future of the user must not be cancelled.
        waiting = asyncio.shield(task) if task is wanted else task
        self._waiting = waiting
        waiting.add_done_callback(self._waited)

    def call_over(self) -> None:
        """End a recording that has not begun, because its call has ended."""
        if self._waiting is not None:
            self._waiting.cancel()

    def _waited(self, waiting: asyncio.Future[Any]) -> None:
        self._waiting = None
        error = None if waiting.cancelled() else waiting.exception()
        if waiting.cancelled() or error is not None or waiting.result() is False:
            self._end("not_begun", error)
            return
        try:
            self.begin()
        except Exception as failure:  # an error of the session, for example because the stream has ended
            self._end("not_begun", failure)

    def begin(self) -> None:
        """Begin to record."""
        session, now_ms = self._access.pump.machine.session, self._access.pump.now_ms()
        if session.ended:
            self._end("not_begun")
            return
        rate_hz = session.received_pcm_hz
        if rate_hz is None:  # a further `start` has named an unknown codec meanwhile
            raise LocalProtocolError("the received audio is not decoded, and record needs PCM")
        timeline = Timeline(now_ms, session.media_delay_ms)
        facts = SidecarFacts(self._started, self._log.call_id, timeline.delay_ms, self._sides)
        facts.sample_rate_hz = rate_hz
        writer = ThreadedWriter(file_executor_of(self._access.loop), self.path, rate_hz, self._sides, self._finished)

        def ended(end_ms: float) -> None:
            self.state = "finishing"
            writer.finish(end_ms, facts.members(writer.pieces.overruns))

        heard = _heard_reader_of(session)
        writer.knows_heard = heard is not None
        self._writer = writer
        self._sink = RecordingSink(session, heard, writer.pieces, facts, timeline, flush=self._flush, ended=ended)
        self.state = "recording"
        writer.open(facts.members([]))
        self._sink.begin(now_ms)
        self._access.pump.run()

    def _flush(self, known_ms: float) -> None:
        writer = self._writer
        if writer is not None:
            writer.flush(known_ms)
            if writer.error is not None and self._sink is not None:
                self._sink.abandon()

    def _finished(self, error: Exception | None, _members: dict[str, object]) -> None:
        self._end("complete" if error is None else "failed", error)

    def _end(self, state: State, error: BaseException | None = None) -> None:
        self.state = state
        self.error = error
        self._writer = self._sink = None
        if error is not None:
            self._log.error("the recording %s has ended: %s", self.path.name, error)
        if not self._done.done():
            self._done.set_result(None)


def recorder_of(
    parts: CallParts, access: LoopAccess, started: Started, path: str | PathLike[str], sides: Sides
) -> Recorder:
    """Create a recorder, which has not begun. Errors as for `Call.record`."""
    file = Path(path)
    if file.suffix.lower() not in SUFFIXES:
        raise ValueError(f"the recording's name ends with {file.suffix!r}, {' or '.join(SUFFIXES)} is needed")
    if sides not in get_args(Sides):
        raise ValueError(f"sides is {sides!r}, 'stereo' or 'separate' is needed")
    if file.suffix.lower() == ".flac":
        flac_library()
    session = access.machine("record").session
    if session.ended:
        raise StreamEnded("the stream has ended; nothing can be recorded any more")
    if session.receive_pcm_hz is None:
        raise LocalProtocolError("receive_pcm_hz is None, so the received audio is not decoded, and record needs PCM")
    if session.received_pcm_hz is None:
        raise LocalProtocolError("the received audio is not decoded, and record needs PCM")
    recorder = Recorder(access, started, CallLog(parts.id), file, sides)
    parts.files.add(recorder)
    parts.disconnected.add_done_callback(lambda _: recorder.call_over())
    return recorder


def _heard_reader_of(session: MediaSession) -> HeardReader | None:
    """Return a reader of the audio that the caller hears from now on; None: it is unknown."""
    try:
        return session.heard_signal().reader()
    except (LocalProtocolError, MissingLibrary):  # mode mp3; a codec that only encodes
        return None

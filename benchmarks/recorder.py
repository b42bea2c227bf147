"""The cost of recording: CPU of the event loop and of the writer, for many calls that constantly talk both ways.

    python -m benchmarks.recorder [CALLS] [SECONDS]

The calls run on a clock that the benchmark moves, as fast as they can, and the files are written by the real threads.
The cycle collector is off: its full rounds would hide the longest step.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import rtpcodec
from rtpcodec.server.file_executor import ThreadFileExecutor
from rtpcodec.server.recorder.recording_sink import RecordingSink
from rtpcodec.server.recorder.sidecar_facts import SidecarFacts
from rtpcodec.server.recorder.threaded_writer import ThreadedWriter
from rtpcodec.server.recorder.timeline import Timeline
from rtpcodec.stream.events import Started

START = '{"event":"start","stream_id":"s","start":{"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}'
PAYLOAD = base64.b64encode(bytes(range(160))).decode()
SPEECH = bytes(range(256)) * 62 + bytes(128)
CHUNK_MS = 20


@dataclass
class Figures:
    """Of one run."""

    loop_us: float
    """CPU of the event loop's thread per call and second."""
    writer_us: float
    """CPU of the other threads per call and second."""
    longest_ms: float
    """The longest step of a call, in CPU time."""
    dropped: int


def session_of_call(now_ms: float) -> tuple[rtpcodec.MediaSession, Started]:
    """Return a session that has started."""
    session = rtpcodec.MediaSession(rtpcodec.StreamPlan(send_codec="PCMU"))
    session.receive(START, now_ms)
    started = next(event for event in session.events(now_ms) if isinstance(event, Started))
    return session, started


def record(
    session: rtpcodec.MediaSession, started: Started, path: Path
) -> tuple[RecordingSink, ThreadedWriter, asyncio.Future[None]]:
    """Record a session."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    timeline = Timeline(0.0, None)
    facts = SidecarFacts(started, "call", 0.0, "stereo")
    writer = ThreadedWriter(
        ThreadFileExecutor(loop), path, 8000, "stereo", lambda _error, _members: done.set_result(None)
    )
    sink = RecordingSink(
        session, session.heard_signal().reader(), writer.pieces, facts, timeline,
        flush=writer.flush, ended=lambda end_ms: writer.finish(end_ms, facts.members([])),
    )  # fmt: skip
    writer.open(facts.members([]))
    sink.begin(0.0)
    return sink, writer, done


async def measure(calls: int, seconds: int, folder: Path | None) -> Figures:
    """Run calls, and record them in a folder; None: do not."""
    sessions = [session_of_call(0.0) for _ in range(calls)]
    recordings = []
    if folder is not None:
        recordings = [record(*each, folder / f"{number}.wav") for number, each in enumerate(sessions)]
    longest_s = 0.0
    process_s, thread_s = time.process_time(), time.thread_time()
    for number in range(seconds * 1000 // CHUNK_MS):
        now_ms = (number + 1.0) * CHUNK_MS
        text = (
            f'{{"event":"media","stream_id":"s","sequence_number":"{number + 2}","media":{{"track":"inbound",'
            f'"chunk":"{number + 1}","timestamp":"{number * CHUNK_MS}","payload":"{PAYLOAD}"}}}}'
        )
        for session, _ in sessions:
            begun_s = time.thread_time()
            session.receive(text, now_ms)
            session.events(now_ms)
            if session.queued_ms < 1000:
                session.play(SPEECH)
            session.outgoing(now_ms)
            longest_s = max(longest_s, time.thread_time() - begun_s)
    thread_s = time.thread_time() - thread_s
    for session, _ in sessions:
        session.closed(seconds * 1000.0)
        session.events(seconds * 1000.0)
    for _, _, done in recordings:
        await done
    process_s = time.process_time() - process_s
    per = 1e6 / calls / seconds
    dropped = sum(len(writer.pieces.overruns) for _, writer, _ in recordings)
    return Figures(thread_s * per, (process_s - thread_s) * per, longest_s * 1000, dropped)


def main() -> None:
    """Print the figures."""
    calls, seconds = (int(text) for text in (sys.argv[1:] + ["100", "20"][len(sys.argv) - 1 :]))
    gc.disable()
    for name, records in (("without", False), ("with", True)):
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(measure(calls, seconds, Path(folder) if records else None))
        print(
            f"{calls} calls {name} a recorder, CPU per call and second: event loop {found.loop_us:.0f} us, "
            f"writer {found.writer_us:.0f} us; longest step {found.longest_ms:.2f} ms; overruns: {found.dropped}"
        )


if __name__ == "__main__":
    main()

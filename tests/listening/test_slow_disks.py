"""A disk slower than the call: memory is bounded, dropped audio is silence, and the event loop never blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rtpcodec.server.recorder.pieces import BUFFER_MS, Piece
from rtpcodec.server.recorder.threaded_writer import ThreadedWriter
from tests.listening.recorded_call import pattern, wav_frames

HZ = 8000
CHUNK_MS = 20


class HeldExecutor:
    """The disk does nothing until it is released."""

    def __init__(self) -> None:
        self.work: list[Callable[[], object]] = []

    def write(self, work: Callable[[], object]) -> None:
        self.work.append(work)

    finish = write

    def report(self, work: Callable[[], object]) -> None:
        work()

    def release(self) -> None:
        while self.work:
            self.work.pop(0)()


def test_audio_that_does_not_fit_is_silence_of_its_length(tmp_path: Path) -> None:
    executor = HeldExecutor()
    reports: list[Exception | None] = []
    writer = ThreadedWriter(executor, tmp_path / "a.wav", HZ, "stereo", lambda error, _members: reports.append(error))
    writer.open({})
    end_ms = round(3 * BUFFER_MS)
    for at_ms in range(0, end_ms, CHUNK_MS):
        if at_ms == 2 * BUFFER_MS:
            executor.release()
        for source in ("caller", "heard"):
            pcm = pattern(at_ms, CHUNK_MS, HZ)
            writer.pieces.put(Piece(source, at_ms, pcm, len(pcm) // 2, HZ, 1, of_reply=True))
        writer.flush(at_ms)
        assert len(executor.work) <= 2  # not one per flush
    writer.finish(end_ms, {})
    executor.release()
    assert reports == [None]
    truth = np.frombuffer(pattern(0, end_ms, HZ), np.int16).copy()
    truth[round(BUFFER_MS) * HZ // 1000 : round(2 * BUFFER_MS) * HZ // 1000] = 0
    frames = np.frombuffer(wav_frames(tmp_path / "a.wav"), np.int16).reshape(-1, 2)
    assert np.array_equal(frames[:, 0], truth)
    assert np.array_equal(frames[:, 1], truth)  # what was heard keeps its place, although its run is joined
    sidecar = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert sidecar["overruns"] == [{"from_ms": BUFFER_MS, "to_ms": 2 * BUFFER_MS}]


def test_a_disk_that_never_answers_does_not_fill_the_memory(tmp_path: Path) -> None:
    writer = ThreadedWriter(HeldExecutor(), tmp_path / "a.wav", HZ, "stereo", lambda *_: None)
    for number in range(20_000):
        pcm = bytes(320)
        writer.pieces.put(Piece("caller", number * 20.0, pcm, 160, HZ))
        writer.pieces.put(Piece("heard", number * 20.0, pcm, 160, HZ, 1, of_reply=True))
    assert writer.pieces.count <= 2 * BUFFER_MS / CHUNK_MS + 1

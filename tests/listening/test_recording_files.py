"""The files of a recording: their kinds, their start and end, disks that fail, and processes that are killed."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rtpcodec
from rtpcodec import errors
from rtpcodec.audio.files import read_wav
from rtpcodec.server import Recording
from tests.listening.recorded_call import EXACT, HZ, pattern, recorded, wav_frames

SPEECH = pattern(0, 4000)
TRUTH = np.frombuffer(SPEECH, np.int16)


def test_flac_holds_the_same_samples(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    found = recorded(None, tmp_path / "call.flac", SPEECH)
    frames, rate_hz = soundfile.read(found.path, dtype="int16")
    assert rate_hz == HZ
    assert np.array_equal(frames[:, 0], TRUTH)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call.flac", "call.json"]


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_one_file_per_side(tmp_path: Path, suffix: str) -> None:
    found = recorded(None, tmp_path / f"call{suffix}", SPEECH, record={"sides": "separate"})
    names = [f"call-{side}{suffix}" for side in ("caller", "heard")]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*names, "call.json"]
    assert [file["name"] for file in found.sidecar["files"]] == names
    if suffix == ".wav":
        assert read_wav(tmp_path / names[0]) == (SPEECH, HZ)
        assert len(read_wav(tmp_path / names[1])[0]) == len(SPEECH)


def test_the_file_is_valid_at_any_moment(tmp_path: Path) -> None:
    """The files that a killed process leaves."""
    path = tmp_path / "call.wav"
    lengths: list[float] = []

    async def handle(call: rtpcodec.Call) -> None:
        async for audio in call.audio():
            if not path.exists():
                continue
            frames = np.frombuffer(wav_frames(path), np.int16).reshape(-1, 2)
            lengths.append(audio.media_ms + 20 - len(frames) * 1000 / HZ)
            assert np.array_equal(frames[:, 0], TRUTH[: len(frames)])
            sidecar = json.loads(path.with_suffix(".json").read_text("utf-8"))
            assert sidecar["complete"] is False

    recorded(handle, path, SPEECH)
    assert max(lengths) < 1000


def test_stop_ends_it_and_the_call_continues(tmp_path: Path) -> None:
    found: list[Recording] = []

    async def handle(call: rtpcodec.Call) -> None:
        second = call.record(tmp_path / "second.wav")
        await asyncio.sleep(1.5)
        second.stop()
        second.stop()
        found.append(await second.finished())
        assert not call.ended

    recorded(handle, tmp_path / "call.wav", SPEECH)
    assert found[0].state == "complete"
    pcm = np.frombuffer(wav_frames(tmp_path / "second.wav"), np.int16).reshape(-1, 2)[:, 0]
    assert abs(len(pcm) - 1.5 * HZ) <= 0.02 * HZ
    assert np.array_equal(pcm, TRUTH[: len(pcm)])
    sidecar = json.loads((tmp_path / "second.json").read_text("utf-8"))
    assert sidecar["end_reason"] == "stopped_here"


def test_it_begins_when_a_disclosure_was_heard(tmp_path: Path) -> None:
    states: list[str] = []

    async def handle(call: rtpcodec.Call) -> None:
        async with call.reply(interruptible=False) as disclosure:
            await disclosure.play(pattern(0, 1000))
        recording = call.record(tmp_path / "later.wav", after=disclosure)
        states.append(recording.state)
        await disclosure.played()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        states.append(recording.state)
        await recording.finished()

    recorded(handle, tmp_path / "call.wav", SPEECH, tail_ms=500)
    assert states == ["waiting", "recording"]
    pcm = np.frombuffer(wav_frames(tmp_path / "later.wav"), np.int16).reshape(-1, 2)[:, 0]
    begin = len(TRUTH) + HZ // 2 - len(pcm)
    assert 0.95 * HZ <= begin <= 1.3 * HZ
    assert np.array_equal(pcm[: len(TRUTH) - begin], TRUTH[begin:])


@pytest.mark.parametrize("how", ["interrupted", "refused", "raised", "never", "stopped"])
def test_it_does_not_begin_if_what_it_waits_for_did_not_happen(tmp_path: Path, how: str) -> None:
    found: list[Recording] = []

    async def consent() -> bool:
        if how == "raised":
            raise KeyError("consent")
        if how in ("never", "stopped"):
            await asyncio.Event().wait()
        return False

    async def handle(call: rtpcodec.Call) -> None:
        after: Any = consent()
        if how == "interrupted":
            after.close()
            after = call.reply()
            after.play(pattern(0, 1000))
            after.end()
        found.append(call.record(tmp_path / "later.wav", after=after))
        if how == "interrupted":
            await asyncio.sleep(0.5)
            call.interrupt()
        if how == "stopped":
            found[0].stop()
            await found[0].finished()

    recorded(handle, tmp_path / "call.wav", SPEECH)
    assert found[0].state == "not_begun"
    assert isinstance(found[0].error, KeyError if how == "raised" else type(None))
    assert not (tmp_path / "later.wav").exists()


def test_arguments_that_record_refuses(tmp_path: Path) -> None:
    async def handle(call: rtpcodec.Call) -> None:
        with pytest.raises(ValueError, match=r"ends with '\.mp3', \.wav or \.flac is needed"):
            call.record(tmp_path / "a.mp3")
        with pytest.raises(ValueError, match="sides is 'mono'"):
            call.record(tmp_path / "a.wav", sides="mono")  # type: ignore[arg-type]
        async for _ in call.events():
            pass
        with pytest.raises(errors.StreamEnded):
            call.record(tmp_path / "a.wav")

    recorded(handle, tmp_path / "call.wav", SPEECH[:HZ])


def test_an_existing_file_is_not_replaced(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "call.wav").write_bytes(b"mine")
    found = recorded(None, tmp_path / "call.wav", SPEECH)
    assert isinstance(found.recording.error, FileExistsError)
    assert found.recording.state == "failed"
    assert (tmp_path / "call.wav").read_bytes() == b"mine"
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


def test_the_sidecar_of_another_recording_is_not_replaced(tmp_path: Path) -> None:
    """Two recordings of one call need two names, not only two suffixes."""
    made: list[Recording] = []

    async def handle(call: rtpcodec.Call) -> None:
        made.append(call.record(tmp_path / "call.wav", sides="separate"))
        made.append(call.record(tmp_path / "other.wav"))
        for one in made:
            await one.finished()

    found = recorded(handle, tmp_path / "call.wav", SPEECH)
    assert [one.state for one in made] == ["failed", "complete"]
    assert str(made[0].error) == "[Errno 17] already exists: 'call.json'"
    assert found.sidecar["sides"] == "stereo"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call.json", "call.wav", "other.json", "other.wav"]


def test_a_private_section_in_the_sidecar_ends_with_the_recording(tmp_path: Path) -> None:
    async def handle(call: rtpcodec.Call) -> None:
        recording = call.record(tmp_path / "other.wav")
        async with call.private("card"):
            await asyncio.sleep(1)
            recording.stop()
        await recording.finished()

    recorded(handle, tmp_path / "call.wav", SPEECH)
    sidecar = json.loads((tmp_path / "other.json").read_text("utf-8"))
    (section,) = sidecar["private"]
    assert section["to_ms"] == sidecar["duration_ms"] == 1000


def test_a_disk_that_is_full_ends_the_recording_and_not_the_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        found = recorded(None, tmp_path / "call.wav", pattern(0, 50_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found.report.end_reason == "speech_ended"
    assert isinstance(found.recording.error, OSError)
    assert found.sidecar["complete"] is False
    assert "File too large" in found.sidecar["error"]
    assert found.sidecar["end_reason"] == "failed"
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1
    left = found.sides[0]
    assert len(left) > 0.8 * 25_000
    assert np.array_equal(left, np.frombuffer(pattern(0, 50_000), np.int16)[: len(left)])


def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def handle(_call: rtpcodec.Call) -> None:
        await asyncio.sleep(1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        await asyncio.sleep(20)
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    try:
        found = recorded(handle, tmp_path / "call.wav", pattern(0, 25_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert found.recording.error is None
    assert np.array_equal(found.sides[0], np.frombuffer(pattern(0, 25_000), np.int16))


CHILD = """
import asyncio, sys
import numpy as np
import rtpcodec
from tests.listening.recorded_call import EXACT, HZ, pattern

async def handle(call):
    call.record(sys.argv[1])
    async for audio in call.audio():
        print(audio.media_ms + audio.duration_ms, flush=True)

async def main():
    async with rtpcodec.sim.Carrier("KEY") as carrier, rtpcodec.serve(handle, plan=EXACT) as endpoint:
        call = carrier.new_call(pattern(0, 60_000), codec="L16", sample_rate_hz=HZ)
        async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **EXACT.command_fields())
        await call.finished()

asyncio.run(main())
"""


@pytest.mark.long
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize("after_ms", [2500, 3333])
def test_a_process_that_is_killed_leaves_all_but_the_last_second(tmp_path: Path, suffix: str, after_ms: int) -> None:
    """On the real clock, with the real threads."""
    path = tmp_path / f"call{suffix}"
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, env={**os.environ}
    ) as child:
        assert child.stdout is not None
        received_ms = next(float(line) for line in child.stdout if float(line) >= after_ms)
        child.send_signal(signal.SIGKILL)
    left = path if suffix == ".wav" else tmp_path / "call.flac.wav"
    frames = np.frombuffer(wav_frames(left), np.int16).reshape(-1, 2)
    assert received_ms - len(frames) * 1000 / HZ < 1000
    assert np.array_equal(frames[:, 0], np.frombuffer(pattern(0, 60_000), np.int16)[: len(frames)])
    assert read_wav(left, channel=0) == (frames[:, 0].tobytes(), HZ)
    assert json.loads(path.with_suffix(".json").read_text("utf-8"))["complete"] is False


FILE_CALLS = {"open", "replace", "unlink", "stat", "truncate", "lseek", "fsync", "rename", "remove"}


def test_the_event_loop_touches_no_file(tmp_path: Path) -> None:
    """On the real clock, with the real threads."""
    found: list[str] = []

    def watch(_frame: Any, event: str, called: Any) -> None:
        if event == "c_call":
            owner = getattr(called, "__self__", None)
            in_module = getattr(owner, "__name__", "") in ("posix", "nt", "io", "_io") and called.__name__ in FILE_CALLS
            if in_module or isinstance(owner, io.RawIOBase | io.BufferedIOBase):
                found.append(called.__qualname__)

    async def handle(call: rtpcodec.Call) -> None:
        sys.setprofile(watch)
        try:
            recording = call.record(tmp_path / "call.wav")
            await call.play(SPEECH[:HZ])
            async for _ in call.events():
                pass
            await recording.finished()
        finally:
            sys.setprofile(None)

    async def main() -> None:
        async with rtpcodec.sim.Carrier("KEY") as carrier, rtpcodec.serve(handle, plan=EXACT) as endpoint:
            call = carrier.new_call(SPEECH[: 2 * HZ], codec="L16", sample_rate_hz=HZ)
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **EXACT.command_fields())
            await call.finished()
            await endpoint.drain()

    asyncio.run(main())
    assert found == []
    assert read_wav(tmp_path / "call.wav", channel=0) == (SPEECH[: 2 * HZ], HZ)

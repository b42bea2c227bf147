"""`rtpcodec replay`: events, figures, WAV files, and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rtpcodec import MediaSession
from rtpcodec.audio.files import WavReader
from rtpcodec.cli.app import main
from rtpcodec.stream.plan import StreamPlan
from tests.stream import carrier

SPEECH = bytes(range(1, 161))


def captured(folder: Path, *, audio: bool = True) -> str:
    path = folder / "call.jsonl"
    session = MediaSession(StreamPlan())
    session.capture(path, 0.0, audio=audio)
    for at, text in enumerate([carrier.start(), carrier.media(SPEECH, 1), carrier.media(SPEECH, 2)]):
        session.receive(text, 20.0 * at)
    session.play_payload(SPEECH)
    session.outgoing(50.0)
    session.receive(carrier.text("stop"), 60.0)
    session.events(60.0)
    return str(path)


def test_events_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", captured(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("     0.000 s  Started(")
    assert "     0.060 s  Stopped(reason='stop')" in lines
    assert "media_received           2" in lines


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", captured(tmp_path), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("event") for line in lines] == ["Started", "Audio", "Audio", "Stopped", None]
    assert lines[-1]["statistics"]["media_sent"] == 1
    assert lines[-1]["differences"] == []


def test_wav_files(tmp_path: Path) -> None:
    path = captured(tmp_path)
    assert main(["replay", path, "--wav", str(tmp_path / "wav")]) == 0
    lengths = {}
    for one in sorted((tmp_path / "wav").iterdir()):
        with WavReader(one) as reader:
            lengths[one.name] = len(b"".join(reader))
    assert lengths == {"received-inbound.wav": 640, "sent.wav": 320}


def test_wav_files_need_audio(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", captured(tmp_path, audio=False), "--wav", str(tmp_path)]) == 2
    assert "--wav needs a capture with audio" in capsys.readouterr().err


def test_a_broken_line_ends_with_its_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = captured(tmp_path)
    lines = Path(path).read_text().splitlines()
    lines[2] = "{}"
    Path(path).write_text("\n".join(lines) + "\n")
    assert main(["replay", path]) == 2
    assert capsys.readouterr().err.startswith("rtpcodec: line 3 of the capture: its member 't_ms' is not a number")


def test_a_capture_that_was_cut_off_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = captured(tmp_path)
    Path(path).write_text(Path(path).read_text()[:-20])
    assert main(["replay", path]) == 0
    assert "the last line is cut off" in capsys.readouterr().out

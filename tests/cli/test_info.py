"""`rtpcodec info`: figures of audio files and captures."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from rtpcodec import DualTone
from rtpcodec.cli.app import main
from rtpcodec.cli.info.plot import MAX_POINTS
from rtpcodec.files.writing import create_audio
from tests.cli.captures import ALICE, BOB, call, retyped, sent, tone, write_capture

EVENTS = ["--codec", "101=telephone-event/8000"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def audio(path: str, pcm: bytes, rate_hz: int = 8000) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with create_audio(path, sample_rate_hz=rate_hz) as out:
        out.write(pcm)


def test_a_line_per_audio_file_in_the_order_of_their_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audio("x/b.wav", tone(16_000, 1000, 3276))
    audio("x/a.ulaw", bytes(16_000))
    audio("x/c/d.flac", bytes(1600) + DualTone("7", 8000).samples(800) + bytes(1600))
    (folder / "x/notes.txt").write_text("not audio")
    (folder / "x/broken.wav").write_bytes(b"RIFF")
    assert main(["info", "x", "--jobs", "2"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "kind  codec      rate Hz  ch  duration s  level dBov  tones       file",
        "raw   PCMU          8000   1       1.000      -127.0  -           x/a.ulaw",
        "wav   PCM 16        8000   1       2.000       -23.0  -           x/b.wav",
        "flac  FLAC 16       8000   1       0.300       -20.9  7           x/c/d.flac",
        "4 files, 0:00:03 of audio, 1 failed, 1 other file left out",
        "failed: x/broken.wav: octet 4: it has 4 octets, a header has at least 12",
    ]


def test_the_same_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audio("a.wav", tone(12_000, 1000, 3276) + DualTone("*", 8000).samples(800) + bytes(8000))
    (folder / "b.wav").write_bytes(b"")
    assert main(["info", "a.wav", "b.wav", "--json"]) == 1
    found, failed = objects(capsys)
    assert (found["file"], found["kind"], found["container"], found["samples"]) == ("a.wav", "audio", "wav", 16_800)
    assert (found["duration_ms"], found["levels_dbov"][0], found["peak_dbov"]) == (2100.0, -23.0, pytest.approx(-8, 1))
    (key,) = found["tones"]
    assert (key["kind"], key["digit"]) == ("dtmf", "*")
    assert key["start_ms"] == pytest.approx(1500, abs=15)
    assert (failed["file"], failed["kind"]) == ("b.wav", "failed")
    assert main(["info", "a.wav", "--json", "--quick"]) == 0
    (quick,) = objects(capsys)
    assert (quick["samples"], quick["level_dbov"], quick["tones"]) == (16_800, None, None)


def test_a_capture_has_its_calls_and_their_streams(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_capture(folder / "call.pcap", call(3, keys="12#", lose=20))
    assert main(["info", "call.pcap", *EVENTS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "call.pcap: 2 streams, 1 call, 317 packets (317 RTP)"
    assert lines[1].startswith("  call 1: 192.0.2.1:4000 <-> 198.51.100.7:5000, paired by addresses, 3.")
    assert lines[1].endswith(" s, aligned by transit")
    assert lines[2].split() == [
        "ssrc", "from", "codec", "packets", "lost", "jitter", "ms", "MOS", "seconds", "dBov", "digits,", "tones",
    ]  # fmt: skip
    assert lines[3].split()[:4] == ["0x1a2b3c4d", "192.0.2.1:4000", "PCMU", "8000"]
    assert lines[3].endswith(" 12# 5")
    assert lines[4].split()[4:7] == ["static", "143", "4.67%"]
    assert len(lines) == 5
    assert max(map(len, lines)) <= 120


def test_the_capture_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_capture(folder / "call.pcap", call(3, keys="12#", lose=20))
    assert main(["info", "call.pcap", "--json", *EVENTS]) == 0
    (found,) = objects(capsys)
    hers, his = found["streams"]
    assert (found["kind"], found["packets"]["packets"], found["datagrams"]["rtp"]) == ("capture", 317, 317)
    assert (hers["from"], hers["to"], hers["ssrc"], hers["digits"]) == (str(ALICE), str(BOB), 0x1A2B3C4D, "12#")
    assert hers["codecs"]["101"] == {
        "name": "telephone-event", "sample_rate_hz": None, "clock_hz": 8000, "channels": 1, "options": {},
        "known_by": "given", "seen": "",
    }  # fmt: skip
    assert (his["lost"], his["expected"], his["loss"]) == (7, 150, pytest.approx(7 / 150, abs=1e-5))
    (one,) = found["calls"]
    assert (one["forward"], one["backward"], one["alignment"]) == ([0], [1], "transit")
    assert [tones[0]["digit"] for tones in one["tones"] if tones] == ["5"]
    per_second = one["channels"][1]["per_second"]
    assert len(per_second["lost"]) == len(per_second["level_dbov"])
    assert sum(per_second["lost"]) == his["lost"]


def test_what_a_payload_type_means(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    datagrams = sent(bytes(16_000), ALICE, BOB, ssrc=1)
    write_capture(folder / "a.pcap", [one._replace(payload=b"\x80\x61" + one.payload[2:]) for one in datagrams])
    assert main(["info", "a.pcap", "--quick", "--codec", "97=PCMA"]) == 0
    assert "PCMA 8000 given" in capsys.readouterr().out
    for option, text in [
        ("PCMA", "--codec PCMA is not of the form PT=NAME[/RATE] with PT from 0 to 127"),
        ("128=PCMA", "--codec 128=PCMA is not of the form PT=NAME[/RATE]"),
    ]:
        assert main(["info", "a.pcap", "--codec", option]) == 2
        assert text in capsys.readouterr().err


def test_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_capture(folder / "a.pcap", call(2, lose=5))
    audio("b.wav", tone(16_000, 1000, 3000))
    assert main(["info", "a.pcap", "b.wav", "--plot", "all.png"]) == 0
    out = capsys.readouterr().out
    assert "drew all.png: a.pcap, call 1" in out
    assert "drew all-2.png: b.wav" in out
    for name in ("all.png", "all-2.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG\r\n")
    assert main(["info", "b.wav", "--plot", "x.png", "--quick"]) == 2
    assert "--plot draws levels, which --quick leaves out" in capsys.readouterr().err


def test_a_picture_of_hours_has_a_bounded_number_of_points() -> None:
    from rtpcodec.cli.info.plot import _draw

    class Axis:
        def stairs(self, values: list[float], edges: list[float], **_options: object) -> None:
            assert len(edges) == len(values) + 1
            assert len(values) <= MAX_POINTS
            assert edges[-1] == 36_001 / 60
            assert max(values) == 9.0

    _draw(Axis(), [1.0] * 36_000 + [9.0], "red")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_names_of_any_characters_are_one_line_each(
    folder: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    names = {
        b"a b.ulaw": "a b.ulaw",
        b"b\x1b[31m.ulaw": "b\\x1b[31m.ulaw",
        b"c\nd.ulaw": "c\\nd.ulaw",
        b"d\xff.ulaw": "d\\udcff.ulaw",
        "e\u00fc\U0001f3a7.ulaw".encode(): "e\u00fc\U0001f3a7.ulaw",
        "f\u202ewalu.ulaw".encode(): "f\\u202ewalu.ulaw",
        b"g\x1b\xff.wav": "failed: ./g\\x1b\\udcff.wav: octet 0: begins with octets 78, a WAV file is needed",
    }
    for name in names:
        (Path(os.fsdecode(name))).write_bytes(b"x" if name.endswith(b"wav") else bytes(160))
    output = io.TextIOWrapper(io.BytesIO(), encoding, errors="strict")
    monkeypatch.setattr(sys, "stdout", output)
    assert main(["info", "."]) == 1
    output.seek(0)
    lines = output.read().splitlines()
    assert len(lines) == len(names) + 2
    for line, expected in zip([*lines[1:-2], lines[-1]], names.values(), strict=True):
        assert line.endswith(expected.encode(encoding, "backslashreplace").decode())


@pytest.mark.parametrize("name", ["a$b$\\foo$.ulaw", "b\udcff.ulaw"])
def test_pictures_of_files_of_any_name(folder: Path, name: str) -> None:
    Path(name).write_bytes(bytes(160))
    assert main(["info", name, "--plot", "a.png"]) == 0
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "notes.txt").write_text("not audio")
    for arguments, code, text in [
        (["."], 2, "no audio file or capture in .: 1 other file"),
        (["missing.wav"], 1, "missing.wav does not exist"),
        (["notes.txt", "--jobs", "0"], 2, "jobs is 0, 1 to 256 are allowed"),
    ]:
        assert main(["info", *arguments]) == code
        assert text in capsys.readouterr().err
    for name in ("notes.txt", "bad.pcap"):
        (folder / name).write_text("neither")
        assert main(["info", name]) == 1
        out = capsys.readouterr().out
        assert out.startswith(f"failed: {name}: octet 0: ")
        assert "packet captures, WAV, FLAC, MP3, " in out


def test_a_file_that_is_named_twice_is_shown_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audio("x/a.ulaw", bytes(160))
    (folder / "x/notes.txt").write_text("not audio")
    assert main(["info", "x", "./x/a.ulaw", "x/*.ulaw", "x/"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("x/a.ulaw")
    assert lines[2] == "1 file, 0:00:00 of audio, 1 other file left out"


def test_a_codec_that_cannot_be_decoded_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_capture(folder / "a.pcap", call(1))
    for named, text in [
        ("G729", "no codec is named 'G729'; known: "),
        ("L16/12345", "--codec 96=L16/12345: L16 with 12345 Hz is not decoded here"),
    ]:
        for command in ("info", "decode"):
            assert main([command, "a.pcap", "--codec", f"96={named}"]) == 2
            assert text in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["a.pcap"]
    assert main(["info", "a.pcap", "--quick", "--codec", "96=L16/12345", "--codec", "97=CN"]) == 0


def test_an_unknown_payload_type_says_which_option_names_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_capture(folder / "a.pcap", retyped(call(1), 96))
    assert main(["info", "a.pcap"]) == 0
    assert "payload type 96 unknown; --codec 96=NAME names it" in capsys.readouterr().out


def test_an_error_is_one_line_whatever_the_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "a\n\x1b[31m\u2028.wav"]) == 1
    assert capsys.readouterr().err == "rtpcodec: no file matches a \\x1b[31m .wav\n"

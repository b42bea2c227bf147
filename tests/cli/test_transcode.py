"""`rtpcodec transcode`: outputs, errors and remaining files, also of killed processes."""

from __future__ import annotations

import os
import wave
from array import array
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest

from rtpcodec.bulk import transcoding
from rtpcodec.cli.app import main
from rtpcodec.files.reading import open_audio
from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from tests.cli.runs import names_in, octets, pcm_of, rows_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_one_file_becomes_another(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.ulaw").write_bytes(octets(1))
    assert main(["transcode", "a.ulaw", "a.wav"]) == 0
    assert pcm_of(folder / "a.wav") == pcmu_decode(octets(1))
    assert capsys.readouterr().out.startswith("1 file to a.wav: 1 written in ")
    assert main(["transcode", "a.wav", "b.ul"]) == 0
    assert (folder / "b.ul").read_bytes() == pcmu_encode(pcmu_decode(octets(1)))
    assert sorted(path.name for path in folder.iterdir()) == ["a.ulaw", "a.wav", "b.ul"]


def test_a_folder_keeps_its_structure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, name in enumerate(["in/a.ulaw", "in/x/b.alaw", "in/x/y/c.wav", "in/readme.txt", "in/.hidden.wav"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(octets(number))
    with wave.open("in/x/y/c.wav", "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(octets(9))
    assert main(["transcode", "in", "in/out", "--to", "wav", "--jobs", "2"]) == 0
    assert sorted(str(path.relative_to("in/out")) for path in Path("in/out").rglob("*.*")) == [
        "a.wav", "x/b.wav", "x/y/c.wav",
    ]  # fmt: skip
    assert pcm_of(Path("in/out/x/y/c.wav")) == octets(9)
    assert "3 files to in/out: 3 written, 2 other files left out in " in capsys.readouterr().out
    # The outputs are in the folder of the inputs, and are not inputs of the next run.
    assert main(["transcode", "in", "in/out", "--to", "wav"]) == 0
    assert "3 files to in/out: 0 written, 3 kept because they existed, " in capsys.readouterr().out


def test_channels_and_rates(folder: Path) -> None:
    left, right = (array("h", [value] * 4410) for value in (1000, -400))
    with wave.open("a.wav", "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(array("h", [one for pair in zip(left, right, strict=True) for one in pair]).tobytes())
    for arguments, first, facts in [
        (["a.wav", "both.wav", "--rate", "8000"], [1000, -400], (2, 8000, 800)),
        (["a.wav", "mean.wav", "--mono"], [300, 300], (1, 44_100, 4410)),
        (["a.wav", "right.wav", "--channel", "1"], [-400, -400], (1, 44_100, 4410)),
    ]:
        assert main(["transcode", *arguments]) == 0
        with wave.open(arguments[1]) as file:
            assert (file.getnchannels(), file.getframerate(), file.getnframes()) == facts
            file.setpos(file.getnframes() // 2)
            samples = array("h", file.readframes(2))
            assert [round(one, -2) for one in samples[:2]] == first
    # A raw file has one channel, at the rate that readers assume.
    assert main(["transcode", "a.wav", "a.ulaw"]) == 0
    assert len(Path("a.ulaw").read_bytes()) == 800


def test_a_raw_file_of_another_name(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in/voice.bin").write_bytes(octets(1))
    assert main(["transcode", "in", "out/", "--from", "l16", "--from-rate", "24000", "--byte-order", "little",
                 "--to", "wav"]) == 0  # fmt: skip
    with wave.open("out/voice.wav") as file:
        assert file.getframerate() == 24_000
        assert file.readframes(5000) == octets(1)


def test_a_file_that_fails_is_a_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.ulaw").write_bytes(octets(1))
    (folder / "b.wav").write_bytes(b"RIFF")
    (folder / "c.ulaw").write_bytes(octets(2))
    assert main(["transcode", "a.ulaw", "b.wav", "c.ulaw", "out/", "--to", "flac"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 files to out/: 2 written, 1 failed in ")
    assert lines[1].startswith("failed: b.wav: octet 4: ")
    assert lines[2] == "manifest: out/manifest.jsonl"
    rows = {row["input"]: row["state"] for row in rows_of(folder / "out/manifest.jsonl")}
    assert rows == {"a.ulaw": "written", "b.wav": "failed", "c.ulaw": "written"}
    assert names_in("out") == ["a.flac", "c.flac", "manifest.jsonl"]
    # It is retried, the others are not.
    (folder / "b.wav").unlink()
    assert main(["transcode", "c.ulaw", "b.wav"]) == 0
    before = {path: path.stat().st_mtime_ns for path in (folder / "out").glob("*.flac")}
    assert main(["transcode", "a.ulaw", "b.wav", "c.ulaw", "out/", "--to", "flac",
                 "--resume", "out/manifest.jsonl"]) == 0  # fmt: skip
    assert "3 files to out/: 1 written, 2 done before in " in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before


def wav_of(samples: int, missing_octets: int = 0) -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(octets(5, 2 * samples))
    return file.getvalue()[: 44 + 2 * samples - missing_octets]


def test_truncated_or_empty_files_are_written_with_notes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in").mkdir()
    (folder / "in/whole.wav").write_bytes(wav_of(1000))
    (folder / "in/cut.wav").write_bytes(wav_of(1000, 400))
    (folder / "in/empty.ulaw").write_bytes(b"")
    assert main(["transcode", "in", "out", "--to", "wav", "--jobs", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 files to out: 3 written, 2 with notes in ")
    assert lines[1:] == [
        "note: in/cut.wav: the header says 2000 octets of samples, the file has 1600",
        "note: in/empty.ulaw: the output has 0 samples",
        "manifest: out/manifest.jsonl",
    ]
    assert len(rows_of(folder / "out/manifest.jsonl")) == 3
    assert main(["transcode", "in/cut.wav", "cut.flac"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [lines[1]]
    assert main(["transcode", "in/whole.wav", "out/", "--to", "flac"]) == 0
    assert "manifest.jsonl" not in names_in("out")


def test_of_many_notes_some_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in").mkdir()
    for number in range(13):
        (folder / f"in/{number}.ulaw").write_bytes(b"")
    assert main(["transcode", "in", "out", "--to", "wav"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert ": 13 written, 13 with notes in " in lines[0]
    assert sum(line.startswith("note: in/") for line in lines) == 10
    assert lines[-2:] == ["note: 3 more, see the manifest", "manifest: out/manifest.jsonl"]


def test_inputs_whose_outputs_would_collide_keep_their_suffixes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["a.wav", "a.ulaw", "a.wav.alaw", "b.ulaw", "x/a.alaw"]
    (folder / "in/x").mkdir(parents=True)
    for name in names:
        (folder / "in" / name).write_bytes(wav_of(100) if name.endswith("wav") else octets(1))
    command = ["transcode", "in", "out", "--to", "wav", "--resume", "run.jsonl"]
    assert main(command) == 0
    written = ["a.ulaw.wav", "a.wav.alaw.wav", "a.wav.wav", "b.wav", "x/a.wav"]
    assert sorted(str(path.relative_to("out")) for path in Path("out").rglob("*.wav")) == written
    rows = {row["input"]: row["output"] for row in rows_of(folder / "run.jsonl")}
    assert (rows["in/a.ulaw"], rows["in/b.ulaw"]) == ("out/a.ulaw.wav", "out/b.wav")
    Path("out/a.ulaw.wav").unlink()
    capsys.readouterr()
    assert main(command) == 0
    assert "5 files to out: 1 written, 4 done before in " in capsys.readouterr().out
    Path("in/a.wav").unlink()
    assert main(command) == 0
    assert "4 files to out: 0 written, 4 done before in " in capsys.readouterr().out


def test_an_input_that_is_named_twice_is_converted_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in/x").mkdir(parents=True)
    (folder / "in/x/a.ulaw").write_bytes(octets(1))
    (folder / "in/readme.txt").write_bytes(b"")
    assert main(["transcode", "in", "./in/x/a.ulaw", "in/x", "in/*/*.ulaw", "in", "out", "--to", "wav"]) == 0
    assert "1 file to out: 1 written, 1 other file left out in " in capsys.readouterr().out
    assert [str(path) for path in Path("out").rglob("*.wav")] == ["out/x/a.wav"]
    assert main(["transcode", "in/x/a.ulaw", "in/x/../x/a.ulaw", "b.wav"]) == 0


def test_an_existing_file_is_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.ulaw").write_bytes(octets(1))
    (folder / "a.wav").write_bytes(b"older")
    assert main(["transcode", "a.ulaw", "a.wav"]) == 1
    assert "a.wav already exists; --replace replaces it" in capsys.readouterr().err
    assert (folder / "a.wav").read_bytes() == b"older"
    assert main(["transcode", "a.ulaw", "a.wav", "--replace"]) == 0
    assert pcm_of(folder / "a.wav") == pcmu_decode(octets(1))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["a.ulaw"], "input and output are needed"),
        (["a.ulaw", "b.ulaw", "c.wav"], "2 inputs cannot become the one file c.wav, a folder is needed"),
        (["x/a.wav", "z/a.wav", "out", "--to", "wav"], "x/a.wav and z/a.wav would both become out/a.wav"),
        (["x", "z", ".", "--to", "alaw"], "would both become ./a.alaw"),
        (["x/y", "x/y", "--to", "alaw"], "the output x/y/b.alaw is the input x/y/b.alaw"),
        (["a.ulaw", "./a.ulaw"], "the output ./a.ulaw is the input a.ulaw"),
        (["a.ulaw", "linked.ulaw"], "the output linked.ulaw is the input a.ulaw"),
        (["a.ulaw", "out"], "--to is needed for the folder out: one of wav, "),
        (["a.ulaw", "out", "--to", "aiff"], "kind is 'aiff', allowed are wav, "),
        (["a.ulaw", "a.g722", "--rate", "8000"], "sample_rate_hz is 8000, g722 has 16000"),
        (["a.ulaw", "a.wav", "--rate", "0"], "sample_rate_hz is 0, 1 to 192000 are allowed"),
        (["a.ulaw", "a.wav", "--mono", "--channel", "0"], "--mono and --channel exclude each other"),
        (["a.ulaw", "a.wav", "--bit-rate", "8"], "--bit-rate is for mp3, the output is wav"),
        (["a.ulaw", "a.wav", "--jobs", "0"], "jobs is 0, 1 to 256 are allowed"),
        (["a.ulaw", "a.wav", "--from", "vox"], "--from is 'vox', allowed are "),
        (["x", "out", "--to", "wav", "--jobs", "257"], "jobs is 257, 1 to 256 are allowed"),
        (["x", "out", "--to", "mp3", "--rate", "8000", "--bit-rate", "33"], "bit_rate_kbps is 33, 8000 Hz has 8, "),
        (["x/y", "out", "--to", "wav", "--resume", "x/a.alaw"], "x/a.alaw is not a manifest: "),
        (["x/y", "named", "--to", "wav"], "named/manifest.jsonl is not a manifest: "),
        (["empty", "out", "--to", "wav"], "no audio file in empty"),
        (["a.ulaw", "a.wav", "--manifest", "m", "--resume", "m"], "--manifest begins a run and --resume continues one"),
    ],
)
def test_what_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], text: str) -> None:
    for name in ("a.ulaw", "b.ulaw", "x/a.alaw", "x/a.wav", "x/y/b.alaw", "z/a.wav", "empty/readme.txt",
                 "named/manifest.jsonl"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(octets(1))
    (folder / "linked.ulaw").symlink_to("a.ulaw")
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    assert main(["transcode", *arguments]) == 2
    assert text in capsys.readouterr().err
    assert {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")} == before


def test_a_pipe_gets_the_next_rate_of_the_output(folder: Path) -> None:
    with wave.open("a.wav", "wb") as file:
        file.setparams((1, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(2 * 44_100))
    os.mkfifo("pipe.wav")
    writer = Thread(target=lambda: Path("pipe.wav").write_bytes(Path("a.wav").read_bytes()))
    writer.start()
    assert main(["transcode", "pipe.wav", "a.opus"]) == 0
    writer.join()
    with open_audio("a.opus") as audio:
        assert audio.facts.sample_rate_hz == 48_000
        assert sum(map(len, audio)) == 2 * 48_000


def test_patterns_are_expanded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("x/a.ulaw", "x/y/b.ulaw", "x/c.alaw"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(octets(1))
    assert main(["transcode", "x/**/*.ulaw", "out", "--to", "wav"]) == 0
    assert names_in("out") == ["a.wav", "b.wav"]
    assert main(["transcode", "x/*.mp3", "out", "--to", "wav"]) == 1
    assert "no file matches x/*.mp3" in capsys.readouterr().err


@pytest.mark.parametrize("to", ["wav", "ulaw", "alaw"])
def test_small_files_have_the_octets_of_the_general_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    (folder / "in").mkdir()
    for seed, name in enumerate(("a.ulaw", "b.alaw", "odd.ulaw")):
        (folder / "in" / name).write_bytes(octets(seed, 8001))
    for channels in (1, 2):
        with wave.open(f"in/c{channels}.wav", "wb") as file:
            file.setparams((channels, 2, 8000, 0, "NONE", ""))
            file.writeframes(octets(channels, 8000))
    (folder / "in/cut.wav").write_bytes((folder / "in/c1.wav").read_bytes()[:-101])
    assert main(["transcode", "in", "direct", "--to", to, "--manifest", "direct.jsonl"]) == 0
    monkeypatch.setattr(transcoding, "_DIRECT_TARGETS", ())
    assert main(["transcode", "in", "general", "--to", to, "--manifest", "general.jsonl"]) == 0
    for name in names_in("direct"):
        assert (folder / "direct" / name).read_bytes() == (folder / "general" / name).read_bytes()
    direct, general = (
        {row["input"]: {**row, "output": ""} for row in rows_of(folder / f"{way}.jsonl")}
        for way in ("direct", "general")
    )
    assert direct == general
    assert len(direct) == 6

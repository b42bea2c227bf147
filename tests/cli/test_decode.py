"""`rtpcodec decode`: calls of captures as audio files."""

from __future__ import annotations

import json
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from rtpcodec import codec
from rtpcodec.bulk.decoding import Decoding
from rtpcodec.bulk.work import FileProgress, Interruption, Job
from rtpcodec.cli.app import main
from rtpcodec.files.target_kinds import target_kind
from rtpcodec.rtp.capture.datagrams import Datagram
from tests.cli.captures import ALICE, BOB, call, retyped, sent, tone, write_capture


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def other_ports(datagrams: list[Datagram], by: int) -> list[Datagram]:
    moved = {ALICE: ALICE._replace(port=ALICE.port + by), BOB: BOB._replace(port=BOB.port + by)}
    return [one._replace(source=moved[one.source], destination=moved[one.destination]) for one in datagrams]


def two_calls() -> list[Datagram]:
    first = call(2)
    return [*first, *other_ports(first, 2)]


def names_in(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def test_both_sides_of_a_call_are_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_capture(folder / "call.pcap", call(2))
    assert main(["decode", "call.pcap"]) == 0
    assert capsys.readouterr().out.startswith("1 capture to .: 1 written in ")
    assert names_in(".") == ["call.pcap", "call.wav"]
    with wave.open("call.wav") as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        left, right = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2).T
    coder = codec("PCMU")
    hers = np.frombuffer(coder.decoder().decode(coder.encoder().encode(tone(12_000, 440, 8000))), np.int16)
    his = np.frombuffer(coder.decoder().decode(coder.encoder().encode(tone(16_000, 1000, 2000))), np.int16)
    # Bob began 40 ms after Alice.
    assert (left[: len(hers)] == hers).all()
    assert (right[320 : 320 + len(his)] == his).all()


def test_rate_kind_and_gaps(folder: Path) -> None:
    write_capture(
        folder / "one.pcap", sent(codec("PCMU").encoder().encode(tone(16_000, 1000, 8000)), ALICE, BOB, ssrc=1, lose=10)
    )
    for gaps, is_silent in (("silence", True), ("conceal", False)):
        assert main(["decode", "one.pcap", "--to", "wav", "--out", gaps, "--gaps", gaps]) == 0
        with wave.open(f"{gaps}/one.wav") as file:
            pcm = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        lost = pcm[9 * 160 : 10 * 160]
        assert (abs(lost).max() < 100) == is_silent
    assert main(["decode", "one.pcap", "--to", "flac", "--rate", "16000", "--out", "out"]) == 0
    assert names_in("out") == ["one.flac"]


def test_several_calls_have_numbers_and_a_broken_capture_is_a_row(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in/x").mkdir(parents=True)
    write_capture(folder / "in/x/two.pcap", two_calls())
    write_capture(folder / "in/one.pcap", call(1))
    (folder / "in/broken.pcap").write_bytes(b"\xa1\xb2\xc3\xd4")
    assert main(["decode", "in", "--out", "out", "--jobs", "2"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 captures to out: 3 written, 1 failed in ")
    assert lines[1].startswith("failed: in/broken.pcap: octet ")
    assert lines[2] == "manifest: out/manifest.jsonl"
    assert names_in("out") == ["manifest.jsonl", "one.wav", "x"]
    assert names_in("out/x") == ["two-1.wav", "two-2.wav"]
    rows = {row["input"]: row for row in map(json.loads, Path("out/manifest.jsonl").read_text().splitlines()[1:])}
    assert [one["alignment"] for one in rows["in/x/two.pcap"]["outputs"]] == ["transit", "transit"]
    # A run that continues does not repeat the other two.
    before = {path: path.stat().st_mtime_ns for path in Path("out").rglob("*.wav")}
    write_capture(folder / "in/broken.pcap", call(1))
    assert main(["decode", "in", "--out", "out", "--resume", "out/manifest.jsonl"]) == 0
    assert "3 captures to out: 1 written, 2 done before in " in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_call_does_not_get_the_name_of_another_capture(
    folder: Path, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    (folder / "in").mkdir()
    write_capture(folder / "in/two.pcap", two_calls())
    write_capture(folder / "in/two-2.pcap", call(1))
    assert main(["decode", "in", "--out", "out", "--jobs", jobs]) == 1
    assert (
        "failed: in/two.pcap: its call 2 would become out/two-2.wav, as another capture of this run: "
        "decode it elsewhere"
    ) in capsys.readouterr().out
    assert names_in("out") == ["manifest.jsonl", "two-2.wav"]
    assert main(["decode", "in/two.pcap", "--out", "other"]) == 0
    assert names_in("other") == ["two-1.wav", "two-2.wav"]


def test_a_pipe_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "a.pcap")
    assert main(["decode", "a.pcap", "--out", "out"]) == 1
    assert "failed: a.pcap: it is a pipe: a capture is read twice, a file is needed" in capsys.readouterr().out


def test_calls_that_are_not_decoded_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in").mkdir()
    unknown = retyped(call(1), 96)
    write_capture(folder / "in/some.pcap", [*call(1), *other_ports(unknown, 2), *other_ports(unknown, 4)])
    write_capture(folder / "in/none.pcap", [*retyped(call(1), 18), *other_ports(unknown, 2)])
    write_capture(folder / "in/empty.pcap", [])
    assert main(["decode", "in", "--out", "out", "--jobs", "1"]) == 1
    unnamed = "payload type 96 unknown; --codec 96=NAME names it"
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("3 captures to out: 1 written, 1 with notes, 4 calls not decoded, 2 failed in ")
    assert lines[1:] == [
        "failed: in/empty.pcap: there is no RTP stream in it",
        f"failed: in/none.pcap: 1 call not decoded: G729 is not decoded here; 1 call not decoded: {unnamed}",
        f"note: in/some.pcap: 2 calls not decoded: {unnamed}",
        "manifest: out/manifest.jsonl",
    ]
    assert names_in("out") == ["manifest.jsonl", "some-1.wav"]
    # Also where the one call that has a file is kept, and where the capture is the only one.
    assert main(["decode", "in/some.pcap", "--out", "out"]) == 0
    out = capsys.readouterr().out
    assert "1 capture to out: 0 written, 1 with notes, 2 calls not decoded, 1 kept because they existed in " in out
    assert "note: in/some.pcap: 2 calls not decoded: payload type 96 " in out
    assert main(["decode", "in/none.pcap", "--out", "other"]) == 1


def test_a_call_whose_codec_is_known_and_not_decoded_is_not_a_silent_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_capture(folder / "a.pcap", retyped(call(1), 11))
    sound = Decoding(to=target_kind("wav"), codecs={11: "L16/12345"}).convert(
        Job("a.pcap", "a"), FileProgress(Interruption()), lambda _row: None
    )
    assert (sound["state"], sound["error"]) == (
        "failed", "1 call not decoded: L16 with 12345 Hz is not decoded here",
    )  # fmt: skip
    assert names_in(".") == ["a.pcap"]


def test_captures_of_one_name_keep_their_suffixes(folder: Path) -> None:
    write_capture(folder / "a.pcap", call(1))
    write_capture(folder / "a.pcapng", two_calls())
    write_capture(folder / "b.pcap", call(1))
    assert main(["decode", ".", "--out", "out"]) == 0
    assert names_in("out") == ["a.pcap.wav", "a.pcapng-1.wav", "a.pcapng-2.wav", "b.wav"]


def test_existing_files_are_kept(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_capture(folder / "two.pcap", two_calls())
    (folder / "two-1.wav").write_bytes(b"older")
    assert main(["decode", "two.pcap"]) == 0
    assert (folder / "two-1.wav").read_bytes() == b"older"
    assert (folder / "two-2.wav").stat().st_size > 10_000
    capsys.readouterr()
    assert main(["decode", "two.pcap"]) == 0
    assert "1 capture to .: 0 written, 1 kept because they existed in " in capsys.readouterr().out
    assert main(["decode", "two.pcap", "--replace"]) == 0
    assert (folder / "two-1.wav").stat().st_size > 10_000


def test_what_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.pcap", "y/a.pcap", "x/readme.txt"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_capture(folder / name, call(1))
    for arguments, text in [
        (["x"], "no packet capture in x: 1 other file"),
        (["a.pcap", "y/a.pcap"], "a.pcap and y/a.pcap would both become ./a"),
        (["a.pcap", "--to", "aiff"], "kind is 'aiff', allowed are wav, "),
        (["a.pcap", "--to", "ulaw"], "channels is 2, 1 is allowed in ulaw"),
        (["a.pcap", "--rate", "9000", "--to", "mp3"], "sample_rate_hz is 9000, mp3 has 8000, "),
        (["a.pcap", "--gaps", "guess"], "'guess'"),
        ([".", "--codec", "96=FOO"], "no codec is named 'FOO'"),
        ([".", "--codec", "96=PCMU/9"], "9"),
        ([".", "--jobs", "0"], "jobs is 0, 1 to 256 are allowed"),
    ]:
        assert main(["decode", *arguments]) == 2
        assert text in capsys.readouterr().err
    assert names_in(".") == ["a.pcap", "x", "y"]

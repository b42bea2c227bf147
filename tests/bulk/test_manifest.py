"""The manifest of a run: rows, states after a kill, and refused files."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from rtpcodec.bulk.manifest import Manifest, rows_of

SETTINGS = {"to": "wav", "rate": 8000}


def row(name: str, folder: Path, state: str = "written", octets: int = 4) -> dict[str, object]:
    return {"input": name, "output": str(folder / f"{name}.wav"), "state": state, "octets": octets}


def test_rows_are_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Manifest.begin(path, SETTINGS) as manifest:
        manifest.add(row("ä\udcff", tmp_path))
        assert [one["input"] for one in rows_of(path)] == ["ä\udcff"]
        assert json.loads(path.read_text().splitlines()[0]) == {"rtpcodec_manifest": 1, "settings": SETTINGS}


def test_a_run_continues_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Manifest.begin(path, SETTINGS) as manifest:
        for name, state in [
            ("whole", "written"), ("renamed", "written"), ("gone", "written"), ("cut", "written"),
            ("broken", "failed"), ("older", "kept"), ("again", "failed"), ("again", "written"),
        ]:  # fmt: skip
            manifest.add(row(name, tmp_path, state))
    with path.open("ab") as file:
        file.write(b'{"input": "half')
    for name in ("whole.wav", "renamed.wav.part", "older.wav", "again.wav"):
        (tmp_path / name).write_bytes(b"1234")
    (tmp_path / "cut.wav").write_bytes(b"12")
    manifest, done = Manifest.resume(path, SETTINGS)
    with manifest:
        assert done == {"whole", "renamed", "older", "again"}
        assert (tmp_path / "renamed.wav").read_bytes() == b"1234"
        assert not (tmp_path / "renamed.wav.part").exists()
        manifest.add(row("next", tmp_path))
    assert [one["input"] for one in rows_of(path)][-2:] == ["again", "next"]


def test_a_missing_or_empty_manifest_is_created(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    for _ in range(2):
        manifest, done = Manifest.resume(path, SETTINGS)
        manifest.close()
        assert done == set()
        assert list(rows_of(path)) == []
        path.write_bytes(b'{"rtpcodec')  # killed before the header was whole


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Manifest.begin(path, SETTINGS):
        with pytest.raises(FileExistsError, match=r"already exists; --resume .*run\.jsonl continues it"):
            Manifest.begin(path, SETTINGS)
        with pytest.raises(ValueError, match=r"run\.jsonl is the manifest of a run that is not over"):
            Manifest.resume(path, SETTINGS)
        with pytest.raises(ValueError, match=r"run\.jsonl is the manifest of a run that is not over"):
            Manifest.begin(path, SETTINGS, replace=True)
    with pytest.raises(ValueError, match=r"was begun with rate 8000, now it is 16000"):
        Manifest.resume(path, {"to": "wav", "rate": 16_000})
    for text, rule in [
        ("hello\n", "is not a manifest: its first line is not a header of one"),
        ("[]\n", "is not a manifest: its first line is not a header of one"),
        ('{"rtpcodec_manifest": 2, "settings": {}}\n', "is a manifest of version 2, version 1 is read"),
        (
            '{"rtpcodec_manifest": 1, "settings": {"to": "wav", "rate": 8000}}\n{}\n',
            "line 2 is not a row of a manifest",
        ),
    ]:
        path.write_text(text)
        with pytest.raises(ValueError, match=rule):
            Manifest.resume(path, SETTINGS)
        assert path.read_text() == text


@pytest.mark.parametrize(
    "octets", [b"voice", b"\xff" * 5000, b'{"audio_filepath": "a.wav"}\n{"audio_filepath": "b.wav"}', b"x\ny"]
)
def test_a_file_that_is_not_a_manifest_keeps_its_octets(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "a.ulaw"
    path.write_bytes(octets)
    for begin in (Manifest.resume, lambda path, settings: Manifest.begin(path, settings, replace=True)):
        with pytest.raises(ValueError, match=r"a\.ulaw is not a manifest: its first line is not a header of one"):
            begin(path, SETTINGS)
        assert path.read_bytes() == octets


def test_a_row_that_does_not_fit_on_the_disk_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with Manifest.begin(path, SETTINGS) as manifest:
        manifest.add(row("a", tmp_path))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                manifest.add(row("b", tmp_path))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        manifest.add(row("c", tmp_path))  # another thread, when its temporary file is gone
    assert [one["input"] for one in rows_of(path)] == ["a", "c"]

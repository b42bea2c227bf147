"""One file of a run: memory, interruption, and errors of any kind as rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtpcodec.bulk.manifest import Manifest, Row
from rtpcodec.bulk.transcoding import Transcoding
from rtpcodec.bulk.work import Interruption, Job, ManifestError, Stopped, run_jobs
from rtpcodec.files.target_kinds import TARGET_KINDS
from tests.traced_memory import peak_of_one, traced


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    source = tmp_path / "a.sln"
    source.write_bytes(bytes(4_000_000))
    transcoding = Transcoding(to=TARGET_KINDS["wav"], sample_rate_hz=16_000, replace=True)
    job = Job(str(source), str(tmp_path / "a.wav"))
    with traced():
        assert peak_of_one(transcoding.convert, job, Interruption(), lambda _row: None) < 1_000_000
    assert (tmp_path / "a.wav").stat().st_size == 8_000_044


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.ulaw").write_bytes(bytes(4000))
    interruption = Interruption()
    interruption.stop()
    transcoding = Transcoding(to=TARGET_KINDS["wav"])
    with pytest.raises(Stopped):
        transcoding.convert(Job(str(tmp_path / "a.ulaw"), str(tmp_path / "a.wav")), interruption, print)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ulaw"]


def test_whatever_a_file_raises_is_a_row_and_the_manifest_ends_the_run(tmp_path: Path) -> None:
    def convert(job: Job, *_: Any) -> Row:
        raise ZeroDivisionError(f"in {job.source}")

    rows: list[Row] = []
    run_jobs([Job("a", "b")], convert, rows.append, threads=2)
    assert rows == [{"input": "a", "output": "b", "state": "failed", "error": "ZeroDivisionError: in a"}]
    manifest = Manifest.begin(tmp_path / "run.jsonl", {})
    manifest.close()
    manifest._file = (tmp_path / "run.jsonl").open("rb", buffering=0)
    with pytest.raises(ManifestError, match=r"the manifest .*run\.jsonl cannot be written"), manifest:
        run_jobs([Job("a", "b")], convert, rows.append, threads=1, manifest=manifest)

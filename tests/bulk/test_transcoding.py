"""One file of a run: memory, interruption, and errors of any kind as rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rtpcodec.bulk.decoding import Decoding
from rtpcodec.bulk.manifest import Manifest, Row
from rtpcodec.bulk.transcoding import Transcoding
from rtpcodec.bulk.work import FileProgress, Interruption, Job, ManifestError, Stopped, run_jobs
from rtpcodec.files.target_kinds import TARGET_KINDS
from rtpcodec.rtp.capture.datagrams import Datagram
from tests.cli.captures import ALICE, BOB, call, write_capture
from tests.traced_memory import peak_of_one, traced


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    source = tmp_path / "a.sln"
    source.write_bytes(bytes(4_000_000))
    transcoding = Transcoding(to=TARGET_KINDS["wav"], sample_rate_hz=16_000, replace=True)
    job = Job(str(source), str(tmp_path / "a.wav"))
    with traced():
        assert peak_of_one(transcoding.convert, job, FileProgress(Interruption()), lambda _row: None) < 1_000_000
    assert (tmp_path / "a.wav").stat().st_size == 8_000_044


def test_an_interruption_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.ulaw").write_bytes(bytes(4000))
    interruption = Interruption()
    interruption.stop()
    transcoding = Transcoding(to=TARGET_KINDS["wav"])
    with pytest.raises(Stopped):
        transcoding.convert(Job(str(tmp_path / "a.ulaw"), str(tmp_path / "a.wav")), FileProgress(interruption), print)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ulaw"]


def test_any_error_of_a_file_is_a_row_and_an_error_of_the_manifest_ends_the_run(tmp_path: Path) -> None:
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


def test_a_long_file_reports_its_parts(tmp_path: Path) -> None:
    (tmp_path / "a.sln").write_bytes(bytes(4_000_000))
    (tmp_path / "b.ulaw").write_bytes(bytes(160))
    parts: list[float] = []
    jobs = [Job(str(tmp_path / name), str(tmp_path / f"{name}.flac")) for name in ("a.sln", "b.ulaw", "missing.wav")]
    run_jobs(jobs, Transcoding(to=TARGET_KINDS["flac"]).convert, print, threads=1, on_part=parts.append)
    assert sum(parts) == pytest.approx(3)
    assert len(parts) > 20
    assert max(parts[:20]) < 0.1


def test_a_long_capture_reports_its_parts(tmp_path: Path) -> None:
    one = call(10)
    write_capture(
        tmp_path / "a.pcap", [*one, *(Datagram(one[0].time_ns, ALICE, BOB, bytes(1000), 0) for _ in range(9000))]
    )
    parts: list[float] = []
    job = Job(str(tmp_path / "a.pcap"), str(tmp_path / "a"))
    run_jobs([job], Decoding(to=TARGET_KINDS["wav"]).convert, print, threads=1, on_part=parts.append)
    assert sum(parts) == pytest.approx(1)
    assert len(parts) >= 10
    assert max(parts) < 0.2

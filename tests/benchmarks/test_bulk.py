"""The benchmark of many files: its methods write the expected files, and its bars are ratios of the right rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.bulk.methods import Method, measure, methods
from benchmarks.bulk.recordings import Recordings
from benchmarks.bulk.report import bars, table


def test_threads_and_their_baseline_write_the_same_files(tmp_path: Path) -> None:
    found = Recordings(tmp_path, 20, 1)
    chosen = [method for method in methods(found, 2, 2) if "threads" in method.name]
    assert [method.name for method in chosen] == ["reading and writing alone, 2 threads", "2 threads"]
    measure(found, chosen, 2, lambda _: None)
    assert [len(method.wall_s) for method in chosen] == [2, 2]
    assert len(table(chosen, found.read_octets, found.written_octets)) == 4


def test_a_wrong_file_is_found(tmp_path: Path) -> None:
    found = Recordings(tmp_path, 3, 1)
    found.clear()
    for name in found.names:
        (found.target / f"{name}.wav").write_bytes(bytes(found.written_octets))
    with pytest.raises(AssertionError, match="has other octets"):
        found.check(found.names)


def test_bars_compare_the_right_rows() -> None:
    seconds = {"alone": 10, "threads": 13, "alone 1": 18, "one": 20, "alone 2": 10, "two": 12, "loop": 150}
    compared = [Method(name, 100, lambda: None, wall_s=[wall, 1.1 * wall]) for name, wall in seconds.items()]
    found = bars(compared)
    assert [bar.ratio for bar in found] == pytest.approx([1.3, 20 / 12, 150 / 13, 7.5])
    assert [bar.is_met for bar in found] == [True, True, True, False]

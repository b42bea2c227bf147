"""docs/latency.md: its tables are those that `python -m benchmarks.latency` prints, on the virtual clock."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.latency import echo_line, tables

PAGE = (Path(__file__).parents[2] / "docs" / "latency.md").read_text("utf-8")


@pytest.mark.usefixtures("opus")
def test_the_page_shows_the_measured_tables() -> None:
    (shown,) = re.findall(r"^```text\n(turn, ms.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    lines = shown.splitlines()
    assert lines[:-1] == tables()
    assert lines[-1].startswith("echo of ")


@pytest.mark.long
def test_the_echo_over_loopback_is_measured() -> None:
    assert re.fullmatch(r"echo of 200 chunks over loopback: median [\d.]+ ms, p99 [\d.]+ ms", echo_line())

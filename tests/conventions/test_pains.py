"""docs/pains.md names each problem once, with a test that exists, or says why it is out of scope."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "pains.md"
PAINS = 75
MAX_OUT_OF_SCOPE = 5
_ROW = re.compile(r"^\| (\d+) \| (.+) \| (?:`(.+)`|out of scope: see below) \|$", re.MULTILINE)
ROWS = _ROW.findall(PAGE.read_text("utf-8"))


def test_every_pain_has_a_row() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, PAINS + 1))
    assert len({pain for _, pain, _ in ROWS}) == PAINS


@pytest.mark.parametrize("test", sorted({test for _, _, test in ROWS if test}))
def test_every_test_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert re.search(rf"^(async )?def {name}\(", (TESTS / file).read_text("utf-8"), re.MULTILINE)


def test_what_is_out_of_scope_has_a_reason() -> None:
    reasons = PAGE.read_text("utf-8").partition("## Out of scope")[2]
    without = [number for number, _, test in ROWS if not test]
    assert len(without) <= MAX_OUT_OF_SCOPE
    assert [number for number in without if not re.search(rf"^{number}: ", reasons, re.MULTILINE)] == []

"""docs/command-line.md has all options of all commands."""

from __future__ import annotations

import pytest

pytest.importorskip("typer")

from tests.conventions.command_line import COMMAND, PAGE, page


def test_the_page_has_all_options() -> None:
    assert PAGE.read_text("utf-8") == page(), f"run: {COMMAND}"

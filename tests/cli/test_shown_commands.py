"""Command lines of README and docs: each command and each of its options exists."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main

from rtpcodec.cli.commands import app_of_all

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_FENCED = re.compile(r"^```(.*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`(rtpcodec [a-z][^`]*)`")
_CONTINUED = re.compile(r"\\\n\s*")
COMMANDS = typer.main.get_command(app_of_all())


def shown(text: str) -> list[str]:
    """Return the lines that call `rtpcodec`, of code blocks and code spans."""
    shells = [block for language, block in _FENCED.findall(text) if language in {"", "sh", "bash", "console"}]
    blocks = "".join(_CONTINUED.sub(" ", block) for block in shells)
    lines = [line.split("  #")[0].strip() for line in blocks.splitlines()]
    return [line for line in lines if line.startswith("rtpcodec ")] + _SPAN.findall(
        re.sub(r"\s*\n\s*", " ", _FENCED.sub("", text))
    )


def unknown(line: str) -> list[str]:
    """Return what a line has that its command does not know."""
    words = shlex.split(line.replace("...", "x"), comments=True)[1:]
    known = COMMANDS.commands  # type: ignore[attr-defined]
    if not words or words[0] not in known:
        return words[:1]
    options = {name for one in known[words[0]].params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    return [word for word in words[1:] if word.startswith("-") and word.split("=")[0] not in options]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_shown_commands_exist(page: Path) -> None:
    assert {line: found for line in shown(page.read_text("utf-8")) if (found := unknown(line))} == {}


def test_commands_are_found() -> None:
    assert "rtpcodec demo" in shown((ROOT / "README.md").read_text("utf-8"))
    assert unknown("rtpcodec serve echo --no-such-option 1 --token x") == ["--no-such-option"]
    assert unknown("rtpcodec servee") == ["servee"]

"""The first things that a newcomer meets: make's list of targets, a missing compiler, the version, the workflows."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rtpcodec
from scripts.long_description import long_description
from scripts.toolchain import missing_tool

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z0-9-]+):(?!.*[?:]?= )", MAKEFILE, re.MULTILINE))


def test_make_help_lists_every_target() -> None:
    printed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make ([a-z0-9-]+)", printed, re.MULTILINE)) == TARGETS
    phony = re.search(r"\.PHONY:((?:.|\\\n)*?)\n\.", MAKEFILE)
    assert phony is not None
    assert set(phony[1].replace("\\\n", " ").split()) == TARGETS


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/releasing.md", "tests/README.md"])
def test_pages_name_targets_that_exist(page: str) -> None:
    named = set(re.findall(r"`make ([a-z0-9-]+)", (ROOT / page).read_text("utf-8")))
    assert named
    assert named <= TARGETS


def test_workflows_run_targets_that_exist() -> None:
    texts = [path.read_text("utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")]
    named = {target for text in texts for target in re.findall(r"run: make ([a-z0-9-]+)", text)}
    listed = {
        target for text in texts for names in re.findall(r"target: \[(.*)\]", text) for target in names.split(", ")
    }
    assert {"check", "docs", "test", "test-long"} <= named
    assert listed
    assert named | listed <= TARGETS


def test_the_version_has_one_place() -> None:
    written = {
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.toml", "*.py", "src/rtpcodec/**/*.py")
        for path in ROOT.glob(pattern)
        if re.search(rf"['\"]{re.escape(rtpcodec.__version__)}['\"]", path.read_text("utf-8"))
    }
    assert written == {"src/rtpcodec/__init__.py"}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert "version" in project["dynamic"]
    assert f"## {rtpcodec.__version__} - " in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_installed_metadata_has_that_version() -> None:
    assert importlib.metadata.version("rtpcodec") == rtpcodec.__version__


def run_without_compiler(environment: dict[str, str], command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("cc", "said"),
    [
        (None, "rtpcodec: no C compiler found: install one (Debian, Ubuntu: apt install gcc; "),
        (
            "absent-cc",
            "rtpcodec: no C compiler 'absent-cc', which CC names, found: install one (Debian, Ubuntu: ",
        ),
        (
            sys.executable,
            f"rtpcodec: the C compiler '{sys.executable}' cannot compile: install its C library (Debian, Ubuntu: ",
        ),
    ],
    ids=["none", "absent", "broken"],
)
def test_a_missing_compiler_is_one_line_of_ours(tmp_path: Path, cc: str | None, said: str) -> None:
    environment = {"PATH": str(tmp_path)} | ({"CC": cc} if cc else {})
    # 1. The check that make runs. 2. The build that pip runs.
    for command in ([sys.executable, "scripts/toolchain.py"], [sys.executable, "setup.py", "--quiet", "build_ext"]):
        result = run_without_compiler(environment, command)
        assert result.returncode == 1
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith(said)


def test_this_machine_can_compile() -> None:
    assert missing_tool() is None


def test_the_description_has_no_relative_link() -> None:
    text = long_description(
        "See [docs](docs/a.md#b), [LICENSE](LICENSE), [there](https://example.com/x), [below](#below)."
    )
    assert text == "See docs (`docs/a.md`), LICENSE, [there](https://example.com/x), [below](#below)."
    assert not re.search(r"\]\((?![a-z]+:|#)", long_description((ROOT / "README.md").read_text("utf-8")))

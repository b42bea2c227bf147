"""Commands start fast: version, help and completion import no library that only a running command needs.

The time itself is not tested, it depends on the machine; the modules that a fresh process imports are.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.cli.commands import MODULES

ROOT = Path(__file__).parents[2]
HEAVY = {
    "aiohttp",
    "prometheus_client",
    "asyncio",
    "cryptography",
    "httpx",
    "httpx2",
    "matplotlib",
    "msgspec",
    "numpy",
    "picows",
    "pystoi",
}
HEAVY |= {"soundfile", "ssl", "uvloop", "websockets"}
OURS = re.compile(
    r"rtpcodec(\.(errors(\.(root|commands))?|pickling|carriers(\.telnyx(\.(commands|members))?)?|__main__|cli|cli\.\w+|cli\.demo(\.(command|speech))?|cli\.doctor(\.command)?))?"
)
WHEN_RUN = {"rtpcodec.cli.codec_table", "rtpcodec.cli.control_output", "rtpcodec.cli.simulated_calls"}


def loaded_by(*arguments: str, **environment: str) -> tuple[str, set[str]]:
    """Return the output of `python -m rtpcodec` in a fresh process, and the modules that it imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rtpcodec", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )
    return done.stdout, set(re.findall(r"^import time:[^|]*\|[^|]*\|\s*([\w.]+)$", done.stderr, re.MULTILINE))


def check_is_light(loaded: set[str]) -> None:
    assert "typer" in loaded, "nothing was measured"
    assert not HEAVY & {module.partition(".")[0] for module in loaded}
    ours = {module for module in loaded if module.partition(".")[0] == "rtpcodec"}
    assert {module for module in ours if not OURS.fullmatch(module)} == set()
    assert not WHEN_RUN & ours


def test_version_is_light() -> None:
    out, loaded = loaded_by("--version")
    assert out == f"rtpcodec {rtpcodec.__version__}\n"
    check_is_light(loaded)


def test_help_is_light_and_lists_every_command() -> None:
    out, loaded = loaded_by("--help")
    commands = out.partition("Commands:\n")[2]
    assert re.findall(r"^  (\w+)  ", commands, re.MULTILINE) == list(MODULES)
    assert "..." not in commands, "a first line is cut off in a terminal of 80 columns"
    check_is_light(loaded)


@pytest.mark.parametrize("command", MODULES)
def test_help_of_a_command_is_light(command: str) -> None:
    out, loaded = loaded_by(command, "--help")
    assert out.startswith(f"Usage: rtpcodec {command} [OPTIONS]")
    assert "--help" in out
    check_is_light(loaded)
    others = {module for name, module in MODULES.items() if module != MODULES[command]}
    assert not others & loaded, "only the module of the command is needed"


def test_completion_is_light() -> None:
    out, loaded = loaded_by(_RTPCODEC_COMPLETE="complete_bash", COMP_WORDS="rtpcodec s", COMP_CWORD="1")
    assert set(out.split()) == {"serve", "simulate", "start", "stop"}
    check_is_light(loaded)


def test_optional_libraries_are_the_ones_looked_for() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = {
        re.split(r"[<>=\[;]", requirement)[0].strip()
        for extra in ("mp3", "client", "server", "sim", "demo")
        for requirement in extras[extra]
    }
    assert named <= HEAVY


@pytest.fixture
def bash(tmp_path: Path) -> dict[str, str]:
    """An environment in which `rtpcodec` is a command and HOME is empty."""
    command = tmp_path / "bin" / "rtpcodec"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rtpcodec "$@"\n')
    command.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    return os.environ | {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)}


COMPLETE = """
complete_words() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(( $# - 1 ))
    local function=$(complete -p rtpcodec | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    "$function" rtpcodec
    echo "${COMPREPLY[*]}"
}
complete_words rtpcodec ser
complete_words rtpcodec serve --tok
complete_words rtpcodec serve re
"""


def in_bash(script: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return done.stdout


def test_shown_completion_works_in_bash(bash: dict[str, str]) -> None:
    assert in_bash(f'eval "$(rtpcodec --show-completion)"\n{COMPLETE}', bash) == "serve\n--token\nrecord\n"


def test_installed_completion_works_in_the_next_bash(bash: dict[str, str]) -> None:
    assert "bash completion installed" in in_bash("rtpcodec --install-completion\ntrue", bash)
    assert in_bash(f"source ~/.bashrc\n{COMPLETE}", bash) == "serve\n--token\nrecord\n"

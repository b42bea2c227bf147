"""The ffmpeg executable as a peer: another implementation, in another process."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

TIMEOUT_S = 60


@cache
def executable() -> str:
    """The one in the wheel that the test extra brings."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def command(*arguments: str) -> list[str]:
    """A command line that asks nothing, is quiet, and gives the same octets on every run."""
    return [executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments]


def run(arguments: list[str], data: bytes = b"") -> bytes:
    """What ffmpeg writes to its output for what it reads from its input. AssertionError: it failed, with its words."""
    done = subprocess.run(
        [argument for argument in command(*arguments) if argument != "-nostdin"],
        input=data,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def to_file(data: bytes, before: list[str], after: list[str], suffix: str) -> bytes:
    """A file that ffmpeg makes of data; it can go back in a file, to write its length for example."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        run([*before, "-i", "pipe:0", "-bitexact", *after, str(path)], data)
        return path.read_bytes()


def pcm_input(rate_hz: int, channels: int = 1) -> list[str]:
    """Options for native 16-bit PCM as input."""
    return ["-f", "s16le", "-ar", str(rate_hz), "-ac", str(channels)]


def decode(data: bytes, before: list[str], after: list[str] | None = None) -> bytes:
    """16-bit PCM of what ffmpeg reads from data, in a file: from a pipe it does not take away padding at the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        path.write_bytes(data)
        return run([*before, "-i", str(path), *(after or []), "-f", "s16le", "pipe:1"])

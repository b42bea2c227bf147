"""The ffmpeg executable: another implementation, in another process, to compare with."""

from __future__ import annotations

import subprocess
import tempfile
from functools import cache
from pathlib import Path

TIMEOUT_S = 60


@cache
def executable() -> str:
    """Return the path of the executable in the wheel of the test extra."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def command(*arguments: str) -> list[str]:
    """Return a command line that is quiet, needs no input from the user, and gives the same octets on every run."""
    return [executable(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments]


def run(arguments: list[str], data: bytes = b"") -> bytes:
    """Return the output of ffmpeg for an input. AssertionError: it failed, with its error text."""
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
    """Convert data to a file by ffmpeg, which can seek in it, for example to write its length."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        run([*before, "-i", "pipe:0", "-bitexact", *after, str(path)], data)
        return path.read_bytes()


def pcm_input(rate_hz: int, channels: int = 1) -> list[str]:
    """Options for native 16-bit PCM as input."""
    return ["-f", "s16le", "-ar", str(rate_hz), "-ac", str(channels)]


def decode(data: bytes, before: list[str], after: list[str] | None = None) -> bytes:
    """Decode data to 16-bit PCM by ffmpeg, from a file: from a pipe it does not remove padding at the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data"
        path.write_bytes(data)
        return run([*before, "-i", str(path), *(after or []), "-f", "s16le", "pipe:1"])

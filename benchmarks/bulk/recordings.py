"""A folder of telephone recordings, and whether what became of them is right."""

from __future__ import annotations

import random
import shutil
from functools import cache
from pathlib import Path
from typing import Any, Final

from rtpcodec import transcode_batch

RATE_HZ: Final = 8000
DIFFERENT: Final = 16
"""Recordings that differ; the others are copies of them, each a file of its own."""
CHECKED: Final = 100
"""Files that are compared octet by octet after each run; of the others the length is."""


@cache
def recording(number: int, seconds: int) -> bytes:
    """The octets of one recording: every mu-law code as often as any other, which costs what speech costs."""
    return random.Random(number).randbytes(seconds * RATE_HZ)  # noqa: S311 -- not a secret


@cache
def converted(number: int, seconds: int) -> bytes:
    """What the recording becomes."""
    octets = transcode_batch([{"path": "a.ulaw", "bytes": recording(number, seconds)}], to="wav")[0]["bytes"]
    assert octets is not None  # noqa: S101
    return octets


def prepared(rows: list[dict[str, Any]], *, seconds: int) -> list[dict[str, Any]]:
    """Stand for transcoding: give the right octets without computing anything."""
    return [
        {"path": row["path"], "bytes": converted(int(row["path"][:6]) % DIFFERENT, seconds), "error": None}
        for row in rows
    ]


class Recordings:
    """The files in a folder."""

    def __init__(self, folder: Path, files: int, seconds: int) -> None:
        self.seconds = seconds
        self.source = folder / "in"
        self.target = folder / "out"
        self.names = [f"{number:06}.ulaw" for number in range(files)]
        self.source.mkdir(parents=True)
        for number, name in enumerate(self.names):
            (self.source / name).write_bytes(recording(number % DIFFERENT, seconds))
            converted(number % DIFFERENT, seconds)

    @property
    def read_octets(self) -> int:
        """Octets of one file."""
        return len(recording(0, self.seconds))

    @property
    def written_octets(self) -> int:
        """Octets of what one file becomes."""
        return len(converted(0, self.seconds))

    def clear(self) -> None:
        """Remove what the last run wrote."""
        shutil.rmtree(self.target, ignore_errors=True)
        self.target.mkdir()

    def check(self, names: list[str]) -> None:
        """Compare what the files became. AssertionError: something else."""
        for number, name in enumerate(names):
            path = self.target / f"{name}.wav"
            assert path.stat().st_size == self.written_octets, path  # noqa: S101
            if number % max(1, len(names) // CHECKED) == 0:
                expected = converted(int(name[:6]) % DIFFERENT, self.seconds)
                assert path.read_bytes() == expected, f"{path} has other octets"  # noqa: S101

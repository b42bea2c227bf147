"""Makes a folder of telephone recordings and checks the results."""

from __future__ import annotations

import random
import shutil
from functools import cache
from pathlib import Path
from typing import Any, Final

from rtpcodec import transcode_batch

RATE_HZ: Final = 8000
DIFFERENT: Final = 16
"""The number of different recordings; the others are copies in separate files."""
CHECKED: Final = 100
"""Files that are compared octet by octet after each run; of the others only the length is checked."""


@cache
def recording(number: int, seconds: int) -> bytes:
    """Return the octets of a recording with every mu-law code equally often, which costs as much as speech."""
    return random.Random(number).randbytes(seconds * RATE_HZ)  # noqa: S311 -- not a secret


@cache
def converted(number: int, seconds: int) -> bytes:
    """Return the expected result of a recording."""
    octets = transcode_batch([{"path": "a.ulaw", "bytes": recording(number, seconds)}], to="wav")[0]["bytes"]
    assert octets is not None  # noqa: S101
    return octets


def prepared(rows: list[dict[str, Any]], *, seconds: int) -> list[dict[str, Any]]:
    """Return the expected octets without transcoding, to measure reading and writing alone."""
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
        """Octets of one result."""
        return len(converted(0, self.seconds))

    def clear(self) -> None:
        """Remove the results of the last run."""
        shutil.rmtree(self.target, ignore_errors=True)
        self.target.mkdir()

    def check(self, names: list[str]) -> None:
        """Check the results. AssertionError: a result differs."""
        for number, name in enumerate(names):
            path = self.target / f"{name}.wav"
            assert path.stat().st_size == self.written_octets, path  # noqa: S101
            if number % max(1, len(names) // CHECKED) == 0:
                expected = converted(int(name[:6]) % DIFFERENT, self.seconds)
                assert path.read_bytes() == expected, f"{path} has other octets"  # noqa: S101

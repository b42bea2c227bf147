"""Shared by the tests of `rtpcodec transcode`: input octets, the command line, rows of a manifest."""

from __future__ import annotations

import json
import os
import random
import sys
import wave
from pathlib import Path

import rtpcodec

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(rtpcodec.__file__).parents[1])}


def octets(seed: int, count: int = 4000) -> bytes:
    return random.Random(seed).randbytes(count)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rtpcodec", "transcode", *arguments]


def rows_of(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()[1:]]


def names_in(folder: str | Path) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def pcm_of(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        pcm: bytes = file.readframes(file.getnframes())
    return pcm

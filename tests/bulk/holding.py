"""A worker that is killed in the middle of its work, exactly once, for any engine."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Event
from typing import Any

from rtpcodec import transcode_batch

LIFE = "life"
"""The file that the first process with the victim row acquires, so that only one process is killed."""
DEADLY = "0/big.wav"
SAFETY_S = 60
PID = "pid"
"""The named pipe to which that process writes its process id."""


def prepare(folder: Path) -> None:
    """Create the files that `transcode_and_die` needs."""
    (folder / LIFE).touch()
    os.mkfifo(folder / PID)


def transcode_and_die(rows: Iterable[Mapping[str, Any]], *, victim: str, folder: Path, **settings: Any) -> Any:
    """Transcode rows; the first process with the victim row reports its process id and waits to be killed."""
    held = list(rows)
    if any(row["path"].endswith(victim) for row in held):
        try:
            (folder / LIFE).rename(folder / f"{LIFE} taken")
        except FileNotFoundError:
            pass  # another process had it
        else:
            (folder / PID).write_text(str(os.getpid()))
            Event().wait()
    return transcode_batch(held, **settings)


def transcode_or_die(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Transcode rows; the deadly row ends every process, like a fault in a library."""
    held = list(rows)
    if any(row["path"] == DEADLY for row in held):
        os.kill(os.getpid(), signal.SIGKILL)
    return transcode_batch(held, to="alaw")


def kill(folder: Path) -> int:
    """Wait for the process with the victim row, and kill it. Return its process id."""
    pipe = os.open(folder / PID, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found, _, _ = select.select([pipe], [], [], SAFETY_S)
        assert found, "no process met the victim"
        pid = int(os.read(pipe, 100))
    finally:
        os.close(pipe)
    os.kill(pid, signal.SIGKILL)
    return pid

"""Runs of `rtpcodec transcode` that are killed or interrupted, and continue."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from io import FileIO
from pathlib import Path

import pytest

from rtpcodec.kernels.g711 import pcmu_decode
from tests.cli.runs import ENVIRONMENT, command, names_in, octets, pcm_of, rows_of

TIMEOUT_S = 60
PIPED_OCTETS = 400_000
"""More than the buffers of a pipe and a reader: when it is written, most of it has been converted."""
HEEDS_CTRL_C = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from rtpcodec.cli.app import main
sys.exit(main())
"""
"""A shell without a terminal starts its background jobs with SIGINT ignored, and the tests may be one."""


class Interrupted:
    """A run on ten files, a pipe with a part of its octets, and ten more files, on one thread."""

    def __init__(self, folder: Path) -> None:
        (folder / "in").mkdir()
        self.names = [f"a{number}.ulaw" for number in range(10)] + [f"z{number}.ulaw" for number in range(10)]
        for seed, name in enumerate(self.names):
            (folder / "in" / name).write_bytes(octets(seed))
        os.mkfifo(folder / "in/m.ulaw")
        self.arguments = ["in", "out", "--to", "wav", "--jobs", "1", "--resume", "run.jsonl"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEEDS_CTRL_C, "transcode", *self.arguments], cwd=folder, env=ENVIRONMENT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.pipe = self.opened(folder / "in/m.ulaw")
        self.pipe.write(octets(77, PIPED_OCTETS))
        self.folder = folder

    def opened(self, path: Path) -> FileIO:
        """Open the pipe when the process has reached it. From then on it accepts only as much as the process reads."""
        while self.process.poll() is None:
            try:
                pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(0.01)
            else:
                os.set_blocking(pipe, True)
                return FileIO(pipe, "wb")
        raise AssertionError(self.process.communicate())

    def fill_until_it_stops(self) -> None:
        """Write to the pipe until it has no reader, so its file does not end before the run has noticed the signal."""
        with suppress(BrokenPipeError):
            while True:
                self.pipe.write(octets(78))
        self.pipe.close()

    def continues(self) -> None:
        """Replace the pipe by a file, and run the rest."""
        done = {path.name: path.stat() for path in (self.folder / "out").glob("a?.wav")}
        assert len(done) == 10
        (self.folder / "in/m.ulaw").unlink()
        (self.folder / "in/m.ulaw").write_bytes(octets(77))
        subprocess.run(
            command(*self.arguments),
            cwd=self.folder,
            env=ENVIRONMENT,
            check=True,
            timeout=TIMEOUT_S,
            capture_output=True,
        )
        rows = Counter(row["input"] for row in rows_of(self.folder / "run.jsonl") if row["state"] == "written")
        assert rows == {f"in/{name}": 1 for name in [*self.names, "m.ulaw"]}
        outputs = sorted((self.folder / "out").iterdir())
        assert [path.name for path in outputs] == sorted(
            name.replace(".ulaw", ".wav") for name in [*self.names, "m.ulaw"]
        )
        for seed, name in [*enumerate(self.names), (77, "m.ulaw")]:
            assert pcm_of(self.folder / "out" / name.replace(".ulaw", ".wav")) == pcmu_decode(octets(seed))
        for name, found in done.items():
            again = (self.folder / "out" / name).stat()
            assert (again.st_ino, again.st_mtime_ns) == (found.st_ino, found.st_mtime_ns)


def test_a_killed_run_continues_and_converts_every_file_once(tmp_path: Path) -> None:
    run = Interrupted(tmp_path)
    run.process.kill()
    run.process.communicate(timeout=TIMEOUT_S)
    run.pipe.close()
    assert run.process.returncode == -signal.SIGKILL
    assert [path.name for path in (tmp_path / "out").glob("*.part")] == ["m.wav.part"]
    assert len(rows_of(tmp_path / "run.jsonl")) == 10
    run.continues()


def test_an_interrupted_run_leaves_no_partial_file_and_continues(tmp_path: Path) -> None:
    run = Interrupted(tmp_path)
    run.process.send_signal(signal.SIGINT)
    run.fill_until_it_stops()
    out, errors = run.process.communicate(timeout=TIMEOUT_S)
    assert run.process.returncode == 130
    assert errors == ""
    assert out.splitlines()[0].startswith("interrupted: 21 files to out: 10 written in ")
    assert out.splitlines()[1] == "continue with --resume run.jsonl"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"a{number}.wav" for number in range(10)]
    run.continues()


@pytest.mark.long
def test_a_run_that_is_killed_at_any_moment_converts_every_file_once(tmp_path: Path) -> None:
    chance = random.Random(19)
    (tmp_path / "in").mkdir()
    names = [f"{number:03}.ulaw" for number in range(120)]
    for seed, name in enumerate(names):
        (tmp_path / "in" / name).write_bytes(octets(seed, 8000))
    manifest = tmp_path / "run.jsonl"
    arguments = command("in", "out", "--to", "wav", "--jobs", "2", "--rate", "16000", "--resume", str(manifest))
    kills = 0
    seen: dict[str, tuple[int, int]] = {}
    while True:
        process = subprocess.Popen(arguments, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        enough = len(rows_of(manifest)) + chance.randrange(20, 40) if manifest.exists() else 25
        while process.poll() is None and (not manifest.exists() or manifest.read_bytes().count(b"\n") < enough):
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.001)
        process.kill()
        kills += process.wait(TIMEOUT_S) == -signal.SIGKILL
        found = {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in (tmp_path / "out").glob("*.wav")}
        assert seen.items() <= found.items()
        seen = found
        if process.returncode == 0:
            break
    assert kills >= 2
    rows = Counter(row["input"] for row in rows_of(manifest) if row["state"] == "written")
    assert rows == {f"in/{name}": 1 for name in names}
    assert names_in(tmp_path / "out") == [name.replace("ulaw", "wav") for name in names]

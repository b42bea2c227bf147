"""A run of `rtpcodec transcode`: its progress, its rows, its end."""

from __future__ import annotations

import os
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from rtpcodec.bulk.manifest import Manifest, Row
from rtpcodec.bulk.transcoding import Transcoding
from rtpcodec.bulk.work import Job, run_jobs
from rtpcodec.cli.inputs import Inputs, is_audio
from rtpcodec.cli.progress_bar import ProgressBar
from rtpcodec.cli.transcode.outputs import is_folder, jobs_of, output_kind
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.files.kinds import KINDS
from rtpcodec.files.target_kinds import TargetKind

MANIFEST_NAME: Final = "manifest.jsonl"
"""In the folder of the outputs; it is removed if every file was converted and it was not asked for."""
MAX_FAILURES_SHOWN: Final = 10
INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The command line."""

    paths: list[str]
    to: str | None
    rate_hz: int | None
    channel: int | None
    mono: bool
    from_kind: str | None
    from_rate_hz: int | None
    byte_order: str | None
    bit_rate_kbps: int | None
    jobs: int | None
    manifest: Path | None
    resume: Path | None
    replace: bool

    def transcoding(self, kind: TargetKind) -> Transcoding:
        """Return how files are converted. ValueError: options that contradict each other, or the rate."""
        if self.mono and self.channel is not None:
            raise ValueError("--mono and --channel exclude each other")
        if self.from_kind is not None and self.from_kind not in KINDS:
            raise ValueError(f"--from is {self.from_kind!r}, read are {', '.join(KINDS)}")
        if self.rate_hz is not None:
            kind.require(self.rate_hz, 1)
        if self.bit_rate_kbps is not None and kind.name != "mp3":
            raise ValueError(f"--bit-rate is for mp3, the output is {kind.name}")
        return Transcoding(
            to=kind,
            sample_rate_hz=self.rate_hz,
            channel=self.channel,
            mono=self.mono,
            from_kind=self.from_kind,
            from_rate_hz=self.from_rate_hz,
            byte_order=cast("ByteOrder | None", self.byte_order),
            replace=self.replace,
            options={} if self.bit_rate_kbps is None else {"bit_rate_kbps": self.bit_rate_kbps},
        )

    def settings(self, kind: TargetKind) -> dict[str, object]:
        """Return what a run that continues must have again."""
        return {
            "folder": str(Path.cwd()),
            "out": self.paths[-1],
            "to": kind.name,
            "rate": self.rate_hz,
            "channel": self.channel,
            "mono": self.mono,
            "from": self.from_kind,
            "from_rate": self.from_rate_hz,
            "byte_order": self.byte_order,
            "bit_rate": self.bit_rate_kbps,
        }


def run(order: Order) -> int:
    """Convert, and print what became of the files. Returns the exit code."""
    if len(order.paths) < 2:
        raise ValueError("input and output are needed: rtpcodec transcode IN... OUT")
    *sources, out = order.paths
    kind = output_kind(order.to, out)
    transcoding = order.transcoding(kind)
    inputs = Inputs(None if order.from_kind else is_audio, without=out if is_folder(out) else None)
    jobs = jobs_of(inputs.of(sources), out, kind)
    if not jobs:
        raise ValueError(f"no audio file in {' '.join(sources)}: {inputs.left_out} other files")
    if not is_folder(out) and not order.replace and Path(out).exists():
        raise FileExistsError(f"{out} exists already; --replace replaces it")
    with ExitStack() as closing:
        manifest, done = _manifest(order, kind, out)
        if manifest is not None:
            closing.enter_context(manifest)
        waiting = [job for job in jobs if job.source not in done]
        report = _Report(out, len(jobs), len(jobs) - len(waiting), inputs.left_out, manifest)
        code = _run(waiting, transcoding, _cores() if order.jobs is None else order.jobs, manifest, report)
        report.show()
        if manifest is not None and order.manifest is None and order.resume is None and not code:
            manifest.path.unlink()
    return code


def _manifest(order: Order, kind: TargetKind, out: str) -> tuple[Manifest | None, set[str]]:
    settings = order.settings(kind)
    if order.resume is not None:
        if order.manifest is not None:
            raise ValueError("--manifest begins a run and --resume continues one: one of the two is needed")
        return Manifest.resume(order.resume, settings)
    if order.manifest is not None:
        return Manifest.begin(order.manifest, settings), set()
    if not is_folder(out):
        return None, set()
    Path(out).mkdir(parents=True, exist_ok=True)
    return Manifest.begin(Path(out) / MANIFEST_NAME, settings, replace=True), set()


def _run(jobs: list[Job], transcoding: Transcoding, threads: int, manifest: Manifest | None, report: _Report) -> int:
    try:
        with ProgressBar(len(jobs)) as bar:

            def count(row: Row) -> None:
                report.count(row)
                bar.advance()

            run_jobs(jobs, transcoding.convert, count, threads=threads, manifest=manifest)
    except KeyboardInterrupt:
        report.interrupted = True
        return INTERRUPTED
    return 1 if report.states["failed"] else 0


class _Report:
    """Counts the rows, and prints the end."""

    def __init__(self, out: str, files: int, done: int, left_out: int, manifest: Manifest | None) -> None:
        self._out = out
        self._files = files
        self._done = done
        self._left_out = left_out
        self._manifest = manifest
        self._began_s = time.monotonic()
        self._failures: list[Row] = []
        self.states: Counter[str] = Counter()
        self.interrupted = False

    def count(self, row: Row) -> None:
        """Count one file."""
        self.states[row["state"]] += 1
        if row["state"] == "failed" and len(self._failures) <= MAX_FAILURES_SHOWN:
            self._failures.append(row)

    def show(self) -> None:
        """Print one line, then those of failures and what to do."""
        seconds = time.monotonic() - self._began_s
        words = [f"{self.states['written']} written"]
        words += [f"{self._done} done before"] * bool(self._done)
        words += [f"{self.states['kept']} kept, they existed"] * bool(self.states["kept"])
        words += [f"{self.states['failed']} failed"] * bool(self.states["failed"])
        words += [f"{self._left_out} other files left out"] * bool(self._left_out)
        rate = sum(self.states.values()) / seconds if seconds else 0
        begins = "interrupted: " if self.interrupted else ""
        files = "1 file" if self._files == 1 else f"{self._files} files"
        print(f"{begins}{files} to {self._out}: {', '.join(words)} in {seconds:.1f} s, {rate:.3g} files/s")
        for row in self._failures[:MAX_FAILURES_SHOWN]:
            print(f"failed: {row['input']}: {row['error']}")
        if len(self._failures) > MAX_FAILURES_SHOWN:
            print(f"failed: {self.states['failed'] - MAX_FAILURES_SHOWN} more, see the manifest")
        if self._manifest is not None and (self.interrupted or self._failures):
            print(
                f"continue with --resume {self._manifest.path}"
                if self.interrupted
                else f"manifest: {self._manifest.path}"
            )


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # not everywhere
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1

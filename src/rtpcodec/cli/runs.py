"""Runs over many files on a terminal: manifest, progress and report."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rtpcodec.bulk.manifest import Manifest, Row
from rtpcodec.bulk.notes import notes_of
from rtpcodec.bulk.work import Convert, Job, run_jobs
from rtpcodec.cli.printing import many, print_any_character, printable
from rtpcodec.cli.progress_bar import ProgressBar
from rtpcodec.files.target_kinds import TargetKind
from rtpcodec.files.writing import create_audio

MAX_FAILURES_SHOWN: Final = 10
MAX_NOTES_SHOWN: Final = 10
TELEPHONE_HZ: Final = 8000
"""Used for files whose rate is not read yet."""
INTERRUPTED: Final = 130
"""The usual exit code after Ctrl-C."""


def require_writer(kind: TargetKind, sample_rate_hz: int, options: Mapping[str, Any], *, channels: int = 1) -> None:
    """Check the writer of a run in memory. ValueError, MissingExtra, MissingLibrary: every file would raise it."""
    create_audio(io.BytesIO(), sample_rate_hz=sample_rate_hz, channels=channels, kind=kind.name, **options).abort()


def opened_manifest(
    new: Path | None, resumed: Path | None, default: Path | None, settings: dict[str, object]
) -> tuple[Manifest | None, set[str]]:
    """Return the manifest of a run, and the inputs that an earlier run has done.

    Args:
        new: path by --manifest.
        resumed: path by --resume.
        default: path without these options; an older manifest is replaced. None: no manifest.
        settings: settings of the conversion.

    Raises:
        ValueError: both options, or a file that is not a manifest of these settings.
        FileExistsError: `new` exists.
        OSError: the file cannot be written.
    """
    if new is not None and resumed is not None:
        raise ValueError("--manifest begins a run and --resume continues one: one of the two is needed")
    if resumed is not None:
        return Manifest.resume(resumed, settings)
    if new is not None:
        return Manifest.begin(new, settings), set()
    if default is None:
        return None, set()
    default.parent.mkdir(parents=True, exist_ok=True)
    return Manifest.begin(default, settings, replace=True), set()


def converted(jobs: list[Job], convert: Convert, threads: int, manifest: Manifest | None, report: Report) -> int:
    """Convert files with a progress bar on the terminal. Return the exit code."""
    try:
        with ProgressBar(len(jobs)) as bar:
            run_jobs(jobs, convert, report.count, threads=threads, manifest=manifest, on_part=bar.advance)
    except KeyboardInterrupt:
        report.interrupted = True
        return INTERRUPTED
    return 1 if report.states["failed"] else 0


class Report:
    """Counts the rows of a run and prints the summary."""

    def __init__(self, inputs: str, out: str, *, done: int, left_out: int, manifest: Manifest | None) -> None:
        """Begin a run.

        Args:
            inputs: number of inputs in words.
            out: output as named on the command line.
            done: inputs that an earlier run has done.
            left_out: files of the folders that are not inputs.
            manifest: manifest of the run, if there is one.
        """
        self._begins = f"{inputs} to {out}"
        self._notes: list[str] = []
        self._note_count = 0
        self._undecoded_calls = 0
        self._done = done
        self._left_out = left_out
        self._manifest = manifest
        self._began_s = time.monotonic()
        self._failures: list[Row] = []
        self.states: Counter[str] = Counter()
        self.outputs = 0
        """Files written."""
        self.noted = 0
        """Files with notes."""
        self.interrupted = False

    def count(self, row: Row) -> None:
        """Count one input."""
        self.states[row["state"]] += 1
        if row["state"] == "written":
            self.outputs += sum(one["output"] is not None for one in row.get("outputs", [row]))
        if row["state"] == "failed" and len(self._failures) <= MAX_FAILURES_SHOWN:
            self._failures.append(row)
        self._undecoded_calls += row.get("undecoded_calls", 0)
        notes = notes_of(row) if row["state"] != "failed" else []
        self.noted += bool(notes)
        self._note_count += len(notes)
        self._notes += [f"{row['input']}: {note}" for note in notes[: MAX_NOTES_SHOWN - len(self._notes)]]

    def show(self) -> None:
        """Print the summary, then failures, notes and how to continue."""
        seconds = time.monotonic() - self._began_s
        words = [f"{self.outputs} written"]
        words += [f"{self.noted} with notes"] * bool(self.noted)
        words += [f"{many(self._undecoded_calls, 'call')} not decoded"] * bool(self._undecoded_calls)
        words += [f"{self._done} done before"] * bool(self._done)
        words += [f"{self.states['kept']} kept because they existed"] * bool(self.states["kept"])
        words += [f"{self.states['failed']} failed"] * bool(self.states["failed"])
        words += [f"{many(self._left_out, 'other file')} left out"] * bool(self._left_out)
        rate = sum(self.states.values()) / seconds if seconds else 0
        begins = "interrupted: " if self.interrupted else ""
        print_any_character()
        print(printable(f"{begins}{self._begins}: {', '.join(words)} in {seconds:.1f} s, {rate:.3g} files/s"))
        for row in self._failures[:MAX_FAILURES_SHOWN]:
            print(printable(f"failed: {row['input']}: {row['error']}"))
        if len(self._failures) > MAX_FAILURES_SHOWN:
            print(f"failed: {self.states['failed'] - MAX_FAILURES_SHOWN} more, see the manifest")
        for note in self._notes:
            print(printable(f"note: {note}"))
        if self._note_count > len(self._notes):
            where = "see the manifest" if self._manifest is not None else "--manifest FILE keeps them"
            print(f"note: {self._note_count - len(self._notes)} more, {where}")
        if self._manifest is not None and (self.interrupted or self._failures or self._notes):
            begins = "continue with --resume" if self.interrupted else "manifest:"
            print(printable(f"{begins} {self._manifest.path}"))

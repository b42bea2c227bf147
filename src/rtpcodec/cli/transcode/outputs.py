"""The output file of each input file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePath

from rtpcodec.bulk.work import Job
from rtpcodec.cli.inputs import Input, unlinked
from rtpcodec.files.target_kinds import TARGET_KINDS, TargetKind, target_kind


def is_folder(out: str) -> bool:
    """Return whether OUT is a folder: it exists as one, ends in `/`, or has no suffix of an audio file."""
    if out.endswith("/") or Path(out).is_dir():
        return True
    return all(PurePath(out).suffix.lower() not in kind.suffixes for kind in TARGET_KINDS.values())


def output_kind(to: str | None, out: str) -> TargetKind:
    """Return the kind of the outputs. ValueError: neither the option nor the suffix of a file names it."""
    if to is None and is_folder(out):
        raise ValueError(f"--to is needed for the folder {out}: one of {', '.join(TARGET_KINDS)}")
    return target_kind(to, out)


def jobs_of(inputs: Iterable[Input], out: str, kind: TargetKind) -> list[Job]:
    """Return the conversions. In a folder `a.flac` becomes `a.wav`, or `a.flac.wav` if another input became `a.wav`.

    Raises:
        ValueError: several files would become one, two inputs would have one output, or an output is an input.
    """
    found = list(inputs)
    suffix = kind.suffixes[0]
    if is_folder(out):
        folder = out.rstrip("/") or "/"
        return jobs_apart(
            (one.path, f"{folder}/{one.below.removesuffix(PurePath(one.below).suffix)}{suffix}",
             f"{folder}/{one.below}{suffix}")
            for one in found
        )  # fmt: skip
    if len(found) > 1:
        raise ValueError(f"{len(found)} inputs cannot become the one file {out}, a folder is needed")
    return jobs_apart((one.path, out, out) for one in found)


def jobs_apart(named: Iterable[tuple[str, str, str]]) -> list[Job]:
    """Return the conversions with distinct outputs: the short name of each, or the long one if two would collide.

    The names depend on all inputs but not on their order, so a run that continues chooses the same.

    Args:
        named: per input its path, the short and the long name of its output.

    Raises:
        ValueError: two inputs still have one output, or an output is an input.
    """
    found = list(named)
    longs = Counter(long for _, _, long in found)
    targets = [short for _, short, _ in found]
    while True:
        counts = Counter(targets)
        meet = [at for at, (_, _, long) in enumerate(found)
                if counts[targets[at]] > 1 and longs[long] == 1 and targets[at] != long]  # fmt: skip
        if not meet:
            break
        for at in meet:
            targets[at] = found[at][2]
    jobs = [Job(source, target) for (source, _, _), target in zip(found, targets, strict=True)]
    _require_distinct(jobs)
    return jobs


def _require_distinct(jobs: list[Job]) -> None:
    """Check that no two inputs have one output, and no output is an input. ValueError."""
    by_output: dict[str, str] = {}
    for job in jobs:
        other = by_output.setdefault(job.target, job.source)
        if other is not job.source:
            raise ValueError(f"{other} and {job.source} would both become {job.target}: use a folder for each")
    folders: dict[str, str] = {}
    inputs = {_real(job.source, folders): job.source for job in jobs}
    for job in jobs:
        real = _real(job.target, folders)
        if real in inputs:
            raise ValueError(f"the output {job.target} is the input {inputs[real]}: use another folder or suffix")


def _real(path: str, folders: dict[str, str]) -> str:
    """Return a path without links; each folder is resolved once."""
    if Path(path).is_symlink():
        return str(Path(path).resolve())
    return unlinked(path, folders)

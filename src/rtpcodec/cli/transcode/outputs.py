"""Which output file belongs to which input file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

from rtpcodec.bulk.work import Job
from rtpcodec.cli.inputs import Input
from rtpcodec.files.target_kinds import TARGET_KINDS, TargetKind, target_kind


def is_folder(out: str) -> bool:
    """Whether the last argument means a folder: it is one, ends in `/`, or does not end as an audio file does."""
    if out.endswith("/") or Path(out).is_dir():
        return True
    return all(PurePath(out).suffix.lower() not in kind.suffixes for kind in TARGET_KINDS.values())


def output_kind(to: str | None, out: str) -> TargetKind:
    """Return the kind of the outputs. ValueError: neither option nor name says it."""
    if to is None and is_folder(out):
        raise ValueError(f"--to is needed for the folder {out}: one of {', '.join(TARGET_KINDS)}")
    return target_kind(to, out)


def jobs_of(inputs: Iterable[Input], out: str, kind: TargetKind) -> list[Job]:
    """Return the conversions.

    Raises: ValueError if several files would become one, two inputs would have one output, or an output is an input.
    """
    found = list(inputs)
    if is_folder(out):
        folder = out.rstrip("/") or "/"
        jobs = [Job(one.path, f"{folder}/{_with_suffix(one.below, kind)}") for one in found]
    elif len(found) == 1:
        jobs = [Job(found[0].path, out)]
    else:
        raise ValueError(f"{len(found)} inputs cannot become the one file {out}, a folder is needed")
    require_distinct(jobs)
    return jobs


def _with_suffix(name: str, kind: TargetKind) -> str:
    own = PurePath(name).suffix
    return name.removesuffix(own) + kind.suffixes[0]


def require_distinct(jobs: list[Job]) -> None:
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
    """Return a path without links, asking the system once per folder."""
    if Path(path).is_symlink():
        return str(Path(path).resolve())
    folder, _, name = path.rpartition("/")
    if folder not in folders:
        folders[folder] = str(Path(folder or ("/" if path.startswith("/") else ".")).resolve())
    return f"{folders[folder]}/{name}"

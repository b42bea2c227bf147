"""Runs `rtpcodec decode`: decodes the captures and prints the report."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from rtpcodec.bulk.decoding import Decoding
from rtpcodec.cli.file_options import payload_types, threads_of
from rtpcodec.cli.inputs import CAPTURE_SUFFIXES, Input, Inputs, is_capture
from rtpcodec.cli.printing import many
from rtpcodec.cli.runs import TELEPHONE_HZ, Report, converted, opened_manifest, require_writer
from rtpcodec.cli.transcode.outputs import jobs_apart
from rtpcodec.files.target_kinds import target_kind
from rtpcodec.rtp.capture.sound import Gaps


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command line."""

    paths: list[str]
    to: str
    rate_hz: int | None
    out: str
    gaps: str
    codecs: list[str] | None
    jobs: int | None
    manifest: Path | None
    resume: Path | None
    replace: bool

    def settings(self) -> dict[str, object]:
        """Return the settings that a run that continues must repeat."""
        return {
            "folder": str(Path.cwd()),
            "out": self.out,
            "decode_to": self.to,
            "rate": self.rate_hz,
            "gaps": self.gaps,
            "codecs": self.codecs,
        }


def run(options: Options) -> int:
    """Decode the captures and print the report. Return the exit code."""
    kind = target_kind(options.to)
    require_writer(kind, options.rate_hz or kind.rate_for_hz(TELEPHONE_HZ), {}, channels=2)
    threads, codecs = threads_of(options.jobs), payload_types(options.codecs)
    inputs = Inputs(is_capture)
    folder = options.out.rstrip("/") or "/"
    jobs = jobs_apart((one.path, f"{folder}/{_stem(one)}", f"{folder}/{one.below}") for one in inputs.of(options.paths))
    decoding = Decoding(
        to=kind,
        pcm_hz=options.rate_hz,
        gaps=cast("Gaps", options.gaps),
        codecs=codecs,
        replace=options.replace,
        targets=frozenset(job.target for job in jobs),
    )
    if not jobs:
        raise ValueError(f"no packet capture in {' '.join(options.paths)}: {many(inputs.left_out, 'other file')}")
    default = Path(options.out) / "manifest.jsonl" if len(jobs) > 1 else None
    manifest, done = opened_manifest(options.manifest, options.resume, default, options.settings())
    with manifest or nullcontext():
        waiting = [job for job in jobs if job.source not in done]
        report = Report(
            many(len(jobs), "capture"),
            options.out,
            done=len(jobs) - len(waiting),
            left_out=inputs.left_out,
            manifest=manifest,
        )
        code = converted(waiting, decoding.convert, threads, manifest, report)
        report.show()
        is_named = options.manifest is not None or options.resume is not None
        if manifest is not None and not is_named and not code and not report.noted:
            manifest.path.unlink()
    return code


def _stem(found: Input) -> str:
    """Return the path below the output folder, without the suffixes of captures."""
    lowered = found.below.lower()
    suffix = max((one for one in CAPTURE_SUFFIXES if lowered.endswith(one)), key=len, default="")
    return found.below[: len(found.below) - len(suffix)] if suffix else found.below

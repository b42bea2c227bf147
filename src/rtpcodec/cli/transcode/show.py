"""Runs `rtpcodec transcode`: converts the files and prints the report."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from rtpcodec.bulk.transcoding import Transcoding
from rtpcodec.cli.file_options import threads_of
from rtpcodec.cli.inputs import Inputs, is_audio
from rtpcodec.cli.printing import many
from rtpcodec.cli.runs import TELEPHONE_HZ, Report, converted, opened_manifest, require_writer
from rtpcodec.cli.transcode.outputs import is_folder, jobs_of, output_kind
from rtpcodec.codecs.info import ByteOrder
from rtpcodec.files.kinds import KINDS
from rtpcodec.files.target_kinds import TargetKind

MANIFEST_NAME: Final = "manifest.jsonl"
"""The manifest in the folder of the outputs; it is removed if every file was converted and no option named it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command line."""

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
        """Return the settings of the conversion. ValueError: contradicting options. MissingExtra, MissingLibrary."""
        if self.mono and self.channel is not None:
            raise ValueError("--mono and --channel exclude each other")
        if self.from_kind is not None and self.from_kind not in KINDS:
            raise ValueError(f"--from is {self.from_kind!r}, allowed are {', '.join(KINDS)}")
        if self.rate_hz is not None:
            kind.require(self.rate_hz, 1)
        if self.bit_rate_kbps is not None and kind.name != "mp3":
            raise ValueError(f"--bit-rate is for mp3, the output is {kind.name}")
        options: dict[str, object] = {} if self.bit_rate_kbps is None else {"bit_rate_kbps": self.bit_rate_kbps}
        if self.rate_hz is not None or not options:  # the possible bit rates depend on the rate
            require_writer(kind, self.rate_hz or kind.rate_for_hz(TELEPHONE_HZ), options)
        return Transcoding(
            to=kind,
            sample_rate_hz=self.rate_hz,
            channel=self.channel,
            mono=self.mono,
            from_kind=self.from_kind,
            from_rate_hz=self.from_rate_hz,
            byte_order=cast("ByteOrder | None", self.byte_order),
            replace=self.replace,
            options=options,
        )

    def settings(self, kind: TargetKind) -> dict[str, object]:
        """Return the settings that a run that continues must repeat."""
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


def run(options: Options) -> int:
    """Convert the files and print the report. Return the exit code."""
    if len(options.paths) < 2:
        raise ValueError("input and output are needed: rtpcodec transcode IN... OUT")
    *sources, out = options.paths
    kind = output_kind(options.to, out)
    transcoding, threads = options.transcoding(kind), threads_of(options.jobs)
    inputs = Inputs(None if options.from_kind else is_audio, without=out if is_folder(out) else None)
    jobs = jobs_of(inputs.of(sources), out, kind)
    if not jobs:
        raise ValueError(f"no audio file in {' '.join(sources)}: {many(inputs.left_out, 'other file')}")
    if not is_folder(out) and not options.replace and Path(out).exists():
        raise FileExistsError(f"{out} already exists; --replace replaces it")
    default = Path(out) / MANIFEST_NAME if is_folder(out) else None
    manifest, done = opened_manifest(options.manifest, options.resume, default, options.settings(kind))
    with manifest or nullcontext():
        waiting = [job for job in jobs if job.source not in done]
        report = Report(
            many(len(jobs), "file"),
            out,
            done=len(jobs) - len(waiting),
            left_out=inputs.left_out,
            manifest=manifest,
        )
        code = converted(waiting, transcoding.convert, threads, manifest, report)
        report.show()
        is_named = options.manifest is not None or options.resume is not None
        if manifest is not None and not is_named and not code and not report.noted:
            manifest.path.unlink()
    return code

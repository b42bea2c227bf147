"""The options of `rtpcodec decode`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rtpcodec.cli.file_options import Jobs, ManifestFile, PayloadTypes, Replace, ResumeFile

Paths = Annotated[list[str], typer.Argument(metavar="FILE...", help="Packet captures, folders, quoted patterns.")]
ToKind = Annotated[str, typer.Option("--to", metavar="KIND", help="wav, flac, or another of `transcode`.")]
Rate = Annotated[
    int | None, typer.Option("--rate", metavar="HZ", help="Default: the highest rate of the codecs of each call.")
]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the files.", file_okay=False)]


class Gaps(StrEnum):
    """How lost packets are filled."""

    CONCEAL = "conceal"
    SILENCE = "silence"


def decode(
    paths: Paths,
    to: ToKind = "wav",
    rate: Rate = None,
    out: Out = Path(),
    gaps: Annotated[Gaps, typer.Option("--gaps", help="How lost packets are filled.")] = Gaps.CONCEAL,
    codec: PayloadTypes = None,
    jobs: Jobs = None,
    manifest: ManifestFile = None,
    resume: ResumeFile = None,
    replace: Replace = False,
) -> None:
    """Decode the calls in packet captures to audio files.

    Each call becomes one file: the side that was heard first is left, the other right. Packets are placed by their RTP
    timestamps; the two sides are aligned by RTCP, otherwise by their quickest packets. A single call of NAME.pcap
    becomes NAME.wav, several become NAME-1.wav, NAME-2.wav. Captures that cannot be read are listed at the end, and the
    exit code is 1.
    """
    from rtpcodec.cli.decode.show import Options, run

    code = run(
        Options(
            paths=paths,
            to=to,
            rate_hz=rate,
            out=str(out),
            gaps=gaps.value,
            codecs=codec,
            jobs=jobs,
            manifest=manifest,
            resume=resume,
            replace=replace,
        )
    )
    if code:
        raise typer.Exit(code)

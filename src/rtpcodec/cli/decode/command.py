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
    """What stands for lost packets."""

    CONCEAL = "conceal"
    SILENCE = "silence"


def decode(
    paths: Paths,
    to: ToKind = "wav",
    rate: Rate = None,
    out: Out = Path(),
    gaps: Annotated[Gaps, typer.Option("--gaps", help="What stands for lost packets.")] = Gaps.CONCEAL,
    codec: PayloadTypes = None,
    jobs: Jobs = None,
    manifest: ManifestFile = None,
    resume: ResumeFile = None,
    replace: Replace = False,
) -> None:
    """Make audio files of the calls in packet captures.

    A call is one file: the side that was heard first left, the other right. The sound is true to the timestamps of RTP,
    the two sides are aligned by RTCP or else by the packets that were quickest. One call of NAME.pcap becomes NAME.wav,
    several NAME-1.wav, NAME-2.wav. A capture that cannot be read is a line at the end and exit code 1.
    """
    from rtpcodec.cli.decode.show import Order, run

    code = run(
        Order(
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

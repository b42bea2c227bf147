"""Options of the commands for files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ToRate = Annotated[
    int | None,
    typer.Option("--rate", metavar="HZ", help="Sample rate of the output. Default: that of the input, if possible."),
]
Channel = Annotated[int | None, typer.Option(min=0, help="The channel to take, from 0. Default: all.")]
FromKind = Annotated[
    str | None, typer.Option("--from", metavar="KIND", help="Kind of the input, where its octets do not say it: ulaw.")
]
FromRate = Annotated[int | None, typer.Option("--from-rate", metavar="HZ", help="Its sample rate, if it is raw.")]
ByteOrder = Annotated[str | None, typer.Option("--byte-order", help="Of raw L16 input: `big` or `little`.")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", metavar="N", help="Threads. Default: one per core.")]
ManifestFile = Annotated[
    Path | None,
    typer.Option("--manifest", metavar="FILE", help="New file of JSON lines: what became of each file."),
]
ResumeFile = Annotated[
    Path | None, typer.Option("--resume", metavar="FILE", help="Manifest of a run to continue; begun if it is missing.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace existing files.")]

"""The options of `rtpcodec transcode`."""

from __future__ import annotations

from typing import Annotated

import typer

from rtpcodec.cli.file_options import (
    ByteOrder,
    Channel,
    FromKind,
    FromRate,
    Jobs,
    ManifestFile,
    Replace,
    ResumeFile,
    ToRate,
)

Paths = Annotated[
    list[str], typer.Argument(metavar="IN... OUT", help="Files, folders, quoted patterns; last a file or a folder.")
]
ToKind = Annotated[
    str | None,
    typer.Option("--to", metavar="KIND", help="wav flac mp3 ogg awb ulaw alaw g722 l16 sln. Default: suffix of OUT."),
]
Mono = Annotated[bool, typer.Option("--mono", help="Take the mean of all channels.")]
BitRate = Annotated[int | None, typer.Option("--bit-rate", metavar="KBPS", help="Bit rate of MP3.")]


def transcode(
    paths: Paths,
    to: ToKind = None,
    rate: ToRate = None,
    channel: Channel = None,
    mono: Mono = False,
    from_kind: FromKind = None,
    from_rate: FromRate = None,
    byte_order: ByteOrder = None,
    bit_rate: BitRate = None,
    jobs: Jobs = None,
    manifest: ManifestFile = None,
    resume: ResumeFile = None,
    replace: Replace = False,
) -> None:
    """Convert audio files: any kind to any other, at any rate.

    Outputs are complete or absent, and existing files are kept. A folder is converted with its subfolders. Files that
    cannot be converted are listed at the end, and the exit code is 1; the others are converted. A run into a folder
    writes a manifest: --resume continues it after Ctrl-C, or if the process was killed.
    """
    from rtpcodec.cli.transcode.show import Options, run

    options = Options(
        paths=paths,
        to=to,
        rate_hz=rate,
        channel=channel,
        mono=mono,
        from_kind=from_kind,
        from_rate_hz=from_rate,
        byte_order=byte_order,
        bit_rate_kbps=bit_rate,
        jobs=jobs,
        manifest=manifest,
        resume=resume,
        replace=replace,
    )
    code = run(options)
    if code:
        raise typer.Exit(code)

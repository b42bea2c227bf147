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
    typer.Option("--to", metavar="KIND", help="wav flac mp3 ogg awb ulaw alaw g722 l16 sln. Default: as OUT ends."),
]
Mono = Annotated[bool, typer.Option("--mono", help="The mean of all channels.")]
BitRate = Annotated[int | None, typer.Option("--bit-rate", metavar="KBPS", help="Of MP3.")]


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

    A file appears whole or not at all, and an existing one is kept. A folder is converted with the folders in it, whose
    structure is kept. A file that cannot be converted is a line at the end and exit code 1; the others are converted.
    A run into a folder keeps a manifest: after Ctrl-C, or whatever ended the run, --resume continues it.
    """
    from rtpcodec.cli.transcode.show import Order, run

    order = Order(
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
    code = run(order)
    if code:
        raise typer.Exit(code)

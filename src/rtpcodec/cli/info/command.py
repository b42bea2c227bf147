"""The options of `rtpcodec info`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtpcodec.cli.file_options import ByteOrder, FromKind, FromRate, Jobs, PayloadTypes

Paths = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Audio files and packet captures, folders, patterns.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print a JSON object per file, with figures per second.")]
Plot = Annotated[
    Path | None, typer.Option("--plot", metavar="PNG", help="Draw level, for captures also loss and delay, over time.")
]
Quick = Annotated[bool, typer.Option("--quick", help="Decode nothing: no levels or tones; captures are read once.")]


def info(
    paths: Paths,
    as_json: AsJson = False,
    plot: Plot = None,
    quick: Quick = False,
    codec: PayloadTypes = None,
    from_kind: FromKind = None,
    from_rate: FromRate = None,
    byte_order: ByteOrder = None,
    jobs: Jobs = None,
) -> None:
    """Show figures of audio files and packet captures.

    For an audio file: kind, rate, channels, length, level and tones. For a capture: calls and their RTP streams with
    SSRC, addresses, codec and how it is known (given, sdp, static, guess), loss, jitter, estimated MOS, level, keys of
    telephone events and tones. The exit code is 1 if a file could not be read.
    """
    from rtpcodec.cli.info.show import Options, run

    code = run(
        Options(
            paths=paths,
            as_json=as_json,
            plot=plot,
            quick=quick,
            codecs=codec,
            from_kind=from_kind,
            from_rate_hz=from_rate,
            byte_order=byte_order,
            jobs=jobs,
        )
    )
    if code:
        raise typer.Exit(code)

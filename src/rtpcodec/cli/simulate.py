"""The command `rtpcodec simulate`: a carrier that calls an endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtpcodec.carriers.telnyx import commands
from rtpcodec.cli.demo.speech import SPEECH
from rtpcodec.cli.options import Mode, Rate

Percent = Annotated[float, typer.Option(min=0, max=100, metavar="PERCENT")]
Dialect = Annotated[
    str, typer.Option(help="`telnyx`, or `twilio`: PCMU, no token, and one-way unless the track is the inbound one.")
]


def simulate(
    stream_url: Annotated[str, typer.Argument(metavar="URL", help="The endpoint: `ws://127.0.0.1:8080/`")],
    audio: Annotated[Path, typer.Option(help="16-bit mono WAV that the caller says.", exists=True)] = SPEECH,
    codec: Annotated[
        str, typer.Option(help="Codec of both directions; in mode mp3, of the way to the endpoint.")
    ] = "PCMU",
    rate: Rate = 0,
    mode: Mode = "rtp",
    chunk_ms: Annotated[int, typer.Option(help="Audio in one message.")] = 20,
    amrwb_packing: Annotated[
        str, typer.Option(help="`bandwidth-efficient` or `octet-aligned`, in both directions.")
    ] = "bandwidth-efficient",
    tracks: Annotated[
        str, typer.Option(help="`inbound_track`, `outbound_track` or `both_tracks`.")
    ] = commands.INBOUND_TRACK,
    dialect: Dialect = "telnyx",
    token: Annotated[
        str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token to present to the endpoint.")
    ] = None,
    heard: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what the caller heard as WAV.")] = None,
    drop: Percent = 0,
    duplicate: Percent = 0,
    reorder: Percent = 0,
    stall_ms: Annotated[float, typer.Option(min=0, help="Send nothing for this long, then all that is due.")] = 0,
    stall_every_s: Annotated[float, typer.Option(min=0, help="From one stall to the next. 0: none.")] = 0,
    seed: Annotated[int, typer.Option(help="Makes the faults repeatable.")] = 0,
) -> None:
    """Call an endpoint as a carrier would.

    Streams a WAV file to it, plays what it answers, and shows the figures of the call.
    """
    from rtpcodec.cli.simulated_calls import faults_of, print_report, streamed_call

    faults = faults_of(drop, duplicate, reorder, stall_ms, stall_every_s)
    report = streamed_call(
        stream_url,
        audio,
        codec=codec,
        rate_hz=rate,
        mode=mode,
        tracks=tracks,
        chunk_ms=chunk_ms,
        amrwb_packing=amrwb_packing,
        dialect=dialect,
        token=token,
        faults=faults,
        seed=seed,
    )
    print_report(report, heard)

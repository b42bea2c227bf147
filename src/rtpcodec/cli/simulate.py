"""The command `rtpcodec simulate`: a carrier that calls an endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rtpcodec.carriers.telnyx import commands
from rtpcodec.cli.demo.speech import SPEECH
from rtpcodec.cli.options import Mode, Rate

Drop = Annotated[float, typer.Option(min=0, max=100, metavar="PERCENT", help="Share of chunks that are lost.")]
Duplicate = Annotated[float, typer.Option(min=0, max=100, metavar="PERCENT", help="Share of chunks sent twice.")]
Reorder = Annotated[float, typer.Option(min=0, max=100, metavar="PERCENT", help="Share of chunks that arrive late.")]
StallMs = Annotated[
    float, typer.Option(min=0, help="Length of a stall in ms: nothing is sent, then everything at once.")
]
Dialect = Annotated[
    str, typer.Option(help="`telnyx`, or `twilio`: PCMU, no token, and one-way unless `--tracks` is `inbound_track`.")
]


def simulate(
    stream_url: Annotated[str, typer.Argument(metavar="URL", help="URL of the endpoint: `ws://127.0.0.1:8080/`")],
    audio: Annotated[Path, typer.Option(help="16-bit mono WAV that the caller says.", exists=True)] = SPEECH,
    codec: Annotated[
        str, typer.Option(help="Codec of both directions; in mode mp3, of the audio to the endpoint.")
    ] = "PCMU",
    rate: Rate = 0,
    mode: Mode = "rtp",
    chunk_ms: Annotated[int, typer.Option(help="Audio per message in ms.")] = 20,
    amrwb_packing: Annotated[
        str, typer.Option(help="`bandwidth-efficient` or `octet-aligned`, in both directions.")
    ] = "bandwidth-efficient",
    tracks: Annotated[
        str, typer.Option(help="`inbound_track`, `outbound_track` or `both_tracks`.")
    ] = commands.INBOUND_TRACK,
    dialect: Dialect = "telnyx",
    token: Annotated[str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token for the endpoint.")] = None,
    heard: Annotated[Path | None, typer.Option(metavar="FILE", help="WAV file to write with the heard audio.")] = None,
    drop: Drop = 0,
    duplicate: Duplicate = 0,
    reorder: Reorder = 0,
    stall_ms: StallMs = 0,
    stall_every_s: Annotated[float, typer.Option(min=0, help="Seconds from one stall to the next. 0: no stalls.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the faults.")] = 0,
) -> None:
    """Call an endpoint as a carrier would.

    The simulated carrier streams a WAV file to the endpoint and plays its audio to the caller. Then the figures of the
    call are printed.
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

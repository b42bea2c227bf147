"""The command `rtpcodec simulate`: a carrier that calls an endpoint."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rtpcodec.audio.files import WavWriter
from rtpcodec.cli.demo.measure import percentile
from rtpcodec.cli.demo.scenario import PLAYOUT_DELAY_MS, SPEECH, TAIL_MS
from rtpcodec.cli.options import Mode, Rate
from rtpcodec.client import AsyncCallControl
from rtpcodec.sim import CallReport, Carrier, Faults, SimulatedCall, Variations
from rtpcodec.stream.plan import StreamPlan

Percent = Annotated[float, typer.Option(min=0, max=100, metavar="PERCENT")]


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
    tracks: Annotated[str, typer.Option(help="`inbound_track`, `outbound_track` or `both_tracks`.")] = "inbound_track",
    token: Annotated[
        str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token to present to the endpoint.")
    ] = None,
    heard: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what the caller heard as WAV.")] = None,
    drop: Percent = 0,
    duplicate: Percent = 0,
    reorder: Percent = 0,
    stall_ms: Annotated[float, typer.Option(min=0, help="Nothing is sent for so long, then all that is due.")] = 0,
    stall_every_s: Annotated[float, typer.Option(min=0, help="From one stall to the next. 0: none.")] = 0,
    seed: Annotated[int, typer.Option(help="Makes the faults repeatable.")] = 0,
) -> None:
    """Call an endpoint as a carrier would: stream a WAV file to it, and play what it answers."""
    call_plan = StreamPlan(send_codec=codec, send_rate_hz=rate, tracks=tracks)  # type: ignore[arg-type]  # checked there
    wishes = call_plan if mode == "rtp" else StreamPlan(mode=mode, tracks=tracks)  # type: ignore[arg-type]
    variations = Variations(chunk_ms=chunk_ms, amrwb_packing=amrwb_packing)  # type: ignore[arg-type]
    faults = Faults(
        drop=drop / 100,
        duplicate=duplicate / 100,
        reorder=reorder / 100,
        stall_ms=stall_ms,
        stall_every_s=stall_every_s,
    )
    new_call = partial(
        Carrier.new_call,
        speech=audio,
        codec=codec,
        sample_rate_hz=call_plan.send_sample_rate_hz,
        tail_ms=TAIL_MS,
        playout_delay_ms=PLAYOUT_DELAY_MS,
        variations=variations,
    )
    report = asyncio.run(_call(new_call, wishes, stream_url, token, faults, seed))
    Console().print(report_table(report))
    if heard is not None:
        with WavWriter(heard, report.heard_hz) as wav:
            wav.write(report.heard_pcm)


async def _call(
    new_call: Callable[[Carrier], SimulatedCall],
    plan: StreamPlan,
    stream_url: str,
    token: str | None,
    faults: Faults,
    seed: int,
) -> CallReport:
    api_key = secrets.token_urlsafe()
    async with Carrier(api_key, seed, faults) as carrier:
        call = new_call(carrier)
        async with AsyncCallControl(api_key, base_url=carrier.base_url) as control:
            await control.start_streaming(
                call.call_control_id, stream_url=stream_url, stream_auth_token=token, **plan.command_fields()
            )
        report = await call.finished()
        if call.failure is not None:
            raise ConnectionError(f"the endpoint at {stream_url} was not reached: {call.failure}")
        return report


def report_table(report: CallReport) -> Table:
    """The figures of a stream for people."""
    grid = Table(show_header=False)
    median_ms = percentile(report.latencies_ms, 50)
    for name, value in (
        ("media messages sent", report.media_sent),
        ("media messages received", report.media_received),
        ("marks returned", report.marks_returned),
        ("messages refused", report.errors_sent),
        (
            "chunks dropped, duplicated, reordered",
            f"{report.chunks_dropped}, {report.chunks_duplicated}, {report.chunks_reordered}",
        ),
        ("own ticks that were late", report.late_ticks),
        ("play-out ran dry", f"{report.dry_count} times, {report.dry_ms:.0f} ms"),
        ("echo after, median", "-" if median_ms is None else f"{median_ms:.1f} ms"),
        ("end", report.end_reason),
    ):
        grid.add_row(name, str(value))
    return grid

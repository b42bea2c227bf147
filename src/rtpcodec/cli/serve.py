"""The command `rtpcodec serve`: the built-in handlers behind an endpoint."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rtpcodec.cli.control_options import BaseUrl
from rtpcodec.cli.options import (
    AmrWbPacking,
    ChunkMs,
    Codec,
    IdleLeadMs,
    KeepAlive,
    LeadMs,
    Mode,
    PrebufferMs,
    Rate,
    SendOption,
    WhenFull,
    send_options,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ssl import SSLContext

    from rtpcodec.client import CallControl
    from rtpcodec.server.options import Handler
    from rtpcodec.stream.plan import StreamPlan


Token = Annotated[str | None, typer.Option(envvar="RTPCODEC_STREAM_TOKEN", help="Token that the carrier must present.")]
OldToken = Annotated[
    str | None,
    typer.Option(envvar="RTPCODEC_OLD_STREAM_TOKEN", help="Token that is accepted beside --token for a while."),
]
AllowedOrigin = Annotated[
    list[str] | None,
    typer.Option(help="Origin of web pages that may open a call, such as https://example.com. May be repeated."),
]

Metrics = Annotated[
    bool, typer.Option("--metrics", help="Answer GET /metrics for Prometheus. A public address needs --metrics-token.")
]
MetricsToken = Annotated[
    str | None,
    typer.Option(envvar="RTPCODEC_METRICS_TOKEN", help="Bearer token that a scrape of --metrics must present."),
]

File = Annotated[
    Path | None, typer.Option(help="WAV or MP3 file of any rate that `play` plays.", exists=True, dir_okay=False)
]


class Task(StrEnum):
    """What to do with each call."""

    ECHO = "echo"
    RECORD = "record"
    PLAY = "play"


class AfterHandler(StrEnum):
    """What happens to the phone call when its handler has ended."""

    KEEP = "keep"
    HANGUP = "hangup"


OnHandlerEnd = Annotated[
    AfterHandler, typer.Option(help="The phone call after `play`, or after an error. hangup needs TELNYX_API_KEY.")
]


def serve(
    task: Annotated[Task, typer.Argument(help="What to do with each call.")] = Task.ECHO,
    host: Annotated[str, typer.Option(help="Address to listen on. A public one needs --token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8080,
    path: Annotated[str, typer.Option(help="Path of the WebSocket.")] = "/",
    token: Token = None,
    old_token: OldToken = None,
    allowed_origin: AllowedOrigin = None,
    codec: Codec = "PCMU",
    rate: Rate = 0,
    mode: Mode = "rtp",
    option: SendOption = None,
    amrwb_packing: AmrWbPacking = "auto",
    folder: Annotated[Path, typer.Option(help="Where `record` puts its WAV files.")] = Path("recordings"),
    file: File = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM file: serve wss.", exists=True, dir_okay=False)] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of its key.", exists=True, dir_okay=False)] = None,
    drain_s: Annotated[float, typer.Option(min=0, help="How long calls may continue after Ctrl-C or SIGTERM.")] = 10.0,
    lead_ms: LeadMs = 400.0,
    idle_lead_ms: IdleLeadMs = 80.0,
    send_chunk_ms: ChunkMs = 20.0,
    prebuffer_ms: PrebufferMs = 0.0,
    keep_alive: KeepAlive = None,
    when_full: WhenFull = "wait",
    on_handler_end: OnHandlerEnd = AfterHandler.KEEP,
    base_url: BaseUrl = None,
    metrics: Metrics = False,
    metrics_token: MetricsToken = None,
) -> None:
    """Run an endpoint that echoes, records, or plays a file."""
    from rtpcodec.server import run

    plan = _plan(codec, rate, mode, option, amrwb_packing)
    run(
        _handler(task, folder, file, plan),
        on_handler_end=on_handler_end.value,
        control=_control(base_url) if on_handler_end is AfterHandler.HANGUP else None,
        plan=plan,
        host=host,
        port=port,
        path=path,
        authorize=_tokens(token, old_token),
        allowed_origins=allowed_origin or (),
        ssl=_tls(certificate, key),
        drain_s=drain_s,
        lead_ms=lead_ms,
        idle_lead_ms=idle_lead_ms,
        send_chunk_ms=send_chunk_ms,
        prebuffer_ms=prebuffer_ms,
        keep_alive=keep_alive,  # type: ignore[arg-type]  # the settings check the value and name those that there are
        when_full=when_full,  # type: ignore[arg-type]
        metrics=(metrics_token or True) if metrics else False,
        on_ready=lambda endpoint: print(f"rtpcodec: {task} at {endpoint.url}", flush=True),
    )


def _plan(codec: str, rate: int, mode: str, option: list[str] | None, amrwb_packing: str) -> StreamPlan:
    from rtpcodec.stream.plan import StreamPlan

    return StreamPlan(
        send_codec=codec,
        send_rate_hz=rate,
        mode=mode,  # type: ignore[arg-type]  # the plan checks the value and names those that there are
        send_options=send_options(option),
        amrwb_packing=amrwb_packing,  # type: ignore[arg-type]
    )


def _control(base_url: str | None) -> CallControl:
    """Make what hangs calls up; without a key it says which environment variable is needed."""
    from rtpcodec.client import CallControl

    return CallControl(base_url=base_url)


def _tokens(token: str | None, old_token: str | None) -> Sequence[str] | None:
    if old_token is not None and token is None:
        raise ValueError("--old-token needs --token")
    return [one for one in (token, old_token) if one is not None] or None


def _tls(certificate: Path | None, key: Path | None) -> SSLContext | None:
    import ssl

    if certificate is None:
        if key is not None:
            raise ValueError("--key needs --certificate")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        raise ValueError(
            f"--certificate {certificate} and its key are not a PEM pair: {error.reason or error}"
        ) from error
    return context


def _handler(task: Task, folder: Path, file: Path | None, plan: StreamPlan) -> Handler:
    from rtpcodec.server import handlers

    if task is Task.PLAY:
        if file is None:
            raise ValueError("play needs --file")
        return handlers.play_file(file, mode=plan.mode)
    if file is not None:
        raise ValueError(f"--file is for play, not for {task}")
    if task is Task.RECORD:
        return handlers.record(folder)
    return handlers.echo

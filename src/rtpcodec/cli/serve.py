"""The command `rtpcodec serve`: the built-in handlers behind an endpoint."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from rtpcodec.cli.workers import Log, PlacementFile, StatusPort, WorkerOptions, WorkerPort, Workers, run_endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rtpcodec.client import CallControl
    from rtpcodec.server.options import EndpointOptions, Handler
    from rtpcodec.server.tls_files import TlsFiles
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

Folder = Annotated[Path, typer.Option(help="Folder of the WAV files of `record`.")]

Certificate = Annotated[
    Path | None,
    typer.Option(help="PEM file of the certificate, for wss. SIGHUP reads it again.", exists=True, dir_okay=False),
]
Key = Annotated[Path | None, typer.Option(help="PEM file of its key.", exists=True, dir_okay=False)]

MaxCalls = Annotated[int, typer.Option(min=1, help="Limit on simultaneous calls; more are refused with 503.")]
DrainS = Annotated[
    float,
    typer.Option(min=0, help="How long calls may continue after Ctrl-C or SIGTERM; RTPCODEC_DRAIN_S overrides it."),
]
HandlerGraceS = Annotated[
    float, typer.Option(min=0, help="How long a handler may outlive its stream; RTPCODEC_HANDLER_GRACE_S overrides it.")
]

File = Annotated[
    Path | None, typer.Option(help="WAV or MP3 file of any rate that `play` plays.", exists=True, dir_okay=False)
]


class LogLevel(StrEnum):
    """The lowest level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


LogLevelOption = Annotated[
    LogLevel, typer.Option(envvar="RTPCODEC_LOG_LEVEL", help="The lowest level that is logged, to standard error.")
]
LogJson = Annotated[
    bool, typer.Option("--log-json", envvar="RTPCODEC_LOG_JSON", help="Log lines of JSON instead of text.")
]


class Task(StrEnum):
    """The built-in handlers."""

    ECHO = "echo"
    RECORD = "record"
    PLAY = "play"


class AfterHandler(StrEnum):
    """What happens to the phone call when its handler has ended."""

    KEEP = "keep"
    HANGUP = "hangup"


OnHandlerEnd = Annotated[
    AfterHandler,
    typer.Option(help="What happens to the phone call after `play` or an error. hangup needs TELNYX_API_KEY."),
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
    folder: Folder = Path("recordings"),
    file: File = None,
    certificate: Certificate = None,
    key: Key = None,
    max_calls: MaxCalls = 100,
    drain_s: DrainS = 3600.0,
    handler_grace_s: HandlerGraceS = 10.0,
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
    log_level: LogLevelOption = LogLevel.INFO,
    log_json: LogJson = False,
    workers: Workers = None,
    worker_port: WorkerPort = None,
    status_port: StatusPort = None,
    placement_file: PlacementFile = None,
) -> None:
    """Run an endpoint that echoes, records, or plays a file."""
    plan = _plan(codec, rate, mode, option, amrwb_packing)
    make_settings = partial(_process_settings, task, folder, file, plan, on_handler_end, base_url)
    access: EndpointOptions = {"authorize": _tokens(token, old_token), "allowed_origins": allowed_origin or ()}
    ends: EndpointOptions = {"max_calls": max_calls, "drain_s": drain_s, "handler_grace_s": handler_grace_s}
    speech = _speech(lead_ms, idle_lead_ms, send_chunk_ms, prebuffer_ms, keep_alive, when_full)
    options: EndpointOptions = {"plan": plan, "host": host, "port": port, "path": path, **access, **ends, **speech}
    options["ssl"], options["metrics"] = _tls(certificate, key), (metrics_token or True) if metrics else False
    worker_options = WorkerOptions(workers, worker_port, status_port, placement_file)
    run_endpoint(task, make_settings, options, worker_options, Log(log_level, as_json=log_json))


def _process_settings(
    task: Task, folder: Path, file: Path | None, plan: StreamPlan, on_handler_end: AfterHandler, base_url: str | None
) -> dict[str, Any]:
    """Return the settings that each process creates itself, because handlers and controls cannot be sent to it."""
    control = _control(base_url) if on_handler_end is AfterHandler.HANGUP else None
    handler = _handler(task, folder, file, plan)
    return {"handler": handler, "on_handler_end": on_handler_end.value, "control": control}


def _speech(
    lead_ms: float,
    idle_lead_ms: float,
    send_chunk_ms: float,
    prebuffer_ms: float,
    keep_alive: str | None,
    when_full: str,
) -> EndpointOptions:
    return {
        "lead_ms": lead_ms,
        "idle_lead_ms": idle_lead_ms,
        "send_chunk_ms": send_chunk_ms,
        "prebuffer_ms": prebuffer_ms,
        # The settings check these words, and their errors list the valid ones.
        "keep_alive": keep_alive,  # type: ignore[typeddict-item]
        "when_full": when_full,  # type: ignore[typeddict-item]
    }


def _plan(codec: str, rate: int, mode: str, option: list[str] | None, amrwb_packing: str) -> StreamPlan:
    from rtpcodec.stream.plan import StreamPlan

    return StreamPlan(
        send_codec=codec,
        send_rate_hz=rate,
        mode=mode,  # type: ignore[arg-type]  # the plan checks the value, and its error lists the valid ones
        send_options=send_options(option),
        amrwb_packing=amrwb_packing,  # type: ignore[arg-type]
    )


def _control(base_url: str | None) -> CallControl:
    """Create the control that hangs up calls. Without a key, its error names the environment variable."""
    from rtpcodec.client import CallControl

    return CallControl(base_url=base_url)


def _tokens(token: str | None, old_token: str | None) -> Sequence[str] | None:
    if old_token is not None and token is None:
        raise ValueError("--old-token needs --token")
    return [one for one in (token, old_token) if one is not None] or None


def _tls(certificate: Path | None, key: Path | None) -> TlsFiles | None:
    from rtpcodec.errors import EndpointError
    from rtpcodec.server.tls_files import TlsFiles

    if certificate is None:
        if key is not None:
            raise ValueError("--key needs --certificate")
        return None
    try:
        return TlsFiles(certificate, key)
    except EndpointError as error:
        raise ValueError(f"--certificate: {error}") from error


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

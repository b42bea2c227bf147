"""The command `rtpcodec serve`: the built-in handlers behind an endpoint."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    from collections.abc import Callable, Mapping, Sequence
    from ssl import SSLContext

    from rtpcodec.server.options import EndpointOptions, Handler
    from rtpcodec.server.workers.running import WorkersOpened
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

Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that share the port. SIGHUP restarts them without cutting a call."),
]
WorkerPort = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Port of worker 1 alone, the next workers have the next ones."),
]
StatusPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port of health and --metrics of all workers. 0: any free one."),
]
PlacementFile = Annotated[
    Path | None, typer.Option(help="File by which other programs choose a worker; best in /run.", dir_okay=False)
]


class Task(StrEnum):
    """What to do with each call."""

    ECHO = "echo"
    RECORD = "record"
    PLAY = "play"


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
    drain_s: Annotated[
        float,
        typer.Option(min=0, help="How long calls may continue after Ctrl-C or SIGTERM; RTPCODEC_DRAIN_S overrides it."),
    ] = 3600.0,
    handler_grace_s: Annotated[float, typer.Option(min=0, help="How long a handler may outlive its stream.")] = 10.0,
    lead_ms: LeadMs = 400.0,
    idle_lead_ms: IdleLeadMs = 80.0,
    send_chunk_ms: ChunkMs = 20.0,
    prebuffer_ms: PrebufferMs = 0.0,
    keep_alive: KeepAlive = None,
    when_full: WhenFull = "wait",
    metrics: Metrics = False,
    metrics_token: MetricsToken = None,
    workers: Workers = None,
    worker_port: WorkerPort = None,
    status_port: StatusPort = None,
    placement_file: PlacementFile = None,
) -> None:
    """Run an endpoint that echoes, records, or plays a file."""
    plan = _plan(codec, rate, mode, option, amrwb_packing)
    in_worker = partial(of_each_process, task, folder, file, plan, certificate, key)
    options: EndpointOptions = dict(  # noqa: C408 -- the names of keyword arguments
        plan=plan,
        host=host,
        port=port,
        path=path,
        authorize=_tokens(token, old_token),
        allowed_origins=allowed_origin or (),
        drain_s=drain_s,
        handler_grace_s=handler_grace_s,
        lead_ms=lead_ms,
        idle_lead_ms=idle_lead_ms,
        send_chunk_ms=send_chunk_ms,
        prebuffer_ms=prebuffer_ms,
        keep_alive=keep_alive,  # type: ignore[typeddict-item]  # the settings check the value and name those that there are
        when_full=when_full,  # type: ignore[typeddict-item]
        metrics=(metrics_token or True) if metrics else False,
    )
    own = in_worker(1)
    if workers is None:
        if (worker_port, status_port, placement_file) != (None, None, None):
            raise ValueError("--worker-port, --status-port and --placement-file need --workers")
        _run(task, own, options)
        return
    _run_workers(
        task,
        in_worker,
        "ws" if certificate is None else "wss",
        options,
        workers=workers,
        worker_port=worker_port,
        status_port=status_port,
        placement_file=placement_file,
    )


def of_each_process(
    task: Task,
    folder: Path,
    file: Path | None,
    plan: StreamPlan,
    certificate: Path | None,
    key: Path | None,
    _worker: int,
) -> dict[str, Any]:
    """Return the settings that a process makes for itself: handlers and TLS contexts cannot be sent to a worker."""
    return {"handler": _handler(task, folder, file, plan), "ssl": _tls(certificate, key)}


def _run(task: Task, own: Mapping[str, Any], options: EndpointOptions) -> None:
    from rtpcodec.server import run

    run(**own, **options, on_ready=lambda endpoint: print(f"rtpcodec: {task} at {endpoint.url}", flush=True))


def _run_workers(
    task: Task, in_worker: Callable[[int], dict[str, Any]], scheme: str, options: EndpointOptions, **of_supervisor: Any
) -> None:
    from rtpcodec.server import run_workers

    def ready(opened: WorkersOpened) -> None:
        host = f"[{opened.host}]" if ":" in opened.host else opened.host
        print(f"rtpcodec: {task} at {scheme}://{host}:{opened.port}{options['path']}", flush=True)
        if opened.status_port is not None:
            print(f"rtpcodec: status at http://{host}:{opened.status_port}/readyz", flush=True)

    run_workers(configure=in_worker, on_ready=ready, **of_supervisor, **options)


def _plan(codec: str, rate: int, mode: str, option: list[str] | None, amrwb_packing: str) -> StreamPlan:
    from rtpcodec.stream.plan import StreamPlan

    return StreamPlan(
        send_codec=codec,
        send_rate_hz=rate,
        mode=mode,  # type: ignore[arg-type]  # the plan checks the value and names those that there are
        send_options=send_options(option),
        amrwb_packing=amrwb_packing,  # type: ignore[arg-type]
    )


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

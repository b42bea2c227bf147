"""The options of `rtpcodec serve` for several processes, and the function that runs one process or several."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rtpcodec.server.options import EndpointOptions
    from rtpcodec.server.workers.running import WorkersOpened

Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that share the port. SIGHUP restarts them without cutting a call."),
]
WorkerPort = Annotated[
    int | None,
    typer.Option(
        min=0, max=65535, help="Additional port of worker 1; further workers use the next ports. 0: any free."
    ),
]
StatusPort = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port of health and --metrics of all workers. 0: any free one."),
]
PlacementFile = Annotated[
    Path | None, typer.Option(help="File with which other programs choose a worker; best in /run.", dir_okay=False)
]


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """The options for several processes."""

    workers: int | None
    worker_port: int | None
    status_port: int | None
    placement_file: Path | None


@dataclass(frozen=True, slots=True)
class Log:
    """The log to standard error."""

    level: str
    as_json: bool


def run_endpoint(
    task: str,
    make_settings: Callable[[], dict[str, Any]],
    options: EndpointOptions,
    worker_options: WorkerOptions,
    log: Log,
) -> None:
    """Serve in this process, or in several workers.

    Args:
        task: the command's word for what the handler does.
        make_settings: makes the settings that cannot be sent to another process, such as the handler.
        options: the settings that all processes have.
        worker_options: the options for several processes.
        log: the log of each process.

    Raises:
        ValueError: an option needs `--workers`.
        Exception: any error of make_settings and `run`.
    """
    from rtpcodec.server import run, run_workers
    from rtpcodec.server.log_lines import logging_to

    process_settings = make_settings()
    scheme = "ws" if options["ssl"] is None else "wss"

    def ready(opened: WorkersOpened) -> None:
        host = f"[{opened.host}]" if ":" in opened.host else opened.host
        print(f"rtpcodec: {task} at {scheme}://{host}:{opened.port}{options['path']}", flush=True)
        if opened.status_port is not None:
            print(f"rtpcodec: status at http://{host}:{opened.status_port}/readyz", flush=True)

    given = asdict(worker_options)
    with logging_to(sys.stderr, log.level, as_json=log.as_json):
        if worker_options.workers is not None:
            run_workers(configure=partial(in_worker, make_settings, log), on_ready=ready, **given, **options)
            return
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"--{name.replace('_', '-')} needs --workers")
        run(
            **process_settings,
            **options,
            on_ready=lambda endpoint: print(f"rtpcodec: {task} at {endpoint.url}", flush=True),
        )


def in_worker(make_settings: Callable[[], dict[str, Any]], log: Log, _number: int) -> dict[str, Any]:
    """Set up the log of a worker process, and return its settings."""
    from rtpcodec.server.log_lines import log_to

    log_to(sys.stderr, log.level, as_json=log.as_json)
    return make_settings()

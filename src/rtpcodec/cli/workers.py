"""The options of `rtpcodec serve` for several processes, and what runs one or several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rtpcodec.server.options import EndpointOptions
    from rtpcodec.server.workers.running import WorkersOpened

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


def run_one(task: str, own: Mapping[str, Any], options: EndpointOptions, of_workers: Mapping[str, Any]) -> None:
    """Serve in this process. own: more arguments of `run`. Raises ValueError for an option that needs several."""
    from rtpcodec.server import run

    for name, value in of_workers.items():
        if value is not None:
            raise ValueError(f"--{name.replace('_', '-')} needs --workers")
    run(**own, **options, on_ready=lambda endpoint: print(f"rtpcodec: {task} at {endpoint.url}", flush=True))


def run_several(
    task: str,
    in_worker: Callable[[int], dict[str, Any]],
    options: EndpointOptions,
    workers: int,
    of_workers: Mapping[str, Any],
) -> None:
    """Serve in several processes; in_worker sets each of them up."""
    from rtpcodec.server import run_workers

    scheme = "ws" if options["ssl"] is None else "wss"

    def ready(opened: WorkersOpened) -> None:
        host = f"[{opened.host}]" if ":" in opened.host else opened.host
        print(f"rtpcodec: {task} at {scheme}://{host}:{opened.port}{options['path']}", flush=True)
        if opened.status_port is not None:
            print(f"rtpcodec: status at http://{host}:{opened.status_port}/readyz", flush=True)

    run_workers(workers=workers, configure=in_worker, on_ready=ready, **of_workers, **options)

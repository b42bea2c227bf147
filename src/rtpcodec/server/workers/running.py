"""`run_workers`: several processes behind one port, as a whole program."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Unpack

from rtpcodec.errors import EndpointError, MissingExtra
from rtpcodec.server.addresses import is_loopback
from rtpcodec.server.options import EndpointOptions, Handler, OnAudio, OnEvent
from rtpcodec.server.serving import RUN_PORT
from rtpcodec.server.workers.identity import worker_number
from rtpcodec.server.workers.sockets import bound_socket
from rtpcodec.server.workers.worker_spec import WORKER, WorkerSpec

if TYPE_CHECKING:
    from rtpcodec.server.workers.status_page import StatusPage
    from rtpcodec.server.workers.supervisor import Supervisor

MAX_PROCESSES: Final = 128
"""Limit on `workers`; the same number may drain at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersOpened:
    """The argument of `on_ready`, once all workers serve."""

    host: str
    port: int
    """The port that all workers share."""
    status_port: int | None
    """The port of the supervisor's health, readiness and metrics; None: there is none."""


def run_workers(
    handler: str | Handler | None = None,
    *,
    workers: int,
    on_audio: str | OnAudio | None = None,
    on_event: str | OnEvent | None = None,
    configure: str | Callable[[int], Mapping[str, Any]] | None = None,
    worker_port: int | None = None,
    status_port: int | None = None,
    placement_file: str | os.PathLike[str] | None = None,
    on_ready: Callable[[WorkersOpened], object] | None = None,
    **options: Unpack[EndpointOptions],
) -> None:
    """Serve with several processes behind one port, until SIGTERM or SIGINT. docs/running.md has details.

    All workers accept from one listening socket; the worker with the fewest calls gets the next one. A worker that dies
    is restarted. SIGHUP and SIGUSR2 replace all workers, one after the other, without cutting a call. The first SIGTERM
    or SIGINT drains all workers; the second one closes their calls at once. Processes are spawned, so a worker imports
    the handler by its name.

    Thread rule: call it in the main thread only.

    Args:
        handler: a function of a module, or its name, `module:name`; otherwise as for `serve`.
        workers: the number of processes that serve.
        on_audio: as `handler`; see `serve`.
        on_event: as `handler`; see `serve`.
        configure: a function of a module, or its name. It is called in each worker with the worker's number, from 1,
            before the worker opens. It may set up logging, and returns further settings that cannot be sent to another
            process.
        worker_port: an additional port per worker: worker 1 listens on this port, worker 2 on the next one, and so on;
            0: any free ports. `Endpoint.stream` needs it.
        status_port: port of `/healthz`, `/readyz` and, with metrics=, `/metrics` of all workers, on the same host; 0:
            any free port. None: no such port.
        placement_file: the file of the table of workers, for `FilePlacement` in other programs. None: only workers use
            it.
        on_ready: called in the supervisor once all workers serve.
        options: the fields of EndpointSettings, without `sock` and `reuse_port`. `max_calls` is a limit per worker, and
            {worker} in `public_url` stands for the worker's number.

    Raises:
        EndpointError: a setting is invalid, a worker does not start, or all workers died and none starts again.
    """
    _require(workers, options, status_port)
    public_url = options.get("public_url")
    if public_url is not None and WORKER not in public_url:
        raise EndpointError(f"public_url must contain {WORKER}, because it must lead to one worker")
    host, port = options.pop("host", "127.0.0.1"), options.pop("port", RUN_PORT)
    metrics = options.pop("metrics", False)
    spec = WorkerSpec(
        functions={"handler": handler, "on_audio": on_audio, "on_event": on_event},
        configure=configure,
        options=options,
        worker_port=worker_port,
    ).pickled()
    address = _Address(host, port, status_port, metrics, None if placement_file is None else Path(placement_file))
    with asyncio.Runner() as runner:
        runner.run(_supervise(spec, workers, address, on_ready))


@dataclass(frozen=True, slots=True)
class _Address:
    host: str
    port: int
    status_port: int | None
    metrics: bool | str
    placement_file: Path | None


def _require(workers: Any, options: Mapping[str, Any], status_port: int | None) -> None:
    if os.name != "posix":
        raise EndpointError("workers need a POSIX system; use run instead")
    if worker_number() is not None:
        raise EndpointError(
            "run_workers was called while a worker imports its module: call it below `if __name__ == '__main__':`"
        )
    if threading.current_thread() is not threading.main_thread():
        raise EndpointError("run_workers needs the main thread for its signals")
    if not isinstance(workers, int) or not 1 <= workers <= MAX_PROCESSES:
        raise EndpointError(f"workers is {workers!r}, a whole number from 1 to {MAX_PROCESSES} is needed")
    for name in ("sock", "reuse_port"):
        if options.get(name):
            raise EndpointError(f"{name} is given, but the workers share the socket that run_workers opens")
    metrics = options.get("metrics", False)
    if not isinstance(metrics, bool | str) or metrics == "":
        raise EndpointError("metrics must be True, False or a non-empty string, its bearer token")
    if metrics and status_port is None:
        raise EndpointError("metrics of all workers are served on the supervisor's port: pass status_port")
    host = options.get("host", "127.0.0.1")
    if metrics is True and not is_loopback(host):
        raise EndpointError(
            f"host {host!r} can be reached from other machines, and so can /metrics: pass metrics=TOKEN, or listen on "
            "127.0.0.1"
        )


async def _supervise(
    spec: bytes, workers: int, address: _Address, on_ready: Callable[[WorkersOpened], object] | None
) -> None:
    from rtpcodec.server.workers.supervisor import Supervisor  # noqa: PLC0415 -- needs POSIX
    from rtpcodec.server.workers.worker_table import new_table  # noqa: PLC0415 -- needs POSIX

    listener = bound_socket(address.host, address.port, listening=True)
    table = new_table(address.placement_file)
    supervisor = Supervisor(spec, workers, listener, table)
    page: StatusPage | None = None
    loop = asyncio.get_running_loop()
    signals = {
        signal.SIGTERM: supervisor.stop,
        signal.SIGINT: supervisor.stop,
        signal.SIGHUP: supervisor.restart,
        signal.SIGUSR2: supervisor.restart,
    }
    for number, act in signals.items():
        loop.add_signal_handler(number, act)
    try:
        if address.status_port is not None:
            page, status_port = await _opened_page(supervisor, address)
        else:
            status_port = None
        if await _all_serve(supervisor) and on_ready is not None:
            on_ready(WorkersOpened(host=address.host, port=listener.getsockname()[1], status_port=status_port))
        await supervisor.over()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        await supervisor.close()
        if page is not None:
            await page.close()
        listener.close()
        table.close()


async def _all_serve(supervisor: Supervisor) -> bool:
    """Start all workers. Returns whether they serve; False: a signal came first. Raises WorkerFailed."""
    opening, over = asyncio.create_task(supervisor.open()), asyncio.create_task(supervisor.over())
    try:
        await asyncio.wait((opening, over), return_when=asyncio.FIRST_COMPLETED)
        if opening.done() and not supervisor.stopping:
            opening.result()
            return True
        return False
    finally:
        for task in (opening, over):
            task.cancel()
        await asyncio.gather(opening, over, return_exceptions=True)


async def _opened_page(supervisor: Supervisor, address: _Address) -> tuple[StatusPage, int]:
    try:
        from rtpcodec.server.workers.status_page import StatusPage  # noqa: PLC0415 -- needs prometheus_client
    except ImportError as error:
        raise MissingExtra("status_port", "prometheus_client", "server") from error
    page = StatusPage(supervisor, address.metrics)
    return page, await page.open(address.host, address.status_port or 0)

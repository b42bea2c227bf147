"""A worker process: an endpoint that shares its listening socket with other workers, under a supervisor."""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rtpcodec.errors import RtpcodecError
from rtpcodec.pickling import Live
from rtpcodec.server.call_log import logger
from rtpcodec.server.draining import RUN_DRAIN_S, VARIABLES, override, supervisor_grace_s
from rtpcodec.server.serving import run
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.workers.channel import WorkerChannel
from rtpcodec.server.workers.identity import become_worker
from rtpcodec.server.workers.sockets import EVERYWHERE, bound_socket
from rtpcodec.server.workers.turns import ARRIVALS_S, Turns
from rtpcodec.server.workers.worker_spec import WorkerSpec
from rtpcodec.server.workers.worker_table import BEAT_PERIOD_S, WorkerTable

if TYPE_CHECKING:
    from rtpcodec.server.endpoint import Endpoint


class Worker(Live):
    """The endpoint of this process under its supervisor."""

    def __init__(self, channel: WorkerChannel, table: WorkerTable, number: int, own: socket.socket | None) -> None:
        """Make a worker.

        Args:
            channel: the channel to the supervisor.
            table: the table of all workers.
            number: its number.
            own: the bound socket of its own address; None: it has none.
        """
        self._channel = channel
        self._table = table
        self._number = number
        self._own = own
        self._endpoint: Endpoint | None = None
        self._turns: Turns | None = None
        self._leaves_s: float | None = None
        self._has_drained = False
        self._leaving_port: asyncio.Task[None] | None = None

    def opened(self, endpoint: Endpoint, settings: EndpointSettings) -> None:
        """Begin the work of an endpoint that has opened."""
        self._endpoint = endpoint
        self._turns = turns = Turns(self._table, self._number, lambda: endpoint.load(str(self._number), ""))
        endpoint.share(turns, self._own)
        turns.write()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel.fileno(), self._read)
        # systemd sends SIGTERM to all processes of a service, in addition to the supervisor's message. This second
        # request must not close the calls, as it would in `run`.
        loop.add_signal_handler(signal.SIGTERM, self._drain)
        self._beat()
        self._channel.send(ready={"grace_s": supervisor_grace_s(settings.drain_s, settings.handler_grace_s)})

    def ended(self) -> None:
        """Send the final figures, which the supervisor keeps."""
        self._send_statistics()

    def _read(self) -> None:
        try:
            for message in self._channel.received():
                self._do(message["do"])
        except EOFError:
            asyncio.get_running_loop().remove_reader(self._channel.fileno())
            logger.error("the supervisor has ended: worker %d lets its calls end", self._number)
            if self._endpoint is not None:  # the next supervisor needs the port before the calls have ended
                self._leaving_port = asyncio.create_task(self._endpoint.leave_port())
            self._drain()

    def _do(self, what: str) -> None:
        if what == "statistics":
            self._send_statistics()
        elif what == "leave":
            self._leave()
        elif what == "drain":
            self._drain()
        else:
            self._drain()
            _signal_run()

    def _drain(self) -> None:
        """Drain as `run` does. A second call does nothing."""
        if not self._has_drained:
            self._has_drained = True
            _signal_run()

    def _leave(self) -> None:
        """Accept no more from the shared socket, and drain once expected calls have arrived."""
        if self._turns is not None and self._leaves_s is None:
            self._leaves_s = time.monotonic() + ARRIVALS_S
            self._turns.drain()

    def _beat(self) -> None:
        if self._endpoint is None or self._turns is None:
            return
        load = self._turns.write()
        if load.draining:
            self._channel.send(draining=True)
        elif self._leaves_s is not None and (not self._is_awaited() or time.monotonic() >= self._leaves_s):
            self._drain()
        asyncio.get_running_loop().call_later(BEAT_PERIOD_S, self._beat)

    def _is_awaited(self) -> bool:
        return bool(self._endpoint and self._endpoint.awaited) or self._table.awaited(self._number) > 0

    def _send_statistics(self) -> None:
        if self._endpoint is not None:
            self._channel.send(statistics=asdict(self._endpoint.statistics()), cpu_s=time.process_time())


def main(descriptor: int) -> int:
    """Run the worker whose supervisor has the other end of this socket. Returns the exit code of the process."""
    channel = WorkerChannel(socket.socket(fileno=descriptor))
    try:
        first, spec = channel.spec()
    except EOFError:
        return 1
    _become(first)
    try:
        worker, options = _prepared(channel, first, spec)
        options.setdefault("drain_s", RUN_DRAIN_S)
        override(options, *VARIABLES)
        settings = EndpointSettings(**options)
        run(**options, on_ready=lambda endpoint: worker.opened(endpoint, settings))
    except Exception as error:
        channel.send(failed=in_words(error))
        if not isinstance(error, RtpcodecError):
            traceback.print_exc()
        return 1
    worker.ended()
    return 0


def _signal_run() -> None:
    """Make `run` drain; the second time, close at once. Workers have no terminal, so SIGINT has no other sender."""
    os.kill(os.getpid(), signal.SIGINT)


def _become(first: Mapping[str, Any]) -> None:
    """Become the worker of the first message, with the import path of the supervisor."""
    become_worker(first["number"])
    sys.path[:] = first["path"]
    # The variable was set to find this package. Programs that a handler starts get the user's value.
    os.environ.pop("PYTHONPATH", None)
    if first["pythonpath"] is not None:
        os.environ["PYTHONPATH"] = first["pythonpath"]


def _prepared(channel: WorkerChannel, first: Mapping[str, Any], pickled: bytes) -> tuple[Worker, dict[str, Any]]:
    """Return the worker, and the keyword arguments of `run`. Raises EndpointError, and any error of `configure`."""
    number: int = first["number"]
    spec: WorkerSpec = pickle.loads(pickled)  # noqa: S301 -- from the supervisor
    listener = socket.socket(fileno=first["listener"])
    options = spec.settings_of(number)
    own = None
    host, port = listener.getsockname()[:2]
    if spec.worker_port is not None:
        own = bound_socket(host, spec.worker_port and spec.worker_port + number - 1)
        port = own.getsockname()[1]
    url = options.get("public_url")
    if url is None:
        scheme = "ws" if options.get("ssl") is None else "wss"
        name = f"[{host}]" if ":" in host else host
        url = f"{scheme}://{name}:{port}{options.get('path') or '/'}"
        if own is not None and host not in EVERYWHERE:
            options["public_url"] = url
    table = WorkerTable(first["table"])
    table.begin(number, url)
    return Worker(channel, table, number, own), options | {"sock": listener}


def in_words(error: Exception) -> str:
    """Return an error as a sentence for the supervisor."""
    return str(error) if isinstance(error, RtpcodecError) else f"{type(error).__name__}: {error}"

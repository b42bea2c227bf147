"""The supervisor's own port: its health, its readiness, and the figures of all workers for Prometheus."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final, cast

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rtpcodec.errors import EndpointError
from rtpcodec.pickling import Live
from rtpcodec.server.access import Answer, bears
from rtpcodec.server.addresses import HEALTH_PATH, METRICS_PATH, READY_PATH
from rtpcodec.server.metrics import families
from rtpcodec.server.workers.supervisor import Supervisor

REQUEST_TIMEOUT_S: Final = 5.0
"""From accepting a connection to the end of its request's headers."""
MAX_HEAD_OCTETS: Final = 16 * 1024
MAX_CONNECTIONS: Final = 32
"""Connections at the same time; more are closed at once. A scrape and two probes need three."""


class StatusPage(Live):
    """The HTTP server of a supervisor."""

    def __init__(self, supervisor: Supervisor, metrics: bool | str) -> None:
        """Make the page.

        Args:
            supervisor: the supervisor that it reports about.
            metrics: whether it has `/metrics`; a string: only with this bearer token.
        """
        self._supervisor = supervisor
        self._metrics = metrics
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def open(self, host: str, port: int) -> int:
        """Listen, and return the port. Raises EndpointError if the address is not available."""
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=MAX_HEAD_OCTETS)
        except OSError as error:
            raise EndpointError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """Stop listening, and cut the connections."""
        if self._server is not None:
            self._server.close()
            for writer in self._open.values():
                writer.transport.abort()
            await asyncio.gather(*self._open)
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())  # asyncio makes one per connection
        self._open[task] = writer
        try:
            if len(self._open) <= MAX_CONNECTIONS:
                with suppress(TimeoutError, OSError, EOFError, asyncio.LimitOverrunError):
                    async with asyncio.timeout(REQUEST_TIMEOUT_S):
                        head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(_response(await self._answer(head.decode("latin-1"))))
        finally:
            del self._open[task]
            writer.close()

    async def _answer(self, head: str) -> Answer:
        first, *rest = head.split("\r\n")
        method, _, rest_of_first = first.partition(" ")
        path = rest_of_first.partition(" ")[0].partition("?")[0]
        if method != "GET":
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET is answered")
        if path == HEALTH_PATH:
            return _status(is_fine=True, word="ok")
        if path == READY_PATH:
            return self._readiness()
        if path != METRICS_PATH or not self._metrics:
            return Answer(HTTPStatus.NOT_FOUND, b"no such path")
        pairs = (line.partition(":") for line in rest)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if isinstance(self._metrics, str) and not bears(headers, self._metrics):
            return Answer(HTTPStatus.UNAUTHORIZED, b"not authorized")
        registry = CollectorRegistry()
        registry.register(_ReadMetrics([*families(await self._supervisor.statistics()), *self._families()]))
        return Answer(HTTPStatus.OK, generate_latest(registry), CONTENT_TYPE_LATEST)

    def _readiness(self) -> Answer:
        found = self._supervisor
        if found.stopping:
            return _status(is_fine=False, word="draining")
        if not found.serving:
            return _status(is_fine=False, word="starting")
        return _status(is_fine=found.has_room, word="ok" if found.has_room else "full")

    def _families(self) -> Iterator[Metric]:
        found = self._supervisor
        states = GaugeMetricFamily("rtpcodec_workers", "Worker processes.", labels=["state"])
        draining = sum(worker.draining.is_set() for worker in found.workers)
        states.add_metric(["serving"], found.serving)
        states.add_metric(["draining"], draining)
        states.add_metric(["starting"], len(found.workers) - draining - found.serving)
        yield states
        yield CounterMetricFamily("rtpcodec_workers_died", "Workers that ended unexpectedly.", value=found.died)
        calls = GaugeMetricFamily("rtpcodec_worker_calls", "Calls of one worker.", labels=["worker"])
        lag = GaugeMetricFamily(
            "rtpcodec_worker_event_loop_lag_max_seconds", "Lateness of one worker's event loop.", labels=["worker"]
        )
        cpu = CounterMetricFamily("rtpcodec_worker_cpu_seconds", "CPU time of one worker.", labels=["worker"])
        for worker in found.workers:
            if worker.statistics is not None:
                _add(calls, worker.number, worker.statistics, "calls_running", 1)
                _add(lag, worker.number, worker.statistics, "loop_lag_max_ms", 0.001)
                cpu.add_metric([str(worker.number)], worker.cpu_s)
        yield from (calls, lag, cpu)


class _ReadMetrics(Collector):
    """Metric families that were already read."""

    def __init__(self, given: list[Metric]) -> None:
        self._given = given

    def collect(self) -> list[Metric]:
        return self._given


def _add(family: GaugeMetricFamily, number: int, figures: Mapping[str, object], name: str, factor: float) -> None:
    value = figures[name]
    if isinstance(value, int | float):
        family.add_metric([str(number)], value * factor)


def _status(*, is_fine: bool, word: str) -> Answer:
    status = HTTPStatus.OK if is_fine else HTTPStatus.SERVICE_UNAVAILABLE
    return Answer(status, json.dumps({"status": word}).encode(), "application/json")


def _response(answer: Answer) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\nContent-Type: {answer.content_type}\r\n"
        f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + answer.body

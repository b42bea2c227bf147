"""The figures of an endpoint for Prometheus: a collector that reads them at each scrape, and the page `/metrics`.

Names follow Prometheus' rules: base units, `_total` for counters. No label names a call: the number of time series is
the same for one call and for a million.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from itertools import accumulate
from math import inf
from typing import Final, Protocol

from rtpcodec.errors import MissingExtra
from rtpcodec.pickling import Live
from rtpcodec.server.access import Answer
from rtpcodec.server.endpoint_statistics import EndpointStatistics
from rtpcodec.stream.listening.turn_times import LATENCY_BOUNDS_MS

try:
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
    from prometheus_client.registry import Collector
except ImportError as error:
    raise MissingExtra("metrics", "prometheus_client", "server") from error

__all__ = ["EndpointCollector", "MetricsPage"]

_MS: Final = 0.001

_GAUGES: Final = (
    ("calls", "calls_running", 1, "Calls whose socket is open or whose handler has not ended."),
    ("held_bytes", "held_octets", 1, "Memory that waiting events of all calls hold."),
    ("half_open_sockets", "sockets_half_open", 1, "Sockets that have not become calls."),
    ("refusals_waiting", "refusals_waiting", 1, "Answers with 401 that are delayed."),
    ("handlers_hung", "handlers_hung", 1, "Handlers that still run although they were cancelled."),
    ("event_loop_lag_seconds", "loop_lag_ms", _MS, "Lateness of the event loop at the latest measurement."),
    ("event_loop_lag_max_seconds", "loop_lag_max_ms", _MS, "The largest of the last minute."),
    ("event_loop_lag_p99_seconds", "loop_lag_p99_ms", _MS, "What 1 % of the last minute's measurements exceed."),
    ("jitter_max_seconds", "jitter_max_ms", _MS, "The largest interarrival jitter of the running calls."),
    ("round_trip_max_seconds", "round_trip_max_ms", _MS, "The largest round trip of the running calls."),
    ("file_descriptors_open", "descriptors_open", 1, "File descriptors that the process has open."),
    ("file_descriptors_limit", "descriptors_limit", 1, "File descriptors that the process may open."),
)
"""Name, attribute of EndpointStatistics, factor, help."""
_COUNTERS: Final = (
    ("calls_accepted", "calls_taken", 1, "Sockets that became calls."),
    ("calls_refused", "calls_refused", 1, "Refused requests."),
    ("calls_failed", "calls_failed", 1, "Calls that an error ended."),
    ("requests_unauthorized", "requests_unauthorized", 1, "Requests that were answered with 401."),
    ("origins_refused", "origins_refused", 1, "Requests of web pages whose origin is not allowed."),
    ("messages_received", "messages_received", 1, "Messages of carriers."),
    ("messages_sent", "messages_sent", 1, "Messages to carriers."),
    ("protocol_errors", "protocol_errors", 1, "Messages and frames that broke a rule."),
    (
        "dropped_audio_seconds",
        "dropped_audio_ms",
        _MS,
        "Received audio that was dropped because readers were too slow.",
    ),
    ("dropped_events", "dropped_events", 1, "Received events that were dropped because readers were too slow."),
    ("slow_turns", "slow_turns", 1, "Times that one call held the event loop too long."),
    ("hang_ups", "hang_ups", 1, "Phone calls that our command has hung up."),
    ("transfers_bridged", "transfers_bridged", 1, "Transfers that connected two people."),
    ("transfers_busy", "transfers_busy", 1, "Transfers to a phone that was busy."),
    ("transfers_no_answer", "transfers_no_answer", 1, "Transfers that nobody answered."),
    ("transfers_failed", "transfers_failed", 1, "Transfers that failed in another way."),
)
_MEDIA: Final = (
    ("stream_seconds", "duration_ms", _MS, "Time of all streams together."),
    ("audio_chunks_received", "media_received", 1, "Chunks of audio from carriers."),
    ("audio_chunks_sent", "media_sent", 1, "Chunks of audio to carriers."),
    ("payload_received_bytes", "octets_received", 1, "Payload of the chunks from carriers."),
    ("payload_sent_bytes", "octets_sent", 1, "Payload of the chunks to carriers."),
    ("audio_chunks_lost", "lost_chunks", 1, "Chunks that did not arrive although later ones did."),
    ("audio_chunks_late", "late_chunks", 1, "Chunks that arrived after they were counted as lost."),
    ("audio_chunks_duplicate", "duplicate_chunks", 1, "Chunks that arrived twice."),
    ("audio_chunks_misfit", "misfit_payloads", 1, "Chunks that were not valid in their codec."),
    ("lost_audio_seconds", "lost_ms", _MS, "Time of lost chunks."),
    ("concealed_audio_seconds", "concealed_ms", _MS, "Audio that was generated for lost chunks."),
    ("carrier_pauses", "carrier_pauses", 1, "Times that a carrier sent nothing: hold, mute, DTX."),
    ("carrier_paused_seconds", "carrier_paused_ms", _MS, "Time of these pauses."),
    ("carrier_dropped_audio_seconds", "carrier_dropped_ms", _MS, "Audio that carriers dropped after a stall."),
    ("receive_stalls", "stalls", 1, "Times that a socket was silent while audio was expected."),
    ("send_stalls", "send_stalls", 1, "Times that audio was sent late because the event loop was held."),
    ("send_dropped_audio_seconds", "send_dropped_ms", _MS, "Audio that was dropped because the queue was full."),
    ("interruptions", "interruptions", 1, "Interruptions that dropped audio."),
    ("playback_pauses", "pauses", 1, "Pauses of the playback."),
    ("playback_paused_seconds", "paused_ms", _MS, "Time of these pauses."),
    ("disconnects", "disconnects", 1, "WebSockets that were lost, or closed without a stop."),
    ("reconnections", "reconnections", 1, "WebSockets that continued a stream after a loss."),
    ("disconnected_seconds", "disconnected_ms", _MS, "Time of streams without a WebSocket."),
)
"""The same for MediaTotals."""


class StatisticsSource(Protocol):
    """The part of an Endpoint that a collector uses."""

    def statistics_threadsafe(self) -> EndpointStatistics:
        """Return all counters, in any thread."""


class EndpointCollector(Live, Collector):
    """The figures of one endpoint for Prometheus, read at each scrape.

    Register it: `REGISTRY.register(EndpointCollector(endpoint))`.

    The registry may be scraped in another thread: the figures are read in the event loop's thread, which must not wait
    for the scrape meanwhile. A registry can hold one collector.
    """

    def __init__(self, endpoint: StatisticsSource) -> None:
        """Make the collector of an endpoint."""
        self._endpoint = endpoint

    def describe(self) -> Iterator[Metric]:
        """Return the metrics without values, so that registering reads nothing."""
        for name, _, _, text in _GAUGES:
            yield GaugeMetricFamily(f"rtpcodec_{name}", text)
        for name, _, _, text in (*_COUNTERS, *_MEDIA):
            yield CounterMetricFamily(f"rtpcodec_{name}", text)
        yield HistogramMetricFamily("rtpcodec_turn_latency_seconds", _TURNS_HELP)

    def collect(self) -> Iterator[Metric]:
        """Return all metrics. Raises EndpointError if the event loop does not answer within 5 s."""
        return families(self._endpoint.statistics_threadsafe())


def families(found: EndpointStatistics) -> Iterator[Metric]:
    """Return the figures as metric families; unknown gauges are left out."""
    for name, attribute, factor, text in _GAUGES:
        value = getattr(found, attribute)
        if value is not None:
            yield GaugeMetricFamily(f"rtpcodec_{name}", text, value=value * factor)
    for source, rows in ((found, _COUNTERS), (found.media, _MEDIA)):
        for name, attribute, factor, text in rows:
            yield CounterMetricFamily(f"rtpcodec_{name}", text, value=getattr(source, attribute) * factor)
    bounds = [*(bound_ms * _MS for bound_ms in LATENCY_BOUNDS_MS), inf]
    counts = accumulate(found.media.turn_histogram)
    yield HistogramMetricFamily(
        "rtpcodec_turn_latency_seconds",
        _TURNS_HELP,
        buckets=[
            ("+Inf" if bound == inf else f"{bound:g}", count) for bound, count in zip(bounds, counts, strict=True)
        ],
        sum_value=found.media.turn_latency_ms * _MS,
    )


_TURNS_HELP: Final = "Time from the end of the caller's speech to our first audio at the carrier."


class MetricsPage:
    """The answer of `/metrics`: the figures of one endpoint, and nothing else of the process."""

    def __init__(self, endpoint: StatisticsSource) -> None:
        """Make the page of an endpoint."""
        self._registry = CollectorRegistry()
        self._registry.register(EndpointCollector(endpoint))

    def answer(self) -> Answer:
        """Return the answer to a scrape."""
        return Answer(HTTPStatus.OK, generate_latest(self._registry), CONTENT_TYPE_LATEST, refused=False)

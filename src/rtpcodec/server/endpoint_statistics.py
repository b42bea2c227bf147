"""Counters of an endpoint, and EndpointStatistics, which `Endpoint.statistics` returns."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, fields, replace
from operator import add
from typing import Any, Final

from rtpcodec.pickling import Value
from rtpcodec.server.phone_totals import PhoneTotals
from rtpcodec.server.readers.hub import ReaderHub
from rtpcodec.stream.counter_sums import NO_SUMS, StreamSums
from rtpcodec.stream.listening.turn_times import NO_TURNS
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.statistics import Statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStatistics:
    """Counters of an endpoint since it was opened, and its state at this moment."""

    calls_running: int
    """Calls whose socket is open or whose handler has not ended."""
    calls_taken: int
    """Accepted calls: sockets that were opened."""
    calls_refused: int
    """Refused requests. Health checks do not count."""
    calls_failed: int
    """Calls that an error ended: of the handler, malformed messages, silence, or a missing start."""
    messages_received: int
    messages_sent: int
    dropped_audio_ms: float
    """Audio that was dropped because readers were too slow, of all readers: `Call.audio` and `Call.events`."""
    dropped_events: int
    """Events that were dropped for the same reason, or because all calls held too many octets; chunks of audio
    included."""
    held_octets: int
    """Octets of `max_held_octets` that calls hold now."""
    requests_unauthorized: int
    """Requests that were answered with 401; they are among calls_refused."""
    refusals_waiting: int
    """Answers with 401 that are delayed at this moment."""
    origins_refused: int
    """Requests of web pages that were answered with 403; they are among calls_refused."""
    sockets_half_open: int | None
    """Sockets now before their request, or refused and not ended yet; None: the server does not count them."""
    protocol_errors: int
    """Messages and frames that broke a rule, of all calls: the events `Malformed`."""
    handlers_hung: int
    """Handlers that still run 1 s or longer after they were cancelled, at this moment."""
    slow_turns: int
    """Times that one call held the event loop longer than `slow_turn_ms`."""
    hang_ups: int
    """Hang-ups by our commands that the carrier has accepted."""
    transfers_bridged: int
    """Transfers by their result, as `TransferResult.outcome`; those that run do not count yet."""
    transfers_busy: int
    transfers_no_answer: int
    transfers_failed: int
    loop_lag_ms: float | None
    """How late the event loop was at the latest measurement; None: `lag_period_s` is None. On the virtual clock 0."""
    loop_lag_max_ms: float | None
    """The largest of the last minute."""
    loop_lag_p99_ms: float | None
    """The value that 1 % of the measurements of the last minute exceed. While it stays above `max_lag_ms`, calls are
    refused."""
    descriptors_open: int | None
    """File descriptors that the process has open; None: the system does not list them."""
    descriptors_limit: int | None
    """File descriptors that the process may open; None: without limit."""
    jitter_max_ms: float | None
    """The largest jitter of the running calls; None: none of them has one."""
    round_trip_max_ms: float | None
    """The largest round trip of the running calls; None: none of them has one."""
    media: MediaTotals
    """Sums over all calls, those that have ended included."""


@dataclass(slots=True)
class MediaTotals(Value):
    """Sums of the calls of an endpoint; the names are those of `Statistics`, which says what they mean."""

    media_received: int = 0
    media_sent: int = 0
    octets_received: int = 0
    octets_sent: int = 0
    lost_chunks: int = 0
    late_chunks: int = 0
    duplicate_chunks: int = 0
    misfit_payloads: int = 0
    lost_ms: float = 0.0
    concealed_ms: float = 0.0
    carrier_pauses: int = 0
    carrier_paused_ms: float = 0.0
    carrier_dropped_ms: float = 0.0
    stalls: int = 0
    send_stalls: int = 0
    send_dropped_ms: float = 0.0
    interruptions: int = 0
    pauses: int = 0
    paused_ms: float = 0.0
    disconnects: int = 0
    reconnections: int = 0
    disconnected_ms: float = 0.0
    duration_ms: float = 0.0
    turns: int = 0
    turn_latency_ms: float = 0.0
    """The sum of the latencies of all turns."""
    turn_histogram: tuple[int, ...] = NO_TURNS.histogram
    """Turns by their latency, as `TurnTimes.histogram`."""

    def add(self, stream: Statistics) -> None:
        """Add the counters of a call."""
        for name in _SUMMED:
            setattr(self, name, getattr(self, name) + getattr(stream, name))
        turns = stream.turns
        if turns is not None:
            self.turns += turns.count
            self.turn_latency_ms += turns.total_ms
            self.turn_histogram = tuple(map(add, self.turn_histogram, turns.histogram))


_SUMMED: Final = tuple(one.name for one in fields(MediaTotals) if not one.name.startswith("turn"))
"""The counters that a call and an endpoint have in common."""


class EndpointTotals:
    """The counters of an endpoint: of ended calls and requests, and sums over calls."""

    __slots__ = (
        "_histogram",
        "_sums",
        "_turn_ms",
        "_turns",
        "dropped_events",
        "dropped_ms",
        "failed",
        "phone",
        "refused",
        "slow_turns",
        "taken",
    )

    def __init__(self) -> None:
        self.taken = self.refused = self.failed = 0
        self.slow_turns = self.dropped_events = 0
        self.dropped_ms = 0.0
        self.phone = PhoneTotals()
        self._sums: Iterable[float] = NO_SUMS
        self._turns, self._turn_ms, self._histogram = 0, 0.0, NO_TURNS.histogram

    def copy(self) -> EndpointTotals:
        """Return a copy, to which counters of calls may be added."""
        other = copy(self)
        other.phone = replace(self.phone)
        return other

    def add(self, session: MediaSession, readers: ReaderHub, phone: PhoneTotals, now_ms: float) -> None:
        """Add the counters of a call so far.

        Args:
            session: its session.
            readers: its readers.
            phone: the counts of our hang-ups and transfers.
            now_ms: the time of the session.
        """
        self._sums = list(map(add, self._sums, session.sums(now_ms)))
        turns = session.turn_times
        if turns is not None:
            self._turns += turns.count
            self._turn_ms += turns.total_ms
            self._histogram = tuple(map(add, self._histogram, turns.histogram))
        self.dropped_ms += readers.dropped_ms
        self.dropped_events += readers.dropped_events
        self.phone.add(phone)

    @property
    def sums(self) -> StreamSums:
        """The sums over all calls."""
        return StreamSums._make(self._sums)

    @property
    def media(self) -> MediaTotals:
        """The sums as a value, with the turns."""
        sums = self.sums._asdict()
        media: dict[str, Any] = {name: sums[name] for name in _SUMMED}
        return MediaTotals(**media, turns=self._turns, turn_latency_ms=self._turn_ms, turn_histogram=self._histogram)

"""The send gate: stops sending while the far end does not read. Audio that waits in buffers would outlive a clear."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from rtpcodec.pickling import Live
from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.speaking._states import SendGateState
from rtpcodec.stream.stalling import StallWatch

UNACKNOWLEDGED_MS: Final = 250.0
"""Unacknowledged audio to allow beyond the lead. A clear waits behind no more than this."""
PING_MS: Final = 250.0
"""Audio between two pings. A pong proves that all audio before its ping was read."""
INBOUND_SILENCE_MS: Final = 200.0
"""A carrier that has sent nothing for this long proves nothing by a missing pong: the return path may stall."""
POLL_MS: Final = 20.0
"""How often a closed gate is checked; a pong opens it at once."""
IDLE_PING_MS: Final = 5000.0
"""Time between two pings while MAX_PINGS are unanswered."""
MAX_PINGS: Final = 32
"""Unanswered pings to keep: 8 s of audio."""

WIRE_OCTETS: Final = 40.0
"""Overhead of each text, at most: TLS 29 (1.2 with AES-GCM, RFC 5246 section 6.2.3, RFC 5288 section 3), frame 10."""
OTHER_OCTETS_PER_MS: Final = 0.5
"""Overhead of our pings and own marks: 125 octets per 250 ms of audio."""
OTHER_MS: Final = 10.0
"""Audio as long as a clear with its fence, or as a mark at the end of the sent audio."""


class GateSink(Protocol):
    """Receives all acknowledgements of the far end, so that a replay can repeat them. It must not block."""

    def pinged(self, now_ms: float) -> None:
        """Record a ping."""

    def ponged(self, payload: bytes, now_ms: float) -> None:
        """Record a pong."""

    def backlog_read(self, octets: int | None) -> None:
        """Record the octets that are not acknowledged at this moment; None: unknown."""


@dataclass(slots=True)
class _Closing:
    """The state when the gate closed."""

    at_ms: float
    arrived: int  # position of the audio that had arrived
    slowest_ms: float | None = None  # the longest round trip since


class SendGate(SendGateState, Live):
    """Counts the audio that the far end has not acknowledged. Positions are sent positions, in samples."""

    __slots__ = ("_closing", "_pings", "inbound")

    def __init__(self, rate_hz: int, lead_ms: float | None) -> None:
        """Make an open gate.

        Args:
            rate_hz: of positions.
            lead_ms: audio to hold at the carrier; None: the gate never closes.
        """
        self._rate_hz = rate_hz
        self._limit_ms = None if lead_ms is None else lead_ms + UNACKNOWLEDGED_MS
        self._acknowledged = 0
        self._closing: _Closing | None = None
        self.was_closed = False
        """Whether the gate was closed at the previous check."""
        self._pings: deque[tuple[bytes, int, float]] = NO_ITEMS  # payload, position and time of unanswered ones
        self.pongs = 0
        """The number of pongs. Without pongs and a backlog nothing shows what arrives, so the gate stays open."""
        self._message_ms = 1.0
        self._ms_per_octet = 0.0
        self._unread_octets = inf
        """Upper bound of the unacknowledged octets: the backlog at the last check and everything sent since. Infinity:
        never checked. Minus infinity: the system does not report it, so it is not checked again on this connection."""
        self.backlog: Callable[[], int | None] | None = None
        """Reads how many of our octets the other side has not acknowledged; None: not available."""
        self.actions: GateSink | None = None
        """The recorder of acknowledgements; None: no capture runs."""
        self.inbound: StallWatch | None = None
        """Knows when the last message of the carrier arrived."""
        self.look_ms = float("-inf")
        """When a closed gate is checked next; minus infinity: it is open."""

    def open(self, position: int, round_trip_ms: float | None, now_ms: float) -> bool:
        """Return whether audio may be sent.

        Args:
            position: of the last audio that was sent.
            round_trip_ms: as measured; audio of this length is in transit in any case. None: unknown.
            now_ms: the time.
        """
        # 1. The limit: the lead, and what is in transit.
        limit_ms = self._limit_ms
        if limit_ms is None:
            return True
        if round_trip_ms is not None and round_trip_ms > UNACKNOWLEDGED_MS:
            limit_ms += round_trip_ms - UNACKNOWLEDGED_MS
        # 2. Does more lie in buffers here and in the network, if the system reports it?
        octets = self.backlog() if self.backlog is not None else None
        self._unread_octets = -inf if octets is None else octets
        if self.actions is not None:
            self.actions.backlog_read(octets)
        closed = octets is not None and octets * self._ms_per_octet > limit_ms
        arrived = position - int(octets * self._ms_per_octet * self._rate_hz / 1000) if closed and octets else 0
        # 3. Has the other side not read more than that, by its pongs?
        if not closed and self.pongs and self._carrier_sends(now_ms):
            closed = (position - self._acknowledged) * 1000 > limit_ms * self._rate_hz
        # 4. Keep what had arrived when it closes, for `reopen`.
        if closed and not self.was_closed:
            self.was_closed = True
            self._closing = _Closing(now_ms, max(self._acknowledged, arrived))
        self.look_ms = now_ms + POLL_MS if closed else float("-inf")
        return not closed

    def reopen(self, round_trip_ms: float, now_ms: float) -> int | None:
        """Open the gate.

        Args:
            round_trip_ms: the least that was measured.
            now_ms: the time.

        Returns:
            The position of the audio that had arrived when the gate closed. None: pongs were late by less than the
            lead, so the far end had audio all the time.
        """
        self.was_closed = False
        closing = self._closing
        if closing is None:
            return None
        if closing.slowest_ms is None:
            stalled = now_ms - closing.at_ms > UNACKNOWLEDGED_MS
        else:
            stalled = closing.slowest_ms - round_trip_ms > (self._limit_ms or 0.0) - UNACKNOWLEDGED_MS
        return closing.arrived if stalled else None

    def arrived(self, position: int) -> int:
        """Return the sent position up to which audio may have arrived, by acknowledgements.

        The wire carries more octets than the texts: frames, TLS, and marks and pings between them.

        Args:
            position: of the last audio.
        """
        octets = self.backlog() if self.backlog is not None else None
        if self.actions is not None:
            self.actions.backlog_read(octets)
        if octets is not None:
            text_octets = self._message_ms / self._ms_per_octet if self._ms_per_octet else 0.0
            other_octets = WIRE_OCTETS + OTHER_OCTETS_PER_MS * self._message_ms
            unread_ms = octets * self._message_ms / (text_octets + other_octets) - OTHER_MS
            return max(self._acknowledged, position - max(0, int(unread_ms * self._rate_hz / 1000)))
        return position if self._closing is None or not self.was_closed else self._closing.arrived

    def connection_lost(self, position: int) -> None:
        """Restart behind a position, for another connection."""
        self._acknowledged = position
        self._closing = None
        self.was_closed = False
        self._pinged.position = position - int(PING_MS * self._rate_hz / 1000)
        self._pings = NO_ITEMS
        self.pongs = 0
        self.backlog = None
        self._unread_octets = inf
        self.look_ms = float("-inf")

    def _carrier_sends(self, now_ms: float) -> bool:
        return self.inbound is not None and now_ms - self.inbound.last_received_ms < INBOUND_SILENCE_MS

    def sent(self, octets: int, duration_ms: float) -> None:
        """Record a message of audio, and how long one octet of it plays."""
        self._unread_octets += octets + WIRE_OCTETS
        self._message_ms = duration_ms
        self._ms_per_octet = duration_ms / octets

    def wrote(self, octets: int) -> None:
        """Record any other frame of this many octets. It may wait in buffers as well."""
        self._unread_octets += octets + WIRE_OCTETS

    def acknowledged(self, position: int) -> None:
        """Record that everything up to a position has been read."""
        self._acknowledged = max(self._acknowledged, position)

    def ping(self, position: int, now_ms: float) -> bytes | None:
        """Return the payload of a ping that is due behind this position; None: none is due."""
        if not self.ping_due(position):
            return None
        if len(self._pings) >= MAX_PINGS and now_ms - self._pings[-1][2] < IDLE_PING_MS:
            return None  # this peer does not answer pings, or nothing passes
        if self._pings is NO_ITEMS:
            self._pings = deque(maxlen=MAX_PINGS)
        self._pinged.number += 1
        self._pinged.position = position
        payload = b"%d" % self._pinged.number
        self._pings.append((payload, position, now_ms))
        self.wrote(len(payload))
        if self.actions is not None:
            self.actions.pinged(now_ms)
        return payload

    def ponged(self, payload: bytes, now_ms: float) -> float | None:
        """Process a pong. Returns the round trip in ms; None: it does not answer a ping of ours."""
        for sent, position, at_ms in self._pings:
            if sent == payload:
                if self.actions is not None:
                    self.actions.ponged(payload, now_ms)
                while self._pings.popleft()[0] != payload:
                    pass
                self.pongs += 1
                self.acknowledged(position)
                round_trip_ms = now_ms - at_ms
                if self._closing is not None:
                    self._closing.slowest_ms = max(self._closing.slowest_ms or 0.0, round_trip_ms)
                return round_trip_ms
        return None

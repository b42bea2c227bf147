"""Whether the far end takes what we send, or only buffers on the way do: audio behind a stall would outlive a clear."""

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
"""Audio that may be on its way beside the lead. A clear waits behind no more than that."""
PING_MS: Final = 250.0
"""Audio between two pings. Its pong proves that all audio before it was read."""
INBOUND_SILENCE_MS: Final = 200.0
"""While the carrier sends nothing either, a missing pong proves nothing: only the way to us may stall."""
POLL_MS: Final = 20.0
"""How often a closed gate is looked at; a pong opens it at once."""
IDLE_PING_MS: Final = 5000.0
"""Between two pings, while many have not been answered."""
MAX_PINGS: Final = 32
"""Pings on their way: 8 s of audio."""

WIRE_OCTETS: Final = 40.0
"""At most, beside a text: 29 of TLS 1.2 with AES-GCM (RFC 5246 section 6.2.3, RFC 5288 section 3), 10 of the frame."""
OTHER_OCTETS_PER_MS: Final = 0.5
"""Of our pings and own marks: 125 per 250 ms of audio."""
OTHER_MS: Final = 10.0
"""Audio that is as long as a clear with its fence, or a mark at the end of what was sent."""


class GateSink(Protocol):
    """What sees all that the far end's acknowledgements say, so that a replay can repeat it. It must not block."""

    def pinged(self, now_ms: float) -> None:
        """Take note of a ping."""

    def ponged(self, payload: bytes, now_ms: float) -> None:
        """Take a pong."""

    def backlog_read(self, octets: int | None) -> None:
        """Take what was not acknowledged at this moment; None: unknown."""


@dataclass(slots=True)
class _Closing:
    """What was known when the gate closed."""

    at_ms: float
    arrived: int  # position of the audio that had arrived
    slowest_ms: float | None = None  # the longest round trip since


class SendGate(SendGateState, Live):
    """Counts the audio that the far end has not acknowledged. Positions are sent positions, in samples."""

    __slots__ = ("_closing", "_pings", "inbound")

    def __init__(self, rate_hz: int, lead_ms: float | None) -> None:
        """Make an open gate; lead_ms None: it never closes."""
        self._rate_hz = rate_hz
        self._limit_ms = None if lead_ms is None else lead_ms + UNACKNOWLEDGED_MS
        self._acknowledged = 0
        self._closing: _Closing | None = None
        self.was_closed = False
        """Whether the gate was closed at the last look before this one."""
        self._pings: deque[tuple[bytes, int, float]] = NO_ITEMS  # payload, position and time of those on their way
        self.pongs = 0
        """Answers to our pings. Without one and without a backlog, nothing says what arrives, and the gate is open."""
        self._message_ms = 1.0
        self._ms_per_octet = 0.0
        self._unread_octets = inf
        """No more are unacknowledged, by the last look and all that was sent since; infinity: nobody has looked; minus
        infinity: the system does not say it, so nobody looks again on this line."""
        self.backlog: Callable[[], int | None] | None = None
        """Reads how many octets of ours the other side has not acknowledged; None: nobody knows."""
        self.actions: GateSink | None = None
        """None: nothing captures what the far end acknowledges."""
        self.inbound: StallWatch | None = None
        """Knows when the carrier's last message arrived."""
        self.look_ms = float("-inf")
        """When a closed gate is looked at next; minus infinity: it is open."""

    def open(self, position: int, round_trip_ms: float | None, now_ms: float) -> bool:
        """Return whether audio may be sent.

        position: of the last audio that was sent.
        round_trip_ms: as measured, which is on the way in any case; None: unknown.
        now_ms: the time.
        """
        limit_ms = self._limit_ms
        if limit_ms is None:
            return True
        if round_trip_ms is not None and round_trip_ms > UNACKNOWLEDGED_MS:
            limit_ms += round_trip_ms - UNACKNOWLEDGED_MS
        # 1. What lies in buffers here and in the network, if the system says it.
        octets = self.backlog() if self.backlog is not None else None
        self._unread_octets = -inf if octets is None else octets
        if self.actions is not None:
            self.actions.backlog_read(octets)
        closed = octets is not None and octets * self._ms_per_octet > limit_ms
        arrived = position - int(octets * self._ms_per_octet * self._rate_hz / 1000) if closed and octets else 0
        # 2. What the other side has not read.
        if not closed and self.pongs and self._carrier_sends(now_ms):
            closed = (position - self._acknowledged) * 1000 > limit_ms * self._rate_hz
        if closed and not self.was_closed:
            self.was_closed = True
            self._closing = _Closing(now_ms, max(self._acknowledged, arrived))
        self.look_ms = now_ms + POLL_MS if closed else float("-inf")
        return not closed

    def reopen(self, round_trip_ms: float, now_ms: float) -> int | None:
        """Take note that the gate has opened.

        round_trip_ms: the least that was measured.
        now_ms: the time.
        Returns: the position of the audio that had arrived when the gate closed; None: pongs were late by less than
            the lead, so the far end had audio all the time.
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
        """Return the sent position up to which audio may have arrived, by what is acknowledged.

        The octets on the wire are more than those of the texts, by frames, TLS, marks and pings between them.

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

    def line_lost(self, position: int) -> None:
        """Begin again behind a position, for another line."""
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
        """Record the last message of audio: how long one octet of it plays."""
        self._unread_octets += octets + WIRE_OCTETS
        self._message_ms = duration_ms
        self._ms_per_octet = duration_ms / octets

    def wrote(self, octets: int) -> None:
        """Record another frame of this many octets, which may wait in buffers as well."""
        self._unread_octets += octets + WIRE_OCTETS

    def acknowledged(self, position: int) -> None:
        """Record that everything up to a position has been read."""
        self._acknowledged = max(self._acknowledged, position)

    def ping(self, position: int, now_ms: float) -> bytes | None:
        """Return the payload of a ping that is due behind this position; None: none is due."""
        if not self.ping_due(position):
            return None
        if len(self._pings) >= MAX_PINGS and now_ms - self._pings[-1][2] < IDLE_PING_MS:
            return None  # this socket answers no pings, or nothing passes
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
        """Take a pong. Returns the round trip in ms; None: it answers no ping of ours."""
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

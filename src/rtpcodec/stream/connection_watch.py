"""Watches the connection of one call: time-outs of silence, pings while it is idle, and the hold after a loss."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final, Literal

from rtpcodec.pickling import Live

LossCause = Literal["socket_closed", "socket_lost"]

PING_PREFIX: Final = b"idle-"
"""Prefix of the payloads of pings on an idle connection. Payloads of pings after audio are plain numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTimeouts:
    """Limits on the silence of a socket, in ms; None: no limit."""

    connected_ms: float | None = 10_000.0
    """From the opening of the socket to `connected`; after it, the socket is closed with 1002."""
    start_ms: float | None = 120_000.0
    """From `connected` to `start`: a stream can be established before a dialled call is answered."""
    idle_ms: float | None = 30_000.0
    """Between two frames of any kind after `start`; after it, the socket is closed with 1008."""
    ping_ms: float | None = None
    """After this time without a frame, a ping is sent. After the same time again, the connection counts as lost, if the
    other side has ever answered a ping. None: no pings on an idle connection."""
    media_ms: float | None = None
    """After this time without media, MediaSilent is reported; None: never."""


class ConnectionWatch(Live):
    """The state of one connection. Times are in ms of the machine's clock. Use from one thread at a time."""

    __slots__ = (
        "_count",
        "_ping_ms",
        "_pinged_ms",
        "_reported_ms",
        "answered",
        "can_ping",
        "cause",
        "held",
        "hold_ms",
        "opened_ms",
        "payload",
        "timeouts",
        "until_ms",
    )

    def __init__(self, timeouts: CallTimeouts, now_ms: float) -> None:
        """Make the watch of a socket that was opened now."""
        self.timeouts = timeouts
        self.opened_ms = now_ms
        self._ping_ms = limit_ms(timeouts.ping_ms)
        self._pinged_ms = -inf
        self._count = 0
        self.payload = b""
        """Payload of the last ping of the idle connection."""
        self.answered = False
        """Whether the other side has ever answered such a ping."""
        self.can_ping = True
        """Whether the socket can send pings."""
        self._reported_ms = -inf  # time of the last media before the last reported silence
        self.hold_ms = 0.0
        """Duration of the hold of a lost connection."""
        self.held = False
        """Whether the connection is lost, and the call waits for another one."""
        self.until_ms = inf
        """When the hold ends."""
        self.cause: LossCause = "socket_lost"
        """The cause of the loss."""

    def open(self, now_ms: float) -> None:
        """Restart with another socket."""
        self.held = False
        self.opened_ms = now_ms
        self._pinged_ms = -inf
        self.can_ping = True

    def hold(self, cause: LossCause, now_ms: float) -> None:
        """Start the hold of a lost connection."""
        self.held = True
        self.cause = cause
        self.until_ms = now_ms + self.hold_ms

    @property
    def first_ms(self) -> float:
        """Limit from the opening of the socket to its first message: the shorter of two."""
        return min(limit_ms(self.timeouts.connected_ms), limit_ms(self.timeouts.start_ms))

    def start_deadline_ms(self, connected_ms: float | None) -> float:
        """Return the deadline of `connected`, or of `start` after it. connected_ms: of the former, or None."""
        return (
            self.opened_ms + self.first_ms if connected_ms is None else connected_ms + limit_ms(self.timeouts.start_ms)
        )

    def start_fault(self, connected_ms: float | None) -> str:
        """Return the message that was not received in time, as a sentence."""
        connected, start = limit_ms(self.timeouts.connected_ms), limit_ms(self.timeouts.start_ms)
        if connected_ms is None and connected < start:
            return f"no connected was received within {connected / 1000:g} s"
        return f"no start was received within {start / 1000:g} s"

    def ponged(self, payload: bytes) -> None:
        """Record a pong."""
        self.answered = self.answered or payload == self.payload != b""

    def look(
        self, last_frame_ms: float, now_ms: float, *, answers: bool
    ) -> tuple[Literal["ping", "lost"] | None, float]:
        """Return the action for an idle connection, and when to check again.

        Args:
            last_frame_ms: Arrival of the last frame.
            now_ms: The time.
            answers: Whether the other side has answered a ping after audio.
        """
        ping_ms = self._ping_ms
        if ping_ms == inf or not self.can_ping:
            return None, inf
        # 1. Idle for long enough? 2. A ping without an answer? The connection is lost. 3. Otherwise send a ping.
        waits = self._pinged_ms > last_frame_ms
        due_ms = (self._pinged_ms if waits else last_frame_ms) + ping_ms
        if now_ms < due_ms:
            return None, due_ms
        if waits and (answers or self.answered):
            return "lost", inf
        self._pinged_ms = now_ms
        self._count += 1
        self.payload = PING_PREFIX + b"%d" % self._count
        return "ping", now_ms + ping_ms

    def silence(self, media_ms: float, now_ms: float) -> tuple[float, float]:
        """Return the silence of the media to report, 0 for none, and when to check again.

        media_ms: Arrival of the last media, or the start of the stream.
        now_ms: The time.
        """
        media_limit_ms = limit_ms(self.timeouts.media_ms)
        if now_ms < media_ms + media_limit_ms:
            return 0.0, media_ms + media_limit_ms
        if media_ms == self._reported_ms:
            return 0.0, now_ms + media_limit_ms
        self._reported_ms = media_ms
        return now_ms - media_ms, now_ms + media_limit_ms


def limit_ms(limit: float | None) -> float:
    """Return a limit as a number; infinity for None."""
    return inf if limit is None else limit

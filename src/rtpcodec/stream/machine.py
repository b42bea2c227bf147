"""One call as a state machine: messages, audio and time in; texts, events and socket commands out. No I/O, no clock.

    socket ── receive, reject, touch, peer_closed, lost ──► CallMachine ── outgoing ──► socket
    handler ─ plays, close, interrupt, session.mark ... ──►     │     ──── events ────► handler
    clock ─── next_deadline_ms, and now_ms everywhere ──────────┘     ──── hangup, cut ─► socket

A pump drives it. After each change of the machine, the pump's `run` must be called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import Final, Literal

from typing_extensions import Buffer

from rtpcodec.stream.ending import EndReason
from rtpcodec.stream.events import Event, Interrupted, Stopped
from rtpcodec.stream.plays import Plays
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.statistics import Statistics

CLOSE_TIMEOUT_MS: Final = 2000.0
"""Wait for the other side's close frame, or for the end of the connection after it; then the connection is cut."""

NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002
POLICY_VIOLATION: Final = 1008


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTimeouts:
    """How long a socket may stay silent, in ms; None: without limit."""

    start_ms: float | None = 5000.0
    """From the opening of the socket to `start`; beyond it the socket is closed with 1002."""
    idle_ms: float | None = 30_000.0
    """Between two frames of any kind after `start`; beyond it the socket is closed with 1008."""


class CallMachine:
    """Session, waiting audio, time-outs and end of one call.

    Times are in ms of the pump's clock. Use from one thread at a time.

    Its end, step by step: `close` ends the session and sets `hangup`; the pump sends the close frame and calls
    `hung_up`; the other side answers (`peer_closed`) and the connection ends (`lost`). If it does not end within
    CLOSE_TIMEOUT_MS, `cut` is set.
    """

    __slots__ = (
        "_closing",
        "_cut_ms",
        "_event_ms",
        "_last_frame_ms",
        "_opened_ms",
        "_speech",
        "_timeouts",
        "_watch_ms",
        "cut",
        "end_cause",
        "hangup",
        "paused",
        "ping",
        "plays",
        "session",
    )

    def __init__(
        self,
        session: MediaSession,
        now_ms: float,
        *,
        timeouts: CallTimeouts | None = None,
        may_wait: bool = True,
    ) -> None:
        """Make the machine of a call whose socket has just been opened.

        session: the call's session.
        now_ms: the time; `start` is due start_ms after it.
        timeouts: limits on silence; None: the defaults.
        may_wait: whether audio that does not fit into the session's queue waits in `plays`; otherwise QueueFull is
        raised.
        """
        self.session = session
        self._speech = session.speech  # None: it speaks no replies, or its socket cannot send pings
        self.plays = Plays(session, may_wait=may_wait)
        """Queues all audio in the session, and holds what does not fit."""
        self.hangup: int | None = None
        """The code of a close frame that is due; None: no close frame is due."""
        self.cut = False
        """Whether the connection must be cut; unsent texts are dropped."""
        self.ping: bytes | None = None
        """The payload of a ping that is due; None: none is due."""
        self.paused = False
        """Whether the socket accepts no texts for now; texts wait in the session, which is bounded."""
        self.end_cause: EndReason | None = None
        """What was the first to end the call; None: nothing did."""
        self._timeouts = timeouts if timeouts is not None else CallTimeouts()
        self._closing = False
        self._cut_ms = self._event_ms = inf
        self._opened_ms = self._last_frame_ms = now_ms
        # When to check the time-outs next. May be too early, never too late: each frame moves the idle deadline, but
        # only the check computes it, so that a frame costs one assignment.
        self._watch_ms = now_ms + min(_limit_ms(self._timeouts.start_ms), _limit_ms(self._timeouts.idle_ms))

    # From the socket

    def receive(self, text: str | Buffer, now_ms: float) -> None:
        """Feed one text message, as str or UTF-8 octets."""
        self._last_frame_ms = now_ms
        self.session.receive(text, now_ms)

    def reject(self, rule: str, detail: str, now_ms: float) -> None:
        """Count a frame that is not a message as malformed."""
        self.session.reject(rule, detail, now_ms)

    def touch(self, now_ms: float) -> None:
        """Record that a frame of any kind was received."""
        self._last_frame_ms = now_ms

    def pinged(self, sent: bool, _now_ms: float) -> None:
        """Record that the due ping was sent; False: this socket cannot send pings, so none is due any more."""
        self.ping = None
        if not sent:
            self._speech = None

    def ponged(self, payload: bytes, now_ms: float) -> None:
        """Record a pong: it measures the round trip, and proves that all before its ping was read."""
        if self._speech is not None:
            self._speech.ponged(payload, now_ms)

    def peer_closed(self, _code: int | None, now_ms: float) -> None:
        """Record the other side's close frame. The socket answers it by itself."""
        self.end_cause = self.end_cause or "socket_closed"
        self._closing = True
        self._cut_ms = now_ms + CLOSE_TIMEOUT_MS
        self.session.closed(now_ms)

    def lost(self, now_ms: float) -> None:
        """Record that the connection is gone."""
        self.end_cause = self.end_cause or "socket_lost"
        self._closing = True
        self._cut_ms = inf
        self.hangup = None
        self.session.closed(now_ms)

    # From our side

    def close(self, code: int, now_ms: float, cause: EndReason = "protocol_error") -> None:
        """End the call: a close frame becomes due, and the connection is cut if the other side does not answer it.

        code: of the close frame.
        now_ms: the time.
        cause: why; the default is that of the pump, which closes after a frame that breaks a rule.
        """
        if self._closing:
            return
        self.end_cause = self.end_cause or cause
        self._closing = True
        self.hangup = code
        self._cut_ms = now_ms + CLOSE_TIMEOUT_MS
        self.session.closed(now_ms, by_us=True)

    def interrupt(self, now_ms: float, what: Literal["all", "current"] | Reply = "all") -> Interrupted:
        """Stop playing, and drop the audio of interrupted replies that waits in `plays` as well. Raises StreamEnded."""
        found = self.session.interrupt(now_ms, what=what, also_dropped_ms=self.plays.interruptible_ms(what, now_ms))
        self.plays.drop_interrupted()
        return found

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent: in the session, and in `plays` for space there."""
        return self.session.queued_ms + self.plays.waiting_ms

    def statistics(self, now_ms: float) -> Statistics:
        """Return all counters of the session at this moment; its queued_ms is that of the call."""
        return replace(self.session.statistics(now_ms), queued_ms=self.queued_ms)

    # For the pump

    def events(self, now_ms: float) -> list[Event]:
        """Remove and return the events since the last call, with those of time alone. Stopped, if any, is the last."""
        # 1. Time-outs, which may end the session.
        if now_ms >= self._watch_ms or now_ms >= self._cut_ms:
            self._check_time(now_ms)
        # 2. The session's events.
        found = self.session.events(now_ms)
        self._event_ms = inf
        # 3. The session has ended: nothing waits any more, and the socket is closed.
        if found and type(found[-1]) is Stopped:
            self._watch_ms = inf
            self.plays.drop()
            self._stopped(found[-1], now_ms)
        return found

    def _stopped(self, event: Stopped, now_ms: float) -> None:
        if event.reason in ("stop", "malformed"):
            self.end_cause = "carrier_stop" if event.reason == "stop" else "malformed"
        self.close(POLICY_VIOLATION if event.reason == "malformed" else NORMAL, now_ms)

    def outgoing(self, now_ms: float) -> list[str]:
        """Refill the session's queue from `plays`, and remove and return texts that are due.

        Encoding takes time, in which every other call waits. So this returns only part of what is due if all of it
        would take more than 5 ms, and `next_deadline_ms` is in the past then.
        """
        if self.paused:
            return []
        self.plays.feed()
        texts = self.session.outgoing_part(now_ms)
        if texts and self._speech is not None:
            self.ping = self._speech.ping(now_ms)
        # Sending has caused events, which nobody has asked for yet.
        self._event_ms = now_ms + 1.0 if self.session.sending_has_events else inf
        return texts

    @property
    def backlog(self) -> Callable[[], int | None] | None:
        """Returns what was sent and is not acknowledged, in octets; None, or None returned: unknown."""
        speech = self.session.speech
        return None if speech is None else speech.gate.backlog

    @backlog.setter
    def backlog(self, backlog: Callable[[], int | None] | None) -> None:
        if self.session.speech is not None:
            self.session.speech.gate.backlog = backlog

    @property
    def end_reason(self) -> EndReason | None:
        """Why the stream has ended; None: it runs."""
        return self.end_cause if self.session.ended else None

    @property
    def fault(self) -> str | None:
        """The time-out that ended the call, as a sentence; None: no time-out did."""
        if self.end_cause == "start_timeout":
            return f"no start was received within {_limit_ms(self._timeouts.start_ms) / 1000:g} s"
        if self.end_cause == "idle_timeout":
            return f"no frame was received for {_limit_ms(self._timeouts.idle_ms) / 1000:g} s"
        return None

    def hung_up(self) -> None:
        """Record that the close frame was sent."""
        self.hangup = None

    @property
    def next_deadline_ms(self) -> float | None:
        """When to call `events` and `outgoing` next. May be too early, never too late; None: not before a change."""
        if self.paused:
            session_ms = self.session.event_deadline_ms
        else:
            session_ms = -inf if self.plays.can_feed else self.session.next_deadline_ms
        deadline_ms = min(self._watch_ms, self._cut_ms, self._event_ms, inf if session_ms is None else session_ms)
        return None if deadline_ms == inf else deadline_ms

    def _check_time(self, now_ms: float) -> None:
        # 1. The closing handshake took too long: cut the connection.
        if now_ms >= self._cut_ms:
            self._cut_ms = inf
            self.cut = True
        if now_ms < self._watch_ms or self.session.ended:
            return
        # 2. No `start` yet: the start time-out applies. Compute the next check.
        start_ms, idle_ms = _limit_ms(self._timeouts.start_ms), _limit_ms(self._timeouts.idle_ms)
        if self.session.media_format is None:
            if now_ms >= self._opened_ms + start_ms:
                self.close(PROTOCOL_ERROR, now_ms, "start_timeout")
            # `start` may arrive before the next check, and the idle limit may be the shorter one.
            self._watch_ms = min(self._opened_ms + start_ms, now_ms + idle_ms)
        # 3. Started: the idle time-out applies, counted from the last frame.
        else:
            if now_ms >= self._last_frame_ms + idle_ms:
                self.close(POLICY_VIOLATION, now_ms, "idle_timeout")
            self._watch_ms = self._last_frame_ms + idle_ms


def _limit_ms(limit_ms: float | None) -> float:
    return inf if limit_ms is None else limit_ms

"""One call as a state machine: messages, audio and time in; texts, events and socket commands out. No I/O, no clock.

    socket ── receive, reject, touch, peer_closed, lost ──► CallMachine ── outgoing ──► socket
    handler ─ plays, close, interrupt, session.mark ... ──►     │     ──── events ────► handler
    clock ─── next_deadline_ms, and now_ms everywhere ──────────┘     ──── hangup, cut ─► socket

A pump drives the machine. After each change of the machine, call the pump's `run`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Final, Literal

from rtpcodec.errors import StreamEnded
from rtpcodec.stream._machine import MachineFastPath
from rtpcodec.stream.connection_watch import CallTimeouts, ConnectionWatch, LossCause, limit_ms
from rtpcodec.stream.ending import EndReason
from rtpcodec.stream.events import Interrupted, Stopped
from rtpcodec.stream.plays import Plays
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.chain import SpeechChain
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.statistics import Statistics

__all__ = ["CLOSE_TIMEOUT_MS", "CallMachine", "CallTimeouts"]

CLOSE_TIMEOUT_MS: Final = 2000.0
"""Wait for the other side's close frame, or after it for the end of the connection, which is then cut."""

NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002
POLICY_VIOLATION: Final = 1008
START_TIMEOUT: Final[EndReason] = "start_timeout"
IDLE_TIMEOUT: Final[EndReason] = "idle_timeout"


class CallMachine(MachineFastPath):
    """Session, waiting audio, time-outs and end of one call.

    Times are in ms of the pump's clock. Use from one thread at a time.

    The end, step by step: 1. `close` ends the session and sets `hangup`. 2. The pump sends the close frame and calls
    `hung_up`. 3. The other side answers (`peer_closed`), and the connection ends (`lost`). 4. If it does not end within
    CLOSE_TIMEOUT_MS, `cut` is set.

    A lost connection: a socket that is lost or closed without a `stop` causes the event Disconnected. The session is
    held for `hold_ms`. Within this time, `attached` continues it on another socket; after it, the session ends.
    """

    __slots__ = ("_closing", "_watch", "end_cause")

    session: MediaSession
    plays: Plays
    _speech: SpeechChain | None

    def __init__(
        self,
        session: MediaSession,
        now_ms: float,
        *,
        timeouts: CallTimeouts | None = None,
        may_wait: bool = True,
    ) -> None:
        """Make the machine of a call whose socket has just been opened.

        Args:
            session: The call's session.
            now_ms: The time; `start` must arrive within start_ms after it.
            timeouts: Limits on silence; None: the defaults.
            may_wait: Whether audio beyond the session's queue waits in `plays`; otherwise QueueFull is raised.
        """
        self.session = session
        self._speech = session.speech  # None: mode mp3, or the socket cannot send pings
        self.plays = Plays(session, may_wait=may_wait)
        """Queues all audio in the session, and holds audio that does not fit."""
        self.hangup: int | None = None
        """The code of a close frame that is due; None: no close frame is due."""
        self.cut = False
        """Whether the connection must be cut, which drops unsent texts."""
        self.ping: bytes | None = None
        """The payload of a ping that is due; None: none is due."""
        self.paused = False
        """Whether the socket accepts no texts for now; they wait in the session's bounded queue."""
        self.end_cause: EndReason | None = None
        """The first cause that ended the call; None: it has not ended."""
        self._watch = ConnectionWatch(timeouts if timeouts is not None else CallTimeouts(), now_ms)
        self._closing = False
        self._cut_ms = self._event_ms = inf
        self._last_frame_ms = now_ms
        # When to check the time-outs next. May be too early, never too late: each frame moves the idle deadline, but
        # only the check computes it, so a frame costs one assignment.
        self._watch_ms = self._first_watch_ms(now_ms)

    def _first_watch_ms(self, now_ms: float) -> float:
        timeouts = self._watch.timeouts
        limits = (self._watch.first_ms, *map(limit_ms, (timeouts.idle_ms, timeouts.ping_ms, timeouts.media_ms)))
        return now_ms + min(limits)

    # From the socket

    def reject(self, rule: str, detail: str, now_ms: float) -> None:
        """Count a frame that is not a message as malformed."""
        self.session.reject(rule, detail, now_ms)

    def touch(self, now_ms: float) -> None:
        """Record that a frame of any kind was received."""
        self._last_frame_ms = now_ms

    def pinged(self, sent: bool, _now_ms: float) -> None:
        """Record that the due ping was sent. False: this socket cannot send pings, so none is due from now on."""
        self.ping = None
        if not sent:
            self._speech = None
            self._watch.can_ping = False

    def ponged(self, payload: bytes, now_ms: float) -> None:
        """Record a pong. It measures the round trip, and proves that everything before its ping was read."""
        self._watch.ponged(payload)
        if self._speech is not None:
            self._speech.ponged(payload, now_ms)

    def peer_closed(self, _code: int | None, now_ms: float) -> None:
        """Record the other side's close frame. The socket answers it."""
        self._cut_ms = now_ms + CLOSE_TIMEOUT_MS
        self._broke("socket_closed", now_ms)

    def lost(self, now_ms: float) -> None:
        """Record that the connection is gone."""
        self._cut_ms = inf
        self.hangup = None
        self._broke("socket_lost", now_ms)

    def _broke(self, cause: LossCause, now_ms: float) -> None:
        """Hold the session or end it, because its connection is lost; a second report of one loss does nothing."""
        # 1. Already held? 2. A stream without `stop`: report the loss, and hold the session if it may wait.
        watch, session = self._watch, self.session
        if watch.held:
            return
        if not self._closing and (session.streaming or session.lost):
            session.disconnected(cause, now_ms, self._last_frame_ms)
            if watch.hold_ms > 0:
                watch.hold(cause, now_ms)
                self._watch_ms = watch.until_ms
                return
        # 3. Otherwise end it.
        self.end_cause = self.end_cause or cause
        self._closing = True
        session.closed(now_ms)

    # A lost connection

    @property
    def hold_ms(self) -> float:
        """Time that the session waits for another socket after its connection is lost; 0: it ends at once."""
        return self._watch.hold_ms

    @hold_ms.setter
    def hold_ms(self, hold_ms: float) -> None:
        self._watch.hold_ms = hold_ms

    @property
    def held(self) -> bool:
        """Whether the connection is lost, and the session waits for another socket."""
        return self._watch.held

    def keep_held(self, until_ms: float) -> None:
        """Hold a lost connection until this time or longer, because another socket was requested."""
        watch = self._watch
        if watch.held:
            watch.until_ms = self._watch_ms = max(watch.until_ms, until_ms)

    def end_hold(self, now_ms: float) -> None:
        """End a held session, because no socket will follow. Nothing happens if it is not held."""
        if self._watch.held:
            self._end_held(self._watch.cause, now_ms, by_us=False)

    def _end_held(self, cause: EndReason, now_ms: float, *, by_us: bool) -> None:
        self._watch.held = False
        self.end_cause = self.end_cause or cause
        self._closing = True
        self._cut_ms = inf
        self.cut = True
        self.session.closed(now_ms, by_us=by_us)

    def attached(self, now_ms: float) -> None:
        """Record that the session continues on another socket, beginning with its `connected` and `start`.

        Raises: StreamEnded if the session has ended.
        """
        if self._closing or self.session.ended:
            raise StreamEnded("the stream has ended, it cannot continue on another socket")
        self.session.disconnected("socket_lost", now_ms, self._last_frame_ms)
        self._watch.open(now_ms)
        self._last_frame_ms = now_ms
        self._cut_ms = inf
        self._watch_ms = self._first_watch_ms(now_ms)
        self._speech = self.session.speech
        self.hangup = self.ping = None
        self.cut = self.paused = False

    # From our side

    def close(self, code: int, now_ms: float, cause: EndReason = "protocol_error") -> None:
        """End the call: a close frame becomes due, and the connection is cut if the other side does not answer it.

        Args:
            code: Code of the close frame.
            now_ms: The time.
            cause: The cause; the default is for the pump, which closes after a frame that breaks a rule.
        """
        if self._closing:
            return
        if self._watch.held:
            self._end_held(cause, now_ms, by_us=True)
            return
        self.end_cause = self.end_cause or cause
        self._closing = True
        self.hangup = code
        self._cut_ms = now_ms + CLOSE_TIMEOUT_MS
        self.session.closed(now_ms, by_us=True)

    def interrupt(self, now_ms: float, what: Literal["all", "current"] | Reply = "all") -> Interrupted:
        """Stop playback, and drop the audio of interrupted replies in `plays` as well. Raises StreamEnded."""
        found = self.session.interrupt(now_ms, what=what, also_dropped_ms=self.plays.interruptible_ms(what, now_ms))
        self.plays.drop_interrupted()
        return found

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent, in the session and in `plays`."""
        return self.session.queued_ms + self.plays.waiting_ms

    def statistics(self, now_ms: float) -> Statistics:
        """Return all counters of the session at this time, with the queued_ms of the call."""
        return replace(self.session.statistics(now_ms), queued_ms=self.queued_ms)

    # For the pump

    def _stopped(self, event: Stopped, now_ms: float) -> None:
        if event.reason in ("malformed", "refused"):
            self.end_cause = event.reason
            self.close(POLICY_VIOLATION, now_ms)
            return
        if event.reason == "stop":
            self.end_cause = "carrier_stop"
        self.close(NORMAL, now_ms)

    @property
    def backlog(self) -> Callable[[], int | None] | None:
        """Function that returns the octets that were sent and not acknowledged; None, or a result of None: unknown."""
        speech = self.session.speech
        return None if speech is None else speech.gate.backlog

    @backlog.setter
    def backlog(self, backlog: Callable[[], int | None] | None) -> None:
        if self.session.speech is not None:
            self.session.speech.gate.backlog = backlog

    @property
    def end_reason(self) -> EndReason | None:
        """The cause of the end of the stream; None: it has not ended."""
        return self.end_cause if self.session.ended else None

    @property
    def fault(self) -> str | None:
        """The time-out that ended the call, as a sentence; None: another cause, or it has not ended."""
        if self.end_cause == "start_timeout":
            return self._watch.start_fault(self.session.connected_ms)
        if self.end_cause == "idle_timeout":
            return f"no frame was received for {limit_ms(self._watch.timeouts.idle_ms) / 1000:g} s"
        return None

    def hung_up(self) -> None:
        """Record that the close frame was sent."""
        self.hangup = None

    def _check_time(self, now_ms: float) -> None:
        # 1. Did the closing handshake take too long? Cut the connection.
        if now_ms >= self._cut_ms:
            self._cut_ms = inf
            self.cut = True
        if now_ms < self._watch_ms or self.session.ended:
            return
        watch, session = self._watch, self.session
        # 2. Held? Then only the end of the hold matters.
        if watch.held:
            if now_ms >= watch.until_ms:
                self.end_hold(now_ms)
            self._watch_ms = watch.until_ms
            return
        # 3. Is `start` or the next frame overdue?
        if session.streaming:
            limit_at_ms = self._last_frame_ms + limit_ms(watch.timeouts.idle_ms)
            code, cause = POLICY_VIOLATION, IDLE_TIMEOUT
        else:
            limit_at_ms = watch.start_deadline_ms(session.connected_ms)
            code, cause = PROTOCOL_ERROR, START_TIMEOUT
        if now_ms >= limit_at_ms:
            self.close(code, now_ms, cause)
            self._watch_ms = inf
            return
        # 4. Is a ping due, or media missing?
        self._watch_ms = min(limit_at_ms, self._check_connection(now_ms))

    def _check_connection(self, now_ms: float) -> float:
        """Send a ping on an idle connection, and report missing media. Returns when to check again."""
        watch, session, speech = self._watch, self.session, self._speech
        need, next_ms = watch.look(self._last_frame_ms, now_ms, answers=speech is not None and speech.gate.pongs > 0)
        if need == "lost":
            self.cut = True
            self._broke("socket_lost", now_ms)
            return self._watch_ms if watch.held else inf
        if need == "ping":
            self.ping = watch.payload
        if not session.streaming:
            # `start` may arrive before the next check, and the limits after it may be shorter.
            return min(next_ms, self._first_watch_ms(now_ms))
        silent_ms, media_ms = watch.silence(session.last_media_ms, now_ms)
        if silent_ms:
            session.media_silent(silent_ms)
        return min(next_ms, media_ms)

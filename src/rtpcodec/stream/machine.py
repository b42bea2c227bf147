"""One call as a machine: texts and time in; texts, events and what to do with the socket out. No I/O, no clock.

    socket ── receive, reject, touch, peer_closed, lost ──► CallMachine ── outgoing ──► socket
    handler ─ plays, close, interrupt, session.mark ... ──►     │     ──── events ────► handler
    clock ─── next_deadline_ms, and now_ms everywhere ──────────┘     ──── hangup, cut ─► socket

A pump drives it. Whatever changes the machine must be followed by a run of the pump.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from typing_extensions import Buffer

from rtpcodec.stream.events import Event, Interrupted, Stopped
from rtpcodec.stream.play_queue import PlayQueue
from rtpcodec.stream.session import MediaSession

CLOSE_TIMEOUT_MS: Final = 2000.0
"""For the other side's close frame; then the connection is cut."""

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
    """Session, waiting audio, time-outs and the end of one call."""

    __slots__ = (
        "_closing",
        "_cut_ms",
        "_last_frame_ms",
        "_opened_ms",
        "_timeouts",
        "_watch_ms",
        "cut",
        "fault",
        "hangup",
        "paused",
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
        """Begin at the moment when the socket is open.

        may_wait: audio that finds no room in the session's queue waits in `plays`; without it QueueFull is raised.
        """
        self.session = session
        self.plays = PlayQueue(session, may_wait=may_wait)
        """The way of all audio into the session."""
        self.hangup: int | None = None
        """The code of a close frame that is due."""
        self.cut = False
        """Whether the connection must be cut, with whatever is unsent."""
        self.paused = False
        """Whether the socket accepts no texts for now; what is due waits in the session, which is bounded."""
        self.fault: str | None = None
        """The time-out that ended the call, as a sentence."""
        self._timeouts = timeouts if timeouts is not None else CallTimeouts()
        self._closing = False
        self._cut_ms = inf
        self._opened_ms = self._last_frame_ms = now_ms
        # May lie too early, never too late: a frame moves the idle deadline, and only the check looks at that.
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
        """Note that a frame of any kind came."""
        self._last_frame_ms = now_ms

    def peer_closed(self, _code: int | None, now_ms: float) -> None:
        """Note the other side's close frame; the socket answers it by itself."""
        self._closing = True
        self._cut_ms = now_ms + CLOSE_TIMEOUT_MS
        self.session.closed(now_ms)

    def lost(self, now_ms: float) -> None:
        """Note that the connection is gone."""
        self._closing = True
        self._cut_ms = inf
        self.hangup = None
        self.session.closed(now_ms)

    # From our side

    def close(self, code: int, now_ms: float) -> None:
        """End the call: the close frame is due, and the connection is cut when no answer comes."""
        if self._closing:
            return
        self._closing = True
        self.hangup = code
        self._cut_ms = now_ms + CLOSE_TIMEOUT_MS
        self.session.closed(now_ms, by_us=True)

    def interrupt(self, now_ms: float) -> Interrupted:
        """Stop playing, and drop what waits in `plays` as well. StreamEnded."""
        found = self.session.interrupt(now_ms)
        self.plays.drop()
        return found

    # For the pump

    def events(self, now_ms: float) -> list[Event]:
        """What happened since the last call, also what time alone made happen. After Stopped the socket is closed."""
        if now_ms >= self._watch_ms or now_ms >= self._cut_ms:
            self._check_time(now_ms)
        found = self.session.events(now_ms)
        if found and type(found[-1]) is Stopped:
            self._watch_ms = inf
            self.plays.drop()
            self.close(POLICY_VIOLATION if found[-1].reason == "malformed" else NORMAL, now_ms)
        return found

    def outgoing(self, now_ms: float) -> list[str]:
        """The texts that are due; waiting audio fills the queue behind them."""
        if self.paused:
            return []
        texts = self.session.outgoing(now_ms)
        while self.plays.feed():
            texts += self.session.outgoing(now_ms)
        return texts

    def hung_up(self) -> None:
        """Note that the close frame was sent."""
        self.hangup = None

    @property
    def next_deadline_ms(self) -> float | None:
        """When `events` or `outgoing` has something new, at the latest; it may be asked too early, never too late."""
        session_ms = None if self.paused else self.session.next_deadline_ms
        deadline_ms = min(self._watch_ms, self._cut_ms, inf if session_ms is None else session_ms)
        return None if deadline_ms == inf else deadline_ms

    def _check_time(self, now_ms: float) -> None:
        if now_ms >= self._cut_ms:
            self._cut_ms = inf
            self.cut = True
        if now_ms < self._watch_ms or self.session.ended:
            return
        start_ms, idle_ms = _limit_ms(self._timeouts.start_ms), _limit_ms(self._timeouts.idle_ms)
        if self.session.media_format is None:
            if now_ms >= self._opened_ms + start_ms:
                self.fault = f"no start came within {start_ms / 1000:g} s"
                self.close(PROTOCOL_ERROR, now_ms)
            # `start` may come before the next check, and the idle limit may be the shorter one.
            self._watch_ms = min(self._opened_ms + start_ms, now_ms + idle_ms)
        else:
            if now_ms >= self._last_frame_ms + idle_ms:
                self.fault = f"no frame came for {idle_ms / 1000:g} s"
                self.close(POLICY_VIOLATION, now_ms)
            self._watch_ms = self._last_frame_ms + idle_ms


def _limit_ms(limit_ms: float | None) -> float:
    return inf if limit_ms is None else limit_ms

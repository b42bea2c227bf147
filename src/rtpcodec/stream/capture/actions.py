"""Repeats the calls of an app on another session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from rtpcodec.pickling import Live
from rtpcodec.stream.capture.dialect import CapturedDialect, payload_of
from rtpcodec.stream.capture.reading import Line
from rtpcodec.stream.marks import GENERATED_PREFIX, OWN_PREFIX
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import BackgroundSource
from rtpcodec.stream.speaking.parts import parts_of
from rtpcodec.stream.speaking.pause import Pause
from rtpcodec.stream.speaking.reply import Reply

MAX_PLAY_SAMPLES: Final = 1 << 24
"""Limit on the PCM of one play: five minutes at 48000 Hz, more than a session queues at once."""
_SILENT: Final = BackgroundSource(bytes(2 * 8000), 8000, 0.0)


class CapturedBackground(BackgroundSound):
    """A silent background sound, active where the capture has sound between replies."""

    __slots__ = ("_dialect", "active")

    def __init__(self, to_hz: int, dialect: CapturedDialect) -> None:
        """Make a silent sound.

        to_hz: The rate of the call's PCM.
        dialect: Has the next messages.
        """
        super().__init__(_SILENT, to_hz)
        self._dialect = dialect
        self.active = False
        """Whether sound between replies follows the known messages."""

    @property
    def ended(self) -> bool:
        """Whether the next message is not sound between replies."""
        upcoming = self._dialect.upcoming
        return not (upcoming[0][1] if upcoming else self.active)

    def part(self, samples: int, *, under_speech: bool) -> tuple[bytes, float]:
        """Return silence."""
        del under_speech
        return bytes(2 * samples), 0.0

    def rewind(self, samples: int, *, fade_in: bool = True) -> None:
        """Do nothing."""

    def fade_in(self) -> None:
        """Do nothing."""


class ActionReplayer(Live):
    """Calls one session as the lines of one capture say. Use from one thread at a time."""

    __slots__ = ("_actions", "_backlog", "_pause", "_replies", "_session", "_sound")

    def __init__(self, session: MediaSession, dialect: CapturedDialect) -> None:
        """Make a replayer. dialect: the dialect of the session."""
        self._session = session
        speech = session.speech
        self._sound = CapturedBackground(8000 if speech is None else speech.sample_rate_hz, dialect)
        if speech is not None:
            speech.idle.add(self._sound)
        self._replies: dict[int, Reply] = {}
        self._pause: Pause | None = None
        self._backlog: int | None = None
        self._actions: dict[str, Callable[[Line, dict[str, Any]], object]] = {
            "reply": self._open,
            "play": self._play,
            "payload": self._payload,
            "more": self._follow,
            "close_reply": self._close,
            "end_reply": self._end,
            "mark": self._mark,
            "interrupt": self._interrupt,
            "pause": self._begin_pause,
            "resume": self._resume,
            "discard": self._discard,
            "suspend": self._suspend,
            "unsuspend": self._unsuspend,
            "idle": self._idle,
            "ping": self._ping,
            "pong": self._pong,
            "backlog": self._read_backlog,
        }

    def do(self, line: Line) -> bool:
        """Repeat the call of a line. Returns False if it is not a call about sending."""
        action = self._actions.get(line.members["do"])
        if action is None:
            return False
        if self._session.speech is not None and not self._session.ended:  # files of mode mp3 are not sent again
            action(line, line.members)
        return True

    def _open(self, _line: Line, members: dict[str, Any]) -> None:
        reply = self._session.reply(members["id"], interruptible=bool(members["interruptible"]))
        reply.queue.tones = [(int(begin), int(end)) for begin, end in members.get("tones", ())]
        self._replies[members["reply"]] = reply

    def _reply(self, members: dict[str, Any]) -> Reply:
        number = members["reply"]
        reply = self._replies.get(number)
        if reply is None or (reply.over and not reply.explicit):
            reply = self._replies[number] = self._session.require_replies("replay").implicit_reply
        return reply

    def _play(self, _line: Line, members: dict[str, Any]) -> None:
        samples = members["samples"]
        if not 0 <= samples <= MAX_PLAY_SAMPLES:
            raise ValueError(f"samples is {samples}, 0 to {MAX_PLAY_SAMPLES} are allowed")
        self._reply(members).play_octets(bytes(2 * samples), members["hz"])

    def _payload(self, _line: Line, members: dict[str, Any]) -> None:
        self._reply(members).play_payload(payload_of(members))

    def _known(self, members: dict[str, Any]) -> Reply | None:
        """Return an open reply; a mark may have opened an implicit one."""
        order = parts_of(self._session.require_replies("replay")).order
        return self._replies.get(members["reply"], order.implicit)

    def _follow(self, _line: Line, members: dict[str, Any]) -> None:
        follows = bool(members["follows"])
        reply = self._reply(members) if follows else self._known(members)
        if reply is not None:
            reply.more_follows = follows

    def _close(self, _line: Line, members: dict[str, Any]) -> None:
        reply = self._known(members)
        if reply is None:
            return
        reply.more_follows = True
        order = parts_of(self._session.require_replies("replay")).order
        if reply is order.implicit:
            order.end_implicit()
        else:
            reply.end()

    def _end(self, _line: Line, members: dict[str, Any]) -> None:
        reply = self._known(members)
        if reply is None:
            return
        reply.more_follows = False
        if reply.closed:
            reply.finish()
        else:
            reply.end()

    def _mark(self, _line: Line, members: dict[str, Any]) -> None:
        name: str = members["name"]
        if name.startswith(GENERATED_PREFIX):
            self.count_mark(name)
            self._session.mark()
        else:
            self._session.mark(name)

    def count_mark(self, name: str) -> None:
        """Let the session give this name to the next mark that it names."""
        prefix = OWN_PREFIX if name.startswith(OWN_PREFIX) else GENERATED_PREFIX
        number = name.removeprefix(prefix)
        if name.startswith(prefix) and number.isdecimal():
            parts_of(self._session.require_replies("replay")).mark_counts[prefix] = int(number) - 1

    def _interrupt(self, line: Line, members: dict[str, Any]) -> None:
        what = self._reply(members) if members["what"] == "reply" else members["what"]
        self._session.interrupt(line.now_ms, what=what, also_dropped_ms=float(members["also_dropped_ms"]))

    def _begin_pause(self, line: Line, members: dict[str, Any]) -> None:
        self._pause = self._session.pause_playback(line.now_ms, float(members["timeout_ms"]), members["then"])

    def _resume(self, line: Line, members: dict[str, Any]) -> None:
        if self._pause is not None:
            self._pause.resume(line.now_ms, float(members["rewind_ms"]))

    def _discard(self, line: Line, _members: dict[str, Any]) -> None:
        if self._pause is not None:
            self._pause.discard(line.now_ms)

    def _suspend(self, line: Line, members: dict[str, Any]) -> None:
        self._session.suspend_speech(str(members["reason"]), line.now_ms)

    def _unsuspend(self, line: Line, members: dict[str, Any]) -> None:
        self._session.resume_speech(str(members["reason"]), line.now_ms)

    def _idle(self, _line: Line, members: dict[str, Any]) -> None:
        self.follow_idle(bool(members["active"]))

    def follow_idle(self, active: bool) -> None:
        """Switch the sound between replies on or off."""
        self._sound.active = active

    def _ping(self, line: Line, _members: dict[str, Any]) -> None:
        self._session.require_replies("replay").ping(line.now_ms)

    def _pong(self, line: Line, members: dict[str, Any]) -> None:
        self._session.require_replies("replay").ponged(str(members["answers"]).encode(), line.now_ms)

    def _read_backlog(self, _line: Line, members: dict[str, Any]) -> None:
        octets = members["octets"]
        self._backlog = None if octets is None else int(octets)
        self._session.require_replies("replay").gate.backlog = self._last_backlog

    def _last_backlog(self) -> int | None:
        return self._backlog

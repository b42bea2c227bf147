"""Runs a capture again, with its times, through a new session."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from os import PathLike
from typing import Any, Final, Literal

from rtpcodec.errors import CaptureError, LocalProtocolError
from rtpcodec.pickling import Live
from rtpcodec.stream.capture.actions import ActionReplayer
from rtpcodec.stream.capture.dialect import CapturedDialect, characters_of, payload_of
from rtpcodec.stream.capture.header import DialectFacts, Header
from rtpcodec.stream.capture.lines import DIALECT
from rtpcodec.stream.capture.reading import CaptureReader, Line, lines_of, opened
from rtpcodec.stream.events import Audio, Event, UnexpectedMark
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.session import MediaSession, events_of_messages
from rtpcodec.stream.statistics import Statistics

UNLIMITED_MS: Final = 1e9
"""Limit of a queue for a capture in which plays waited: all captured audio had space."""
MAX_DIFFERENCES: Final = 100
"""Limit on stored differences: the first ones show the cause, the others follow from them."""
MAX_ARRIVALS: Final = 1000
"""Limit on stored times of arrival: 20 s of audio, and a chunk waits at most 100 ms to be in order."""
MAX_SENT_BEFORE: Final = 1000
"""Limit on keep-alive messages that were sent before the handler of a call began."""
OF_CONTENT: Final = frozenset(("duration_ms", "octets_sent"))
"""Figures that depend on the audio or on the time before the capture, which may be missing in it."""
_BROKEN: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Errors that values of a wrong type or range in a line raise, wherever they are used."""


class Replaying(Live):
    """Runs one capture through one session, step by step. Use from one thread at a time."""

    __slots__ = (
        "_actions",
        "_arrivals",
        "_dialect",
        "_lines",
        "_now_ms",
        "_private",
        "_reader",
        "_sent_before",
        "differences",
        "lost_lines",
        "sent",
        "session",
    )

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Make the session of a capture. Raises CaptureError if its first line is not valid."""
        self._reader = CaptureReader(lines)
        header = self._reader.header
        self._lines = iter(self._reader)
        self._dialect = CapturedDialect(header.dialect)
        self._now_ms = header.origin_ms
        self._arrivals: dict[int, tuple[bytes, float]] = {}
        """Received payloads with their times of arrival, by the object identity, which they keep while they wait."""
        self.differences: list[str] = []
        """Differences between session and capture, at most MAX_DIFFERENCES."""
        self.lost_lines = 0
        """Lines that are missing in the capture because its disk was too slow."""
        self.sent: deque[tuple[float, bytes | None]] = deque()
        """Sent payloads with their times; None: a `clear`. The reader removes them."""
        self._private: list[str] = []
        self._sent_before = header.sent_before
        options = header.options
        speaking = asdict(options.speaking)
        if options.speaking.when_full == "wait":
            speaking["max_queue_ms"] = UNLIMITED_MS
        try:
            self.session = MediaSession(
                header.plan,
                receive_pcm_hz=options.receive_pcm_hz,
                send_pcm_hz=options.send_pcm_hz,
                stall_ms=options.stall_ms,
                utc_offset_ms=options.utc_offset_ms,
                conceal=options.conceal,
                diagnosis_s=options.diagnosis_s if header.audio else None,
                dialect=self._dialect,
                **speaking,
            )
        except _BROKEN as error:
            raise CaptureError(1, f"a session cannot be made of it: {error}") from None
        self._actions = ActionReplayer(self.session, self._dialect)

    @property
    def header(self) -> Header:
        """The first line of the capture."""
        return self._reader.header

    @property
    def truncated(self) -> bool:
        """Whether the last line was incomplete; known when it was read."""
        return self._reader.truncated

    @property
    def now_ms(self) -> float:
        """The time of the last line, on the clock of the captured session."""
        return self._now_ms

    def events(self) -> Iterator[tuple[float, Event]]:
        """Yield all events, each with its time since the capture's origin. Raises CaptureError for a wrong line."""
        origin_ms = self.header.origin_ms
        for line in self._lines:
            self._now_ms = max(self._now_ms, line.now_ms)
            try:
                self._step(line)
            except CaptureError:
                raise
            except LocalProtocolError as error:
                self._differ(line, f"the session refuses it: {error}")
            except _BROKEN as error:
                raise CaptureError(line.number, f"{type(error).__name__}: {error}") from None
            for event in self._events_of(line):
                if self.session.speech is not None or not isinstance(event, UnexpectedMark):
                    yield line.now_ms - origin_ms, event
            while len(self._arrivals) > MAX_ARRIVALS:
                del self._arrivals[next(iter(self._arrivals))]
        for event in self.session.events(self._now_ms):
            yield self._now_ms - origin_ms, event

    def arrived_ms(self, audio: Audio) -> float | None:
        """Return the arrival of a chunk, since the origin of the capture, once; None: unknown."""
        found = self._arrivals.pop(id(audio.payload), None)
        return None if found is None else found[1] - self.header.origin_ms

    def _events_of(self, line: Line) -> list[Event]:
        """Return the events of a line. Events of time alone are returned only where the captured call had them."""
        deadline_ms = self.session.event_deadline_ms
        if deadline_ms is None or deadline_ms > line.now_ms or line.members.get("do") == "look":
            return self.session.events(line.now_ms)
        return events_of_messages(self.session, line.now_ms)

    # One line

    def _step(self, line: Line) -> None:
        members = line.members
        if "in" in members:
            self._dialect.payload = None
            self.session.receive(line.octets, line.now_ms)
            payload = self._dialect.payload
            if payload is not None:
                self._arrivals[id(payload)] = payload, line.now_ms
            if self._sent_before and self.session.streaming:
                self._send_before(line.now_ms)
        elif "out" in members:
            self._send(line)
        elif not self._choose(members, line.now_ms) and not self._actions.do(line):
            self._do(line, members)

    def _choose(self, members: dict[str, Any], now_ms: float) -> bool:
        """Set another dialect, or refuse the stream, if the line says so. Returns whether it does."""
        if members["do"] == DIALECT:
            self._dialect.follow(DialectFacts.read(members["facts"]))
            self.session.speak(self._dialect)
        elif members["do"] == "refuse":
            self.session.refuse(str(members["reason"]), now_ms)
        else:
            return False
        return True

    def _send_before(self, now_ms: float) -> None:
        """Send the keep-alive that was sent between `start` and the begin of the capture."""
        count, self._sent_before = self._sent_before, 0
        if self.header.from_start and self.session.speech is not None:
            self._dialect.upcoming = deque([(0, True)] * min(count, MAX_SENT_BEFORE))
            self.session.outgoing(now_ms)
            self.session.require_replies("replay").ping(now_ms)

    def _do(self, line: Line, members: dict[str, Any]) -> None:
        session, now_ms = self.session, line.now_ms
        match members["do"]:
            case "look":
                if members.get("outgoing"):
                    self._outgoing(bool(members.get("whole")), now_ms)
            case "reject":
                session.reject(str(members["rule"]), str(members["detail"]), now_ms)
            case "disconnected":
                cause: Literal["socket_closed", "socket_lost"] = (
                    "socket_closed" if members["cause"] == "socket_closed" else "socket_lost"
                )
                session.disconnected(cause, now_ms, now_ms - float(members["silent_ms"]))
            case "closed":
                session.closed(now_ms, by_us=bool(members["by_us"]))
            case "hold":
                session.hold(now_ms, held=bool(members["held"]))
            case "private":
                self._change_privacy(str(members["label"]), bool(members["active"]), now_ms)
            case "lost":
                self.lost_lines += int(members["lines"])
            case "end":
                self._compare(line, members["statistics"])
            case other:
                raise CaptureError(line.number, f"do is {other!r}, which this version does not know")

    def _change_privacy(self, label: str, active: bool, now_ms: float) -> None:
        if active:
            self._private.append(label)
            self.session.privacy.enter(label, now_ms)
        elif self._private:
            self.session.privacy.leave(self._private.pop(), now_ms)

    def _send(self, first: Line) -> None:
        """Let the session send the texts of one `outgoing`, and compare."""
        # 1. Collect its texts, as far as the capture has them.
        group = self._group(first)
        is_whole = len(group) == int(first.members.get("count") or 1)
        audio = [line.members for line in group if line.members["out"] == "media"]
        self.sent.extend(
            (first.now_ms, payload_of(line.members) if line.members["out"] == "media" else None)
            for line in group
            if line.members["out"] in ("media", "clear")
        )
        if self.session.speech is None or self.truncated or "count" not in first.members:
            return  # without a count, the first text of the call is one of the lost lines
        # 2. Set facts that the session cannot know: the lengths of the texts, and the sound between replies.
        self._dialect.upcoming = deque((characters_of(members), members.get("reply") is None) for members in audio)
        self._actions.follow_idle(bool(first.members.get("idle")))
        if not self.header.from_start:
            # Internal marks are counted from the start of the stream.
            own = (line for line in group if str(line.members.get("name")).startswith(OWN_PREFIX))
            for line in list(own)[:1]:
                self._actions.count_mark(line.members["name"])
        # 3. Send, and compare.
        texts = self._outgoing(bool(first.members.get("whole")), first.now_ms)
        wanted = [_kind(line.members) for line in group]
        found = [text.rstrip() for text in texts]
        if found != wanted and is_whole:
            self._differ(first, f"the session sends {_brief(found)}, the capture has {_brief(wanted)}")

    def _group(self, first: Line) -> list[Line]:
        """Return the texts of one `outgoing`; fewer if the capture ends or lacks lines."""
        group = [first]
        for _ in range(int(first.members.get("count") or 1) - 1):
            line = next(self._lines, None)
            if line is None:
                self._reader.truncated = True
                break
            if line.members.get("do") == "lost":
                self._do(line, line.members)
                break
            if "out" not in line.members:
                raise CaptureError(first.number, f"{first.members['count']} texts must follow, {len(group)} do")
            group.append(line)
        return group

    def _outgoing(self, whole: bool, now_ms: float) -> list[str]:
        return self.session.outgoing(now_ms) if whole else self.session.outgoing_part(now_ms)

    def _compare(self, line: Line, captured: dict[str, Any]) -> None:
        if self.session.speech is None or not self.header.from_start or self.lost_lines:
            return
        found = asdict(self.session.statistics(line.now_ms))
        found["messages_received"] += self.header.received_before
        for name, value in captured.items():
            # Levels and figures of sinks depend on the audio and on the sinks.
            of_content = name in OF_CONTENT or isinstance(value, dict)
            if name in found and not of_content and found[name] != value:
                self._differ(line, f"{name} is {found[name]}, the capture has {value}")

    def _differ(self, line: Line, what: str) -> None:
        if len(self.differences) < MAX_DIFFERENCES:
            self.differences.append(f"line {line.number}: {what}")


def _kind(members: dict[str, Any]) -> str:
    return f"mark {members['name']}" if members["out"] == "mark" else str(members["out"])


def _brief(texts: list[str]) -> str:
    shown = ", ".join(texts[:5])
    return f"{len(texts)} texts ({shown}{', ...' if len(texts) > 5 else ''})" if texts else "nothing"


class Replay(Live):
    """The events and figures of a capture that was run again, made by `rtpcodec.replay`."""

    __slots__ = ("differences", "events", "header", "lost_lines", "session", "statistics", "times_ms", "truncated")

    def __init__(self, path: str | PathLike[str]) -> None:
        """Run a capture. Raises CaptureError if it is not a capture or a line is not valid, OSError."""
        with opened(path) as file:
            replaying = Replaying(lines_of(file))
            self.times_ms: list[float] = []
            """Time of each event in ms since the capture's origin."""
            self.events: list[Event] = []
            """All events, in order."""
            for at_ms, event in replaying.events():
                self.times_ms.append(at_ms)
                self.events.append(event)
                replaying.sent.clear()
        self.header = replaying.header
        """The first line: plan and options of the session, and the start of the capture."""
        self.session: MediaSession = replaying.session
        """The session at the end of the capture."""
        self.statistics: Statistics = replaying.session.statistics(replaying.now_ms)
        """Its counters at the end."""
        self.differences: list[str] = replaying.differences
        """Differences between this session and the capture, for example after an update of this package."""
        self.truncated: bool = replaying.truncated
        """Whether the last line is incomplete, because the process was killed."""
        self.lost_lines: int = replaying.lost_lines
        """Lines that were dropped during the capture because its disk was too slow."""


def replay(path: str | PathLike[str]) -> Replay:
    """Run a capture of `Call.capture` or `MediaSession.capture` again, without waiting.

    Args:
        path: The capture file.

    Returns:
        Its events and figures.

    Raises:
        CaptureError: It is not a capture, or a line is not valid; the text has the number of the line.
        OSError: The file cannot be read.
    """
    return Replay(path)

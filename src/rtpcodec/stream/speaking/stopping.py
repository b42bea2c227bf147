"""Stopping: interruption and pause. Both clear the far end; a pause keeps what was not heard, and sends it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Final, Literal

from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.echoes import Cut, CutSettled
from rtpcodec.stream.events import Interrupted, InterruptionSettled, MarkCleared, MarkPlayed, PauseResolved
from rtpcodec.stream.far_end import Heard
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.releasing import Releaser
from rtpcodec.stream.speaking.reply import ENDED, Reply
from rtpcodec.stream.speaking.sent_audio import FADE_MS, SentPiece
from rtpcodec.stream.speaking.spans import CutPoint

REWIND_MS: Final = 20.0
"""Heard twice after a pause, beside the doubt about the cut: a word that was cut is understood again."""
MAX_REWIND_MS: Final = 40.0
"""More would be heard as a stutter."""


@dataclass(slots=True)
class _Stop:
    """One clear, until its final value is known."""

    cut: Cut
    point: CutPoint
    replies: list[Reply]  # those that it ended
    found: Interrupted | None = None  # what `interrupt` returned; None: a pause
    utterance: Reply | None = None  # the reply that was being heard


@dataclass(slots=True)
class _Paused:
    stop: _Stop
    since_ms: float
    until_ms: float
    then: Literal["resume", "discard"]
    taken: list[SentPiece]
    marks: list[tuple[int, str]]  # of the caller, by sent position
    on_end: Callable[[PauseResolved], object]
    cleared_names: set[str] = field(default_factory=set)


class Stopper:
    """Interrupt, pause and resume one stream. Changes all parts. Use from one thread at a time."""

    __slots__ = ("_parts", "_pause", "_releaser", "_returning", "_stops")

    def __init__(self, parts: Parts, releaser: Releaser) -> None:
        """Make it.

        parts: of the stream.
        releaser: of the stream, which sends the clear.
        """
        self._parts = parts
        self._releaser = releaser
        self._pause: _Paused | None = None
        self._stops: list[_Stop] = []
        self._returning: list[str] = []  # marks that were sent again, and whose first echo is still to come

    # Interruption

    def interrupt(self, now_ms: float, what: Literal["all", "current"], also_dropped_ms: float) -> Interrupted:
        """End replies: see MediaSession.interrupt."""
        parts = self._parts
        # 1. A pause ends as discarded: what it kept is dropped like all else.
        kept: list[SentPiece] = []
        if self._pause is not None:
            kept = self._end_pause(self._pause, "discarded", now_ms)
        # 2. Which replies end? Those that the far end has played before the cut have ended already.
        heard = parts.far_end.cut(now_ms)
        speaking = [reply for reply in parts.order if not self._is_over(reply, heard)]
        speaking.extend(reply for reply in _replies_of(kept) if reply not in speaking)
        ending = [reply for reply in (speaking[:1] if what == "current" else speaking) if reply.interruptible]
        staying = [reply for reply in speaking if reply not in ending]
        # 3. Estimate what was heard, before positions change.
        utterance = next((reply for reply in speaking if reply.state != "queued"), None)
        dropped_ms = also_dropped_ms + sum(reply.queued_ms for reply in ending)
        dropped_ms += parts.ms(sum(_unheard_samples(reply, heard) for reply in ending))
        played_ms = 0.0
        if utterance is not None:
            played_ms = parts.ms(utterance.spans.heard_samples(heard.position))
        found = Interrupted(
            played_ms,
            dropped_ms,
            reply_id=None if utterance is None else utterance.id,
            played_uncertainty_ms=heard.uncertainty_ms if utterance is not None else 0.0,
            estimated=heard.estimated,
        )
        # 4. End them, here and at the far end. Sent audio of others is sent again.
        names = [name for reply in ending for name in reply.marks.drop()]
        for reply in ending:
            parts.order.remove(reply)
        if not ending and any(reply.state == "speaking" for reply in staying):
            parts.reports.extend(MarkCleared(name, "interrupt") for name in names)
            parts.reports.append(InterruptionSettled(found, found.played_ms))
            return found
        stop, taken = self._stop(now_ms, ending)
        stop.found, stop.utterance = found, utterance
        for reply in ending:
            reply.become("interrupted")
        parts.reports.extend(MarkCleared(name, "interrupt") for name in names)
        survivors = [sent for sent in taken if sent.reply in staying]
        if survivors:
            self._put_back(survivors, stop.point, REWIND_MS)
        self._settle_ready()
        return found

    def current_reply(self, now_ms: float) -> Reply | None:
        """Return the reply that an interruption of the current one would end; None: there is none."""
        heard = self._parts.far_end.cut(now_ms)
        return next((reply for reply in self._parts.order if not self._is_over(reply, heard)), None)

    def _is_over(self, reply: Reply, heard: Heard) -> bool:
        """Whether a reply will have been heard to its end when the far end is at this position."""
        if reply.line.waiting_samples or reply.more_follows:
            return False
        if reply is self._parts.order.implicit or not reply.closed:
            return reply.state in ENDED
        end = reply.spans.end
        return end is None or heard.position >= end

    def _stop(self, now_ms: float, ending: list[Reply]) -> tuple[_Stop, list[SentPiece]]:
        """Clear the far end. Returns the stop, and the audio that was sent and may not have been heard."""
        parts = self._parts
        dialect = parts.dialect
        fence = None
        if dialect.clear and dialect.marks and parts.own_marks.enabled:
            fence = parts.new_mark(OWN_PREFIX)
        sent_position = parts.far_end.sent_position
        cut = parts.echoes.cleared(now_ms, fence)
        point = CutPoint(cut.heard.position, cut.heard.uncertainty_ms, cut.heard.estimated)
        dropped = sent_position - point.position
        parts.lost_samples += dropped
        parts.idle.rewind(dropped)
        for reply in parts.order:
            reply.spans.cut(point)
        for reply in ending:
            reply.spans.cut(point)
        if dialect.clear:
            self._releaser.put_clear(fence)
        parts.own_marks.cleared()
        parts.packing.reset()
        stop = _Stop(cut, point, ending)
        self._stops.append(stop)
        return stop, parts.sent_audio.take()

    def _put_back(self, taken: list[SentPiece], point: CutPoint, rewind_ms: float) -> None:
        """Send audio again, from a little before the cut, never behind it."""
        parts = self._parts
        rate_hz = parts.sample_rate_hz
        position = point.position - int((point.uncertainty_ms + rewind_ms) * rate_hz / 1000)
        fade_samples = int(FADE_MS * rate_hz / 1000) if taken and position > taken[0].position else 0
        replies = parts.sent_audio.put_back(taken, position, fade_samples)
        parts.order.first(replies)

    # Pause

    @property
    def paused(self) -> bool:
        """Whether a pause is on."""
        return self._pause is not None

    def pause(
        self,
        now_ms: float,
        timeout_ms: float,
        then: Literal["resume", "discard"],
        on_end: Callable[[PauseResolved], object],
    ) -> None:
        """Pause: see MediaSession.pause_playback. LocalProtocolError: a pause is on already."""
        if self._pause is not None:
            raise LocalProtocolError("the playback is paused already, resume or discard that pause first")
        if not timeout_ms > 0:
            raise ValueError(f"the time-out of the pause is {timeout_ms:g} ms, more than 0 is needed")
        if then not in ("resume", "discard"):
            raise ValueError(f"then is {then!r}, 'resume' or 'discard' is needed")
        parts = self._parts
        marks = parts.echoes.users_marks()
        stop, taken = self._stop(now_ms, [])
        parts.paused = True
        self._pause = _Paused(stop, now_ms, now_ms + timeout_ms, then, taken, marks, on_end)

    def resume(self, now_ms: float, rewind_ms: float) -> None:
        """End the pause: what was not heard is sent again, from rewind_ms before the cut. ValueError: out of range."""
        if not REWIND_MS <= rewind_ms <= MAX_REWIND_MS:
            raise ValueError(f"rewind_ms is {rewind_ms:g}, {REWIND_MS:g} to {MAX_REWIND_MS:g} is needed")
        pause = self._pause
        if pause is None:
            return
        self._put_back(pause.taken, pause.stop.point, rewind_ms)
        self._mark_again(pause)
        self._resolve(pause, "resumed", now_ms)

    def discard(self, now_ms: float) -> None:
        """End the pause: what was not heard is dropped, with all that waits."""
        if self._pause is not None:
            self._drop_paused(self._pause, now_ms)

    def _drop_paused(self, pause: _Paused, now_ms: float) -> None:
        parts = self._parts
        kept = self._end_pause(pause, "discarded", now_ms)
        ending = [reply for reply in (*_replies_of(kept), *parts.order) if reply.state not in ENDED]
        ending = [reply for reply in dict.fromkeys(ending) if not self._is_over(reply, pause.stop.cut.heard)]
        for reply in ending:
            names = reply.marks.drop()
            parts.order.remove(reply)
            reply.become("interrupted")
            pause.stop.replies.append(reply)
            parts.reports.extend(MarkCleared(name, "interrupt") for name in names)
        if pause.stop.point.settled:
            self._finish(pause.stop)

    def _end_pause(self, pause: _Paused, outcome: Literal["resumed", "discarded"], now_ms: float) -> list[SentPiece]:
        self._parts.reports.extend(MarkCleared(name, "interrupt") for name in sorted(pause.cleared_names))
        pause.marks.clear()
        self._resolve(pause, outcome, now_ms)
        return pause.taken

    def _resolve(self, pause: _Paused, outcome: Literal["resumed", "discarded"], now_ms: float) -> None:
        self._pause = None
        self._parts.paused = False
        event = PauseResolved(outcome, now_ms - pause.since_ms)
        self._parts.reports.append(event)
        pause.on_end(event)

    def mark_ended(self, event: MarkPlayed | MarkCleared) -> bool:
        """Whether the caller is told that a mark has ended. One that a pause drops is sent again behind its audio."""
        pause = self._pause
        if pause is None:
            if event.name not in self._returning:
                return True
            self._returning.remove(event.name)
            return False
        at = next((at for at, (_, name) in enumerate(pause.marks) if name == event.name), None)
        if at is None:
            return True
        if isinstance(event, MarkPlayed):
            del pause.marks[at]
            return True
        pause.cleared_names.add(event.name)
        return False

    def _mark_again(self, pause: _Paused) -> None:
        """Put the caller's marks back that the clear makes the carrier return, each behind its audio."""
        for position, name in reversed(pause.marks):
            if name not in pause.cleared_names:
                self._returning.append(name)
            found = next((sent for sent in reversed(pause.taken) if sent.position < position), None)
            if found is None or found.reply.state == "interrupted":
                self._parts.reports.append(MarkCleared(name, "interrupt"))
            else:
                found.reply.marks.put_first(name, found.content + position - found.position)

    # Settling

    def settled(self, settled: CutSettled) -> None:
        """Take the final value of a clear."""
        for stop in self._stops:
            if stop.cut.id == settled.cut.id:
                point = stop.point
                self._parts.lost_samples += point.position - settled.heard.position
                point.position = settled.heard.position
                point.uncertainty_ms = settled.heard.uncertainty_ms
                point.estimated = settled.heard.estimated
                point.settled = True
        self._settle_ready()

    def _settle_ready(self) -> None:
        for stop in [stop for stop in self._stops if stop.point.settled]:
            self._stops.remove(stop)
            self._finish(stop)

    def _finish(self, stop: _Stop) -> None:
        """Report the final values of a stop."""
        parts, point = self._parts, stop.point
        for reply in stop.replies:
            reply.settle(point.position, point.uncertainty_ms)
            if reply.explicit:
                parts.reports.append(reply.ended_event())
        if stop.found is not None:
            utterance = stop.utterance
            played = 0 if utterance is None else utterance.spans.heard_samples(point.position)
            parts.reports.append(
                InterruptionSettled(
                    stop.found,
                    parts.ms(played),
                    played_uncertainty_ms=0.0 if utterance is None else point.uncertainty_ms,
                    estimated=point.estimated,
                )
            )

    # Time and end

    def expire(self, now_ms: float) -> None:
        """End a pause whose time is over."""
        pause = self._pause
        if pause is not None and now_ms >= pause.until_ms:
            if pause.then == "resume":
                self.resume(now_ms, REWIND_MS)
            else:
                self.discard(now_ms)

    @property
    def next_ms(self) -> float:
        """When `expire` has something to do; infinity: never by itself."""
        return inf if self._pause is None else self._pause.until_ms

    def end(self, now_ms: float) -> None:
        """End the stream: a pause is resolved as discarded."""
        if self._pause is not None:
            self._end_pause(self._pause, "discarded", now_ms)


def _replies_of(taken: list[SentPiece]) -> list[Reply]:
    return list(dict.fromkeys(sent.reply for sent in taken))


def _unheard_samples(reply: Reply, heard: Heard) -> int:
    """Return how much of a reply was sent, and is not heard when the far end is at this position."""
    return reply.spans.sent_to - reply.spans.heard_to(heard.position)

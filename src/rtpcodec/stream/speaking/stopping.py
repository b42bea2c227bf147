"""Stopping: interruption, pause and suspension. All of them clear the far end; the last two keep the unheard audio.

A *halt* is the state in which a pause, a suspension or both hold replies back. It ends when the last of them ends. The
unheard audio is then sent again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import Final, Literal

from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.events import Interrupted, InterruptionSettled, MarkCleared, MarkPlayed, PauseResolved
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.speaking import stops
from rtpcodec.stream.speaking._states import StopperState
from rtpcodec.stream.speaking.echoes import Cut, CutSettled
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.positions import Heard
from rtpcodec.stream.speaking.releasing import Releaser
from rtpcodec.stream.speaking.reply import Reply
from rtpcodec.stream.speaking.sent_audio import FADE_MS, SentPiece
from rtpcodec.stream.speaking.spans import CutPoint
from rtpcodec.stream.speaking.stops import Halt, HeldAudio, Paused, SentClear, Stop, estimate, is_over, unheard_samples
from rtpcodec.stream.speaking.whole_tones import restart

REWIND_MS: Final = 20.0
"""Audio to repeat after a pause, beyond the uncertainty of the cut, so that a word that was cut is understood."""
MAX_REWIND_MS: Final = 40.0
"""A longer repetition is heard as a stutter."""
PAUSE_DOUBT: Final = 2.6
"""A pause states this multiple of its uncertainty: it resumes at the low end, and the truth may be at the high end."""
SAFE_DOUBT: Final = 1.6
"""A pause resumes this multiple of the uncertainty before the cut: 1 of 100 cuts lies outside the uncertainty."""


class Stopper(StopperState):
    """Interrupts, pauses, suspends and resumes one stream. Changes all parts. Use from one thread at a time."""

    __slots__ = (
        "_halt",
        "_parts",
        "_pause",
        "_releaser",
        "_returning",
        "_stops",
        "_suspended_by",
        "clears",
        "lost_ms",
        "paused_ms",
        "pauses",
    )

    def __init__(self, parts: Parts, releaser: Releaser) -> None:
        """Make the stopper of a stream; releaser: of the same parts."""
        self._parts = parts
        self._releaser = releaser
        self._pause: Paused | None = None
        self._halt: Halt | None = None  # None: replies are sent
        self._suspended_by: set[str] = set()  # the reasons for which replies are suspended
        self.next_ms = inf
        """When `expire` has something to do; infinity: no pause runs."""
        self._stops: list[Stop] = []
        self.clears: list[SentClear] = []
        """The latest clears of this connection. If it lost them, they never acted."""
        self.lost_ms = inf
        """Until when a lost connection worked, while its cuts are settled: clears in transit did not act."""
        self.pauses, self.paused_ms = 0, 0.0
        """The number of ended pauses, and their total duration."""
        self._returning: list[str] = []  # marks that are sent again, and whose first echo is still outstanding

    def interrupt(self, now_ms: float, what: Literal["all", "current"] | Reply, also_dropped_ms: float) -> Interrupted:
        """End replies: see MediaSession.interrupt."""
        if isinstance(what, Reply):
            if not self._can_end(what, now_ms):
                return Interrupted(0.0, 0.0, estimated=False)
        elif what not in ("all", "current"):
            raise ValueError(f"what is {what!r}, 'all' or 'current' is needed")
        parts = self._parts
        # 1. End a pause as discarded. What must not be interrupted is sent again.
        halt = self._halt
        if self._pause is not None:
            self._resolve(self._pause, "discarded", now_ms)
        # 2. Which replies end? Those that the far end will have played before the cut are over already.
        heard = parts.far_end.cut(now_ms)
        sent_again = self._drop_ended()
        speaking = [reply for reply in parts.order if not is_over(reply, heard)]
        chosen = speaking if what == "all" else speaking[:1] if what == "current" else [what]
        ending = [reply for reply in chosen if reply.interruptible]
        staying = [reply for reply in speaking if reply not in ending]
        # 3. Estimate what was heard, before any position changes.
        utterance = next((reply for reply in speaking if reply.state != "queued"), None)
        dropped_samples = sum(stops.left_samples(reply, heard) for reply in ending)
        found = estimate(parts, utterance, heard, also_dropped_ms + parts.ms(dropped_samples))
        # 4. End them here. Clear the far end as well, unless everything that it holds stays.
        names = [name for reply in ending for name in reply.marks.drop()]
        at_far_end = sent_again or any(unheard_samples(reply, heard) for reply in ending)
        for reply in ending:
            parts.order.remove(reply)
        if at_far_end or not any(reply.state == "speaking" for reply in staying):
            marks = parts.echoes.users_marks() if staying else []
            stop, taken = self._stop(now_ms, ending)
            stop.found, stop.utterance = found, utterance
            stops.interrupt_all(ending)
            kept, point = (HeldAudio(taken, marks), stop.point) if halt is None else (halt.kept, halt.stop.point)
            self._send_again(kept, point, staying, REWIND_MS)
            self._halt = None if halt is None else Halt(stop)
        else:
            stops.interrupt_all(ending)
            point = CutPoint(heard.position, heard.uncertainty_ms, heard.estimated)
            self._finish(Stop(Cut(0, heard, now_ms), point, ending, found, utterance))
        self._end_halt(now_ms)
        parts.reports.extend(MarkCleared(name, "interrupt") for name in names)
        return found

    def _can_end(self, reply: Reply, now_ms: float) -> bool:
        """Return whether an interruption of this reply alone would end it."""
        waits = reply.interruptible and any(one is reply for one in self._parts.order)
        return waits and not is_over(reply, self._parts.far_end.cut(now_ms))

    def _drop_ended(self) -> bool:
        """Drop the audio of ended replies that a pause has queued again. Returns whether there was one."""
        parts = self._parts
        ended = [reply for reply in parts.order.waiting if reply.over]
        for reply in ended:
            parts.order.remove(reply)
            reply.queue.drop()
        return bool(ended)

    def current_reply(self, now_ms: float) -> Reply | None:
        """Return the reply that an interruption of the current one would end; None if it does not exist."""
        heard = self._parts.far_end.cut(now_ms)
        return next((reply for reply in self._parts.order if not is_over(reply, heard)), None)

    def _stop(self, now_ms: float, ending: list[Reply], doubt_factor: float = 1.0) -> tuple[Stop, list[SentPiece]]:
        """Clear the far end. Returns the stop, and the sent audio that may be unheard."""
        parts = self._parts
        dialect = parts.dialect
        fence = None
        if dialect.clear and parts.own_marks.enabled and (len(parts.echoes) or not parts.far_end.is_dry):
            fence = parts.new_mark(OWN_PREFIX)
        # 1. Estimate the cut, and limit what counts as heard of all replies.
        sent_position, run = parts.far_end.sent_position, parts.far_end.run
        cut = parts.echoes.cleared(now_ms, fence)
        point = CutPoint(0, 0.0, estimated=False)
        self._place(point, cut.heard, doubt_factor)
        if parts.on_cut is not None:
            parts.on_cut(point, sent_position, now_ms)
        dropped = sent_position - point.position
        parts.lost_samples += dropped
        parts.idle.rewind(dropped)
        for reply in parts.order:
            reply.spans.cut(point)
        for reply in ending:
            reply.spans.cut(point)
        # 2. Send the clear, restart the packing, and keep the stop until it is settled.
        if dialect.clear:
            self._releaser.put_clear(fence)
        parts.own_marks.cleared()
        parts.packing.reset()
        stop = Stop(cut, point, ending, doubt_factor=doubt_factor)
        self._stops.append(stop)
        self.clears = [*self.clears[1 - stops.MAX_CLEARS :], SentClear(stop, run, sent_position)]
        return stop, parts.sent_audio.take()

    def _place(self, point: CutPoint, heard: Heard, doubt_factor: float) -> None:
        """Set a cut point to where the far end was cut."""
        parts = self._parts
        point.position, point.uncertainty_ms = heard.position, heard.uncertainty_ms * doubt_factor
        point.estimated = heard.estimated
        doubt_samples = int(heard.uncertainty_ms * SAFE_DOUBT * parts.sample_rate_hz / 1000)
        point.least = max(heard.position - doubt_samples, min(heard.position, parts.echoes.proven_position))

    def _send_again(self, kept: HeldAudio, point: CutPoint, replies: Sequence[Reply], rewind_ms: float) -> None:
        """Send audio and marks of these replies again, from shortly before the cut."""
        parts = self._parts
        rate_hz = parts.sample_rate_hz
        # 1. The audio, from a whole frame; tones of keys are sent again whole.
        taken = [sent for sent in kept.taken if sent.reply in replies]
        heard_to = point.least
        if taken and taken[-1].position + taken[-1].samples > heard_to:
            position = heard_to - int(rewind_ms * rate_hz / 1000)
            latest = heard_to - int(REWIND_MS * rate_hz / 1000)
            position = parts.sent_audio.frame_before(taken, position, latest)
            fade_samples = int(FADE_MS * rate_hz / 1000) if position > taken[0].position else 0
            keys_position = restart(taken, point.position, parts.packing.frame_samples)
            if keys_position is not None:
                position, fade_samples = keys_position, 0
            parts.order.first(parts.sent_audio.put_back(taken, position, fade_samples))
        # 2. The user marks behind the cut. The carrier may still return marks that the clear dropped: ignore that echo.
        for position, name in reversed(kept.marks):
            before = kept.piece_before(position)
            if before is not None and before.reply in replies:
                if kept.cleared[name]:
                    kept.cleared[name] -= 1
                else:
                    self._returning.append(name)
                if before.reply not in parts.order.waiting:
                    parts.order.first([before.reply])
                before.reply.marks.put_first(name, before.content + position - before.position)
        # 3. Marks that have returned unheard and are not sent again are cleared.
        parts.reports.extend(MarkCleared(name, "interrupt") for name in sorted(kept.cleared.elements()))

    def connection_lost(
        self, point: CutPoint, taken: list[SentPiece], marks: list[tuple[int, str]], *, unacted: bool
    ) -> None:
        """Queue again what a lost connection has not played. Its echoes are lost: each mark ends by its next echo."""
        if unacted and self._halt is not None:  # sent again when the halt ends
            self._halt.kept.taken = taken
        else:
            kept = HeldAudio(taken, marks, Counter(name for _, name in marks))
            self._send_again(kept, point, list(dict.fromkeys(sent.reply for sent in taken)), REWIND_MS)
        self.clears = []
        self._returning.clear()

    # Pause and suspension

    def _begin_halt(self, now_ms: float) -> None:
        """Hold replies back and keep the unheard audio, unless that is already done."""
        if self._halt is not None:
            return
        parts = self._parts
        parts.halts += 1
        parts.paused = True
        # No clear: the far end holds nothing, or tones of keys, which are heard to their end.
        if any(reply.sounds_keys for reply in parts.order) or not (parts.far_end.sent_position or len(parts.echoes)):
            point = CutPoint(0, 0.0, estimated=False, settled=True)
            self._halt = Halt(Stop(Cut(0, parts.far_end.cut(now_ms), now_ms), point, []))
            return
        marks = parts.echoes.users_marks()
        stop, taken = self._stop(now_ms, [], PAUSE_DOUBT)
        self._halt = Halt(stop, HeldAudio(taken, marks))

    def _end_halt(self, now_ms: float, rewind_ms: float = REWIND_MS) -> None:
        """Send replies again, from rewind_ms before the cut, unless a pause or a suspension still runs."""
        halt = self._halt
        if self._pause is not None or self._suspended_by:
            return
        self._parts.paused = False
        if halt is not None:
            self._halt = None
            self._releaser.last_sent_ms = now_ms  # the time-out of unsent marks counts from here
            replies = dict.fromkeys(sent.reply for sent in halt.kept.taken if sent.reply.state != "interrupted")
            self._send_again(halt.kept, halt.stop.point, list(replies), rewind_ms)

    def suspend(self, reason: str, now_ms: float) -> None:
        """Suspend replies: see MediaSession.suspend_speech."""
        self._begin_halt(now_ms)
        self._suspended_by.add(reason)

    def unsuspend(self, reason: str, now_ms: float) -> None:
        """End a suspension; nothing if replies are not suspended for this reason."""
        if reason in self._suspended_by:
            self._suspended_by.remove(reason)
            self._end_halt(now_ms)

    def pause(
        self,
        now_ms: float,
        timeout_ms: float,
        then: Literal["resume", "discard"],
        on_end: Callable[[PauseResolved], object],
    ) -> None:
        """Pause: see MediaSession.pause_playback. Raises: LocalProtocolError if a pause already runs."""
        if self._pause is not None:
            raise LocalProtocolError("the playback is already paused; resume or discard that pause first")
        if not timeout_ms > 0:
            raise ValueError(f"the time-out of the pause is {timeout_ms:g} ms, more than 0 is needed")
        if then not in ("resume", "discard"):
            raise ValueError(f"then is {then!r}, 'resume' or 'discard' is needed")
        self._begin_halt(now_ms)
        self.next_ms = now_ms + timeout_ms
        self._pause = Paused(now_ms, self.next_ms, then, on_end, frozenset(self._parts.order))

    def resume(self, now_ms: float, rewind_ms: float) -> None:
        """End the pause, and send the unheard audio again from rewind_ms before the cut. Raises: ValueError."""
        if not REWIND_MS <= rewind_ms <= MAX_REWIND_MS:
            raise ValueError(f"rewind_ms is {rewind_ms:g}, {REWIND_MS:g} to {MAX_REWIND_MS:g} is needed")
        pause = self._pause
        if pause is not None:
            self._resolve(pause, "resumed", now_ms, rewind_ms)

    def discard(self, now_ms: float) -> None:
        """End the pause, and drop the unheard audio with all that waits.

        Disclosures, and replies that were opened during the pause, are sent. Audio of `play` is dropped: it may come
        from the loop that the pause stopped.
        """
        pause, halt = self._pause, self._halt
        if pause is None or halt is None:
            return
        parts, stop = self._parts, halt.stop
        self._drop_ended()
        speaking = [reply for reply in parts.order if not is_over(reply, stop.cut.heard)]
        ending = [reply for reply in speaking if reply.interruptible and (reply in pause.replies or not reply.explicit)]
        staying = [reply for reply in speaking if reply not in ending]
        names = [name for reply in ending for name in reply.marks.drop()]
        for reply in ending:
            parts.order.remove(reply)
        stops.interrupt_all(ending)
        stop.replies.extend(ending)
        self._send_again(halt.kept, stop.point, staying, REWIND_MS)
        self._halt = Halt(stop)
        parts.reports.extend(MarkCleared(name, "interrupt") for name in names)
        self._resolve(pause, "discarded", now_ms)
        self._end_halt(now_ms)
        if stop.point.settled:
            self._finish(stop)

    def _resolve(
        self, pause: Paused, outcome: Literal["resumed", "discarded"], now_ms: float, rewind_ms: float = REWIND_MS
    ) -> None:
        self._pause = None
        self.next_ms = inf
        if outcome == "resumed":
            self._end_halt(now_ms, rewind_ms)
        event = PauseResolved(outcome, now_ms - pause.since_ms)
        self._parts.reports.append(event)
        self.pauses += 1
        self.paused_ms += event.paused_ms
        pause.on_end(event)

    def mark_ended(self, event: MarkPlayed | MarkCleared) -> bool:
        """Return whether the end of a mark is reported. A mark that a pause drops is sent again."""
        if event.name in self._returning:
            self._returning.remove(event.name)
            return False
        kept = None if self._halt is None else self._halt.kept
        at = None if kept is None else next((at for at, mark in enumerate(kept.marks) if mark[1] == event.name), None)
        if kept is None or at is None:
            return True
        if isinstance(event, MarkPlayed):
            del kept.marks[at]
            return True
        kept.cleared[event.name] += 1
        return False

    # Settling

    def settled(self, settled: CutSettled) -> None:
        """Apply the final value of a clear."""
        for stop in self._stops:
            if stop.cut.id == settled.cut.id:
                point = stop.point
                self._parts.lost_samples += point.position - settled.heard.position
                self._place(point, settled.heard, stop.doubt_factor)
                early_ms = self._parts.far_end.cut_most_ms(stop.cut.at_ms) - self.lost_ms
                if early_ms > 0:  # the connection was lost before the clear could act
                    early = min(point.position, int(early_ms * self._parts.sample_rate_hz / 1000))
                    self._parts.lost_samples += early
                    point.position, point.least = point.position - early, max(0, point.least - early)
                point.settled = True
                self._stops.remove(stop)
                self._finish(stop)
                return

    def _finish(self, stop: Stop) -> None:
        """Report the final values of a stop: of the replies that it ended since the last report."""
        parts, point = self._parts, stop.point
        ended, stop.replies = stop.replies, []
        found, stop.found = stop.found, None
        for reply in ended:
            cut = reply.spans.last_cut or point  # that of an earlier clear, if no audio was sent since
            reply.settle(cut.position, cut.uncertainty_ms)
            if reply.explicit:
                parts.reports.append(reply.ended_event())
        if found is not None:
            utterance = stop.utterance
            played = 0 if utterance is None else utterance.spans.heard_samples(point.position)
            parts.reports.append(
                InterruptionSettled(
                    found,
                    parts.ms(played),
                    played_uncertainty_ms=0.0 if utterance is None else point.uncertainty_ms,
                    estimated=point.estimated,
                )
            )

    # Time and end

    def expire(self, now_ms: float) -> None:
        """End a pause whose time-out has passed."""
        pause = self._pause
        if pause is not None and now_ms >= pause.until_ms:
            if pause.then == "resume":
                self.resume(now_ms, REWIND_MS)
            else:
                self.discard(now_ms)

    def end(self, now_ms: float) -> None:
        """End the stream, and resolve a pause as discarded."""
        halt, self._halt, self.clears = self._halt, None, []
        if halt is not None:
            self._send_again(halt.kept, halt.stop.point, (), 0.0)
        if self._pause is not None:
            self._resolve(self._pause, "discarded", now_ms)
        self._suspended_by.clear()
        self._parts.paused = False

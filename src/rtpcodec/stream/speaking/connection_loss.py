"""A lost line: what of the sent audio was heard when the WebSocket broke, and the rest queued again for the next one.

Nothing can be asked any more: no clear is sent, and no echo will return. The far end is taken to drop what it holds
when its stream loses the socket. In the time in which echoes arrive, that was at a moment between the end of its media,
which shows that the line worked, and now. In a blackout, where nothing passes and nobody notices, this is long: then
the far end has played no more than what had arrived. Clears that were sent meanwhile, by an interruption or a pause,
have not acted: what they took, and what was sent behind them, counts as if they had not been sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from rtpcodec.stream.send_chain import LossReport
from rtpcodec.stream.speaking.feedback import Feedback
from rtpcodec.stream.speaking.parts import Parts
from rtpcodec.stream.speaking.positions import Heard, Window
from rtpcodec.stream.speaking.releasing import Releaser
from rtpcodec.stream.speaking.resolving import Resolver
from rtpcodec.stream.speaking.sent_audio import unheard_of
from rtpcodec.stream.speaking.spans import CutPoint
from rtpcodec.stream.speaking.stopping import SAFE_DOUBT, Stopper
from rtpcodec.stream.speaking.stops import SentClear

SILENT_MS: Final = 500.0
"""Where only pongs show that the line is there, a shorter silence shows nothing: we ping each 250 ms of audio."""


class ConnectionLoss:
    """Ends one line of a stream that speaks. Changes all parts. Use from one thread at a time."""

    __slots__ = ("_feedback", "_parts", "_releaser", "_resolver", "_stopper")

    def __init__(
        self, parts: Parts, releaser: Releaser, stopper: Stopper, feedback: Feedback, resolver: Resolver
    ) -> None:
        """Make it, of the parts of one stream."""
        self._parts = parts
        self._releaser = releaser
        self._stopper = stopper
        self._feedback = feedback
        self._resolver = resolver

    def lost(self, now_ms: float, last_frame_ms: float, media_until_ms: float | None) -> LossReport:
        """Record that the line is lost, and queue again what was not heard.

        now_ms: the time.
        last_frame_ms: when the last frame of the other side arrived.
        media_until_ms: when its media ended, without jitter; None: it sent none of late.
        """
        parts = self._parts
        # 1. Estimate what was heard, before anything changes.
        self._resolver.resolve(now_ms)
        worked_until_ms = self._worked_until_ms(now_ms, last_frame_ms, media_until_ms)
        unacted = self._unacted(worked_until_ms)
        end = parts.far_end.sent_position
        point = self._point(now_ms, worked_until_ms, unacted)
        # 2. No echo will return: open cuts are settled as they are, marks behind unheard audio are sent again.
        marks = parts.echoes.take_uncut()
        self._stopper.lost_ms = worked_until_ms
        found = self._feedback.events_of(parts.echoes.ended())
        self._stopper.lost_ms = inf
        # 3. Cut all that was sent.
        if parts.on_cut is not None:
            parts.on_cut(point, end, now_ms)
        dropped = end - point.position - sum(clear.end - clear.stop.point.position for clear in unacted)
        parts.lost_samples += dropped
        parts.idle.rewind(max(0, dropped))
        for reply in parts.order:
            reply.spans.cut(point)
        parts.far_end.line_lost()
        parts.gate.line_lost(end)
        parts.own_marks.cleared()
        parts.packing.reset()
        self._releaser.end()
        # 4. Queue the rest again.
        everything, taken = parts.sent_audio.take_all()
        taken = everything if unacted else taken
        left = [
            sent.samples - heard
            for sent, heard in unheard_of(taken, point.position)
            if sent.reply.state != "interrupted"
        ]
        for clear in unacted:
            clear.stop.point.replace(point)
        self._stopper.line_lost(point, taken, marks, unacted=bool(unacted))
        self._resolver.wake()
        return LossReport(parts.ms(sum(left)), point.uncertainty_ms, [*found, *self._feedback.take_reports()])

    def mended(self) -> None:
        """Begin on another line: a clear that was asked for meanwhile has nothing to clear there."""
        self._releaser.end()

    def _worked_until_ms(self, now_ms: float, last_frame_ms: float, media_until_ms: float | None) -> float:
        """Return up to when the line has worked for certain, in echo time."""
        if media_until_ms is not None:
            return min(media_until_ms, now_ms)
        # Whoever sends no media and answers no ping shows nothing by its silence.
        return last_frame_ms if self._parts.gate.pongs and now_ms - last_frame_ms >= SILENT_MS else now_ms

    def _unacted(self, worked_until_ms: float) -> list[SentClear]:
        """Return the clears that were sent after the line had broken, and those behind them."""
        far_end = self._parts.far_end
        clears = self._stopper.clears
        for at, clear in enumerate(clears):
            begun = clear.run.first_sent_ms > -inf and clear.end > far_end.proven_position
            if begun and far_end.cut_least_ms(clear.stop.cut.at_ms) > worked_until_ms:
                return clears[at:]
        return []

    def _point(self, now_ms: float, worked_until_ms: float, unacted: Sequence[SentClear]) -> CutPoint:
        """Return where the far end stopped playing, at a moment since the line has worked for certain."""
        parts, far_end = self._parts, self._parts.far_end
        run, end = far_end.run, far_end.sent_position
        if unacted:
            run, end = unacted[0].run, unacted[0].end
        elif far_end.is_dry:
            return CutPoint(end, 0.0, estimated=False, settled=True, least=end)
        if far_end.proven_position >= end:
            return CutPoint(end, 0.0, estimated=False, settled=True, least=end)
        earliest, least = self._heard_at(worked_until_ms, end, now_ms)
        latest = far_end.position_between(run, end, Window(now_ms, now_ms), now_ms)
        # Audio that is not acknowledged has not arrived, unless its acknowledgement was on its way.
        arrived = parts.gate.arrived(far_end.sent_position) + self._samples(far_end.round_trip_ms or 0.0)
        most = min(latest.position + self._samples(latest.uncertainty_ms), arrived, end)
        least = min(least, most)
        position = max(least, min(most, (earliest.position + latest.position) // 2))
        return CutPoint(position, parts.ms(most - least), earliest.estimated, settled=True, least=least)

    def _heard_at(self, at_ms: float, end: int, now_ms: float) -> tuple[Heard, int]:
        """Return what was heard at a moment in echo time, and the position up to which it was heard for certain.

        end: no more was.

        Runs that began within the last round trip were not heard, nor perhaps the end of the one before.
        """
        far_end = self._parts.far_end
        for run in (far_end.run, *reversed(far_end.past_runs)):
            if run.first_sent_ms == -inf or run.start >= end:
                continue
            found = far_end.position_between(run, end, Window(at_ms, at_ms), now_ms)
            least = found.position - self._samples(found.uncertainty_ms * SAFE_DOUBT)
            if max(least, far_end.proven_position) > run.start:
                return found, max(least, far_end.proven_position)
            end = run.start
        return Heard(far_end.proven_position, 0.0, estimated=True), far_end.proven_position

    def _samples(self, ms: float) -> int:
        return int(ms * self._parts.sample_rate_hz / 1000)

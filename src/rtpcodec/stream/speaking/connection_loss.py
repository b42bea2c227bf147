"""A lost connection (WebSocket): estimates how much sent audio was heard, and queues the rest for the next connection.

No evidence will follow: no clear can be sent, and no echo will return. Assumptions:

1. The far end drops its buffer when its stream loses the socket. In echo time, that was between the end of its media,
   which shows that the connection worked, and now.
2. In a blackout, where nothing passes and neither side notices, this interval is long. The far end has then played at
   most the audio that had arrived.
3. Clears that were sent during the blackout, by an interruption or a pause, have not acted. The audio that they
   dropped, and the audio behind them, counts as if they had not been sent.

docs/adr/0029-a-lost-line.md gives the reasons.
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
"""If only pongs show that the connection works, a shorter silence means nothing: we ping once per 250 ms of audio."""


class ConnectionLoss:
    """Handles the loss of one connection of a stream that speaks. Changes all parts. Use from one thread at a time."""

    __slots__ = ("_feedback", "_parts", "_releaser", "_resolver", "_stopper")

    def __init__(
        self, parts: Parts, releaser: Releaser, stopper: Stopper, feedback: Feedback, resolver: Resolver
    ) -> None:
        """Make it from the parts of one stream."""
        self._parts = parts
        self._releaser = releaser
        self._stopper = stopper
        self._feedback = feedback
        self._resolver = resolver

    def lost(self, now_ms: float, last_frame_ms: float, media_until_ms: float | None) -> LossReport:
        """Record that the connection is lost, and queue the unheard audio again.

        Args:
            now_ms: the time.
            last_frame_ms: when the last frame of the other side arrived.
            media_until_ms: when its media ended, without jitter; None: it has sent no media recently.
        """
        parts = self._parts
        # 1. Estimate what was heard, before anything changes.
        self._resolver.resolve(now_ms)
        worked_until_ms = self._worked_until_ms(now_ms, last_frame_ms, media_until_ms)
        unacted = self._unacted(worked_until_ms)
        end = parts.far_end.sent_position
        point = self._point(now_ms, worked_until_ms, unacted)
        # 2. No echo will return: settle open cuts as they are; marks behind unheard audio are sent again.
        marks = parts.echoes.take_uncut()
        self._stopper.lost_ms = worked_until_ms
        found = self._feedback.events_of(parts.echoes.ended())
        self._stopper.lost_ms = inf
        # 3. Cut all sent audio.
        if parts.on_cut is not None:
            parts.on_cut(point, end, now_ms)
        dropped = end - point.position - sum(clear.end - clear.stop.point.position for clear in unacted)
        parts.lost_samples += dropped
        parts.idle.rewind(max(0, dropped))
        for reply in parts.order:
            reply.spans.cut(point)
        parts.far_end.connection_lost()
        parts.gate.connection_lost(end)
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
        self._stopper.connection_lost(point, taken, marks, unacted=bool(unacted))
        self._resolver.check_soon()
        return LossReport(parts.ms(sum(left)), point.uncertainty_ms, [*found, *self._feedback.take_reports()])

    def mended(self) -> None:
        """Start on another connection. A clear that was requested meanwhile has nothing to clear there."""
        self._releaser.end()

    def _worked_until_ms(self, now_ms: float, last_frame_ms: float, media_until_ms: float | None) -> float:
        """Return until when the connection certainly worked, in echo time."""
        if media_until_ms is not None:
            return min(media_until_ms, now_ms)
        # A peer that sends no media and answers no pings shows nothing by its silence.
        return last_frame_ms if self._parts.gate.pongs and now_ms - last_frame_ms >= SILENT_MS else now_ms

    def _unacted(self, worked_until_ms: float) -> list[SentClear]:
        """Return the clears that were sent after the connection had broken."""
        far_end = self._parts.far_end
        clears = self._stopper.clears
        for at, clear in enumerate(clears):
            begun = clear.run.first_sent_ms > -inf and clear.end > far_end.proven_position
            if begun and far_end.cut_least_ms(clear.stop.cut.at_ms) > worked_until_ms:
                return clears[at:]
        return []

    def _point(self, now_ms: float, worked_until_ms: float, unacted: Sequence[SentClear]) -> CutPoint:
        """Return where the far end stopped playing, at some moment since the connection certainly worked."""
        # 1. Everything was heard, or nothing is left?
        parts, far_end = self._parts, self._parts.far_end
        run, end = far_end.run, far_end.sent_position
        if unacted:
            run, end = unacted[0].run, unacted[0].end
        elif far_end.is_dry:
            return CutPoint(end, 0.0, estimated=False, settled=True, least=end)
        if far_end.proven_position >= end:
            return CutPoint(end, 0.0, estimated=False, settled=True, least=end)
        # 2. The positions at the two ends of the interval.
        earliest, least = self._heard_at(worked_until_ms, end, now_ms)
        latest = far_end.position_between(run, end, Window(now_ms, now_ms), now_ms)
        # 3. Unacknowledged audio has not arrived, unless its acknowledgement was in transit.
        arrived = parts.gate.arrived(far_end.sent_position) + self._samples(far_end.round_trip_ms or 0.0)
        most = min(latest.position + self._samples(latest.uncertainty_ms), arrived, end)
        least = min(least, most)
        position = max(least, min(most, (earliest.position + latest.position) // 2))
        return CutPoint(position, parts.ms(most - least), earliest.estimated, settled=True, least=least)

    def _heard_at(self, at_ms: float, end: int, now_ms: float) -> tuple[Heard, int]:
        """Return what was heard at a moment in echo time, and the position up to which audio was certainly heard.

        Runs that began within the last round trip were not heard, and possibly not the end of the run before them.

        at_ms: the moment.
        end: upper bound of the position.
        now_ms: the time.
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

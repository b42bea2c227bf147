"""Outstanding marks: user marks, own marks and fences. Each echo corrects the far end's model; each mark ends once.

The carrier returns a mark (its *echo*) when the audio before it was played, or at once when a clear drops that audio.
Both look alike. A *fence*, an own mark right behind each clear, separates them:

    clear, fence sent        + least round trip            fence returns
    ------|--- caused by play-out ---|--- undecided: held ---|--- none: order is kept ---> echoes arrive

1. Before the clear + the least round trip, play-out caused the echo, unless its audio cannot have been played yet.
2. From then until the fence returns or times out, echoes are held. A held mark counts as played only if its audio ended
   safely before the earliest moment of the cut, otherwise as cleared.
3. A mark before the fence that has not returned by then never will. Reasons: docs/adr/0026-far-end.md.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.events import Diagnosis, MarkCleared, MarkPlayed, UnexpectedMark
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.speaking._states import EchoesState
from rtpcodec.stream.speaking.carrier_habits import CarrierHabits
from rtpcodec.stream.speaking.cuts import FENCE_TIMEOUT_MS, Cut, CutSettled, Effect, OpenCut
from rtpcodec.stream.speaking.far_end import UNKNOWN_ROUND_TRIP_MS, FarEnd
from rtpcodec.stream.speaking.sent_marks import MarkNames, MarkQueue, MissingEcho, SentMark, keep_latest, number_of
from rtpcodec.stream.unsent_marks import MARK_TIMEOUT_MS

__all__ = ["Cut", "CutSettled", "EchoOutcome", "Echoes"]

OWN_MARK_TIMEOUT_MS: Final = 1000.0
"""An own mark times out when it is overdue by this."""

EchoOutcome = MarkPlayed | MarkCleared | UnexpectedMark | CutSettled | Diagnosis


class Echoes(EchoesState):
    """Tracks the outstanding marks. Every method that can end a mark returns the resulting events in order.

    Times are in ms of the caller's clock. Use from one thread at a time.
    """

    __slots__ = (
        "_cut_count",
        "_cuts",
        "_far_end",
        "_habits",
        "_late",
        "_late_fences",
        "_missing",
        "_names",
        "_number",
        "_own",
        "_users",
    )

    def __init__(self, far_end: FarEnd) -> None:
        self._far_end = far_end
        self._habits = CarrierHabits()
        self._names = MarkNames()
        self._users = MarkQueue()
        self._own = MarkQueue()
        self._missing = MissingEcho()
        self._cuts: deque[OpenCut] = NO_ITEMS
        self._late: dict[str, SentMark] = {}
        self._late_fences: dict[str, OpenCut] = {}
        self._number = self._cut_count = 0

    def __len__(self) -> int:
        return self._users.count + self._own.count

    def users_marks(self) -> list[tuple[int, str]]:
        """Return sent position and name of the outstanding user marks that no clear follows, in their order."""
        return self._users.uncut()

    def take_uncut(self) -> list[tuple[int, str]]:
        """End the marks of `users_marks`, because their echoes will not return. Call `ended` next."""
        return self._users.take_uncut()

    def awaits(self, position: int) -> bool:
        """Return whether the echo of an outstanding mark would prove that all audio up to a position was played."""
        return self._own.reaches(position) or self._users.reaches(position)

    @property
    def proven_position(self) -> int:
        """Sent position up to which echoes prove that audio was played."""
        return self._far_end.proven_position

    # Sending

    def sent(self, name: str, now_ms: float) -> None:
        """Add a mark that is sent now, behind all audio sent so far.

        name: its name; own marks begin with OWN_PREFIX.
        now_ms: the time.
        """
        far_end = self._far_end
        own = name.startswith(OWN_PREFIX)
        queue = self._own if own else self._users
        last = queue.last
        end_ms = max(far_end.remote_end_ms, now_ms)
        if last is not None and last.end_ms > end_ms and last.cut is None:
            end_ms = last.end_ms
        dry = far_end.is_dry or now_ms > far_end.remote_end_ms + far_end.echo_doubt_ms
        self._number += 1
        mark = SentMark(name, self._number, far_end.sent_position, far_end.run, end_ms, now_ms, own, dry)
        queue.put(mark)
        self._names.add(mark)
        if queue.count == 1:
            self._schedule()

    def cleared(self, now_ms: float, fence: str | None) -> Cut:
        """Record that a clear is sent now, here and in the far end's model.

        now_ms: the time.
        fence: the name of the mark that is sent right behind it; None: no fence is sent.
        Returns: the estimate. CutSettled follows with the final value.
        """
        far_end = self._far_end
        self._cut_count += 1
        cut = Cut(self._cut_count, far_end.cut(now_ms), now_ms)
        self._number += 1
        opened = OpenCut(cut, far_end, fence, self._number)
        far_end.cleared(now_ms)
        self._users.cut(opened)
        self._own.cut(opened)
        if self._cuts is NO_ITEMS:
            self._cuts = deque()
        self._cuts.append(opened)
        self._schedule()
        return cut

    # Echoes

    def echoed(self, name: str, now_ms: float) -> list[EchoOutcome]:
        """Record a mark that the carrier returned."""
        for fenced in self._cuts:
            if fenced.fence == name:
                return self._fence_returned(fenced, now_ms)
        mark = self._names.pop(name)
        if mark is None:
            return self._returned_late(name, now_ms)
        self._habits.echoes += 1
        # 1. The carrier keeps the order: fences and own marks before this one are lost.
        outcomes = self._overtaken(mark, now_ms)
        # 2. Could a clear have caused it? Hold it until the fence returns.
        cut = mark.cut
        if cut is not None and not cut.settled and now_ms >= cut.earliest_ms(self._far_end):
            mark.echo_ms = now_ms
            cut.held(mark.position, mark.run, now_ms, self._far_end)
            return outcomes
        # 3. Otherwise the mark ends here, as played or as cleared.
        self._queue_of(mark).end(mark)
        if cut is None or self._was_played(mark, cut, now_ms):
            outcomes += self._played(mark, now_ms)
        else:
            cut.held(mark.position, mark.run, now_ms, self._far_end)
            outcomes += self._dropped(mark, "interrupt")
        self._schedule()
        return outcomes

    def _queue_of(self, mark: SentMark) -> MarkQueue:
        return self._own if mark.own else self._users

    def _was_played(self, mark: SentMark, cut: OpenCut, echo_ms: float) -> bool:
        """Return whether play-out caused the echo of a mark before a clear. In doubt, the clear did."""
        far_end = self._far_end
        earliest_ms = cut.earliest_ms(far_end)
        if mark.dry or far_end.echoes_ignored or self._habits.is_late:
            return echo_ms < earliest_ms
        if mark.run.base_ms is None:
            return echo_ms < earliest_ms and not far_end.is_early(mark.run, mark.position, echo_ms)
        expected_ms, doubt_ms = far_end.echo_ms(mark.run, mark.position), far_end.echo_doubt_ms
        if echo_ms < expected_ms - doubt_ms:
            return False
        # Played: it returned before the cut can have acted, or in time with audio that ended safely before.
        return echo_ms < earliest_ms or (expected_ms + doubt_ms < earliest_ms and echo_ms <= expected_ms + doubt_ms)

    def _played(self, mark: SentMark, echo_ms: float) -> list[EchoOutcome]:
        """End a mark whose audio was played, and correct the model by its echo."""
        far_end, habits = self._far_end, self._habits
        outcomes: list[EchoOutcome] = [] if mark.own else [MarkPlayed(mark.name)]
        found: Diagnosis | None = None
        # A mark that found the far end dry measures the round trip, and shows no position.
        if mark.dry:
            if mark.cut is None and echo_ms - mark.sent_ms < OWN_MARK_TIMEOUT_MS:
                far_end.round_trip(echo_ms - mark.sent_ms, echo_ms)
            if mark.cut is None and not far_end.echoes_ignored:
                far_end.proven_position = max(far_end.proven_position, mark.position)
            return outcomes
        verdict = far_end.echoed(mark.run, mark.position, echo_ms)
        if verdict == "followed":
            habits.followed()
        elif verdict == "late":
            found = habits.late(echo_ms - mark.end_ms, echo_ms)
        elif verdict == "early":
            found = habits.early(mark.end_ms - echo_ms)
            if found is not None:
                far_end.ignore_echoes()
        else:
            # This carrier returns marks on receipt, which takes one round trip.
            far_end.round_trip(echo_ms - mark.sent_ms, echo_ms)
        if verdict in ("followed", "late"):
            far_end.proven_position = max(far_end.proven_position, mark.position)
        return outcomes if found is None else [*outcomes, found]

    def _dropped(self, mark: SentMark, reason: Literal["interrupt", "timeout", "stop"]) -> list[EchoOutcome]:
        return [] if mark.own else [MarkCleared(mark.name, reason)]

    def _overtaken(self, mark: SentMark, now_ms: float) -> list[EchoOutcome]:
        """End the fences and own marks that were sent before this mark and have not returned."""
        outcomes: list[EchoOutcome] = []
        while self._cuts and self._cuts[0].number < mark.number:
            outcomes += self._fence_lost(now_ms)
        lost = self._own.first
        while lost is not None and lost.number < mark.number and lost.echo_ms is None:
            self._own.end(lost)
            self._names.remove(lost)
            found = self._habits.overtaken()
            if found is not None:
                outcomes.append(found)
            lost = self._own.first
        return outcomes

    def _fence_lost(self, now_ms: float) -> list[EchoOutcome]:
        """Settle the first cut without its fence: a mark that was sent behind the fence has returned."""
        cut = self._cuts[0]
        found = None if cut.fence is None else self._habits.overtaken()
        outcomes = self._settle(cut, None, now_ms)
        return outcomes if found is None else [*outcomes, found]

    def _returned_late(self, name: str, now_ms: float) -> list[EchoOutcome]:
        """Use the echo of a timed-out own mark or fence. Report a mark that was never sent."""
        mark = self._late.pop(name, None)
        if mark is not None:
            self._habits.echoes += 1
            return self._played(mark, now_ms) if mark.cut is None else []
        cut = self._late_fences.pop(name, None)
        if cut is not None:
            self._habits.echoes += 1
            if not self._habits.excuses_fence and cut.effect(self._far_end, now_ms) == "ignored":
                return self._ignored(cut, now_ms)
            return []
        if name.startswith(OWN_PREFIX) or self._names.has_ended(name):
            return []
        return [UnexpectedMark(name)]

    # Cuts

    def _fence_returned(self, cut: OpenCut, now_ms: float) -> list[EchoOutcome]:
        self._habits.echoes += 1
        outcomes: list[EchoOutcome] = []
        while self._cuts[0] is not cut:
            outcomes += self._fence_lost(now_ms)
        outcomes += self._settle(cut, now_ms, now_ms)
        self._schedule()
        return outcomes

    def _settle(self, cut: OpenCut, fence_ms: float | None, until_ms: float | None) -> list[EchoOutcome]:
        """Settle the first cut, and end the marks before it whose outcome is decided.

        cut: the cut.
        fence_ms: when its fence returned; None: it is lost.
        until_ms: when the fence or a later mark returned: earlier marks will not return any more; None: none returned.
        """
        far_end, habits = self._far_end, self._habits
        self._cuts.popleft()
        cut.settled = True
        effect = cut.effect(far_end, fence_ms)
        diagnoses: list[EchoOutcome] = []
        # 1. The fence measures the round trip, or shows an unusual clear.
        if effect == "ignored":
            diagnoses += self._ignored(cut, until_ms or cut.expected_end_ms)
        elif fence_ms is not None and effect == "usual":
            far_end.round_trip(fence_ms - cut.at_ms, fence_ms)
            if far_end.hold_ms is None:
                far_end.learn_hold(cut.run)
        elif fence_ms is not None and effect == "slow" and not habits.excuses_fence:
            found = habits.clear_slow(fence_ms - cut.at_ms, far_end.round_trip_bound_ms)
            diagnoses += [] if found is None else [found]
        # 2. End the marks before it, in the order of sending.
        outcomes = self._decide(cut, effect, until_ms, diagnoses)
        # 3. Compute the final position from all that is known now.
        outcomes.append(CutSettled(cut.cut, cut.heard(far_end, effect, until_ms)))
        return outcomes + diagnoses

    def _decide(
        self, cut: OpenCut, effect: Effect, until_ms: float | None, diagnoses: list[EchoOutcome]
    ) -> list[EchoOutcome]:
        """End the marks before a cut that have returned or will not return. Returns their events."""
        far_end = self._far_end
        outcomes: list[EchoOutcome] = []
        returned = lost = lost_before = 0
        acted_ms = cut.at_ms + (far_end.round_trip_ms or 0.0)
        for mark in sorted((*self._users.before(cut.number), *self._own.before(cut.number)), key=number_of):
            # Was its audio still to be played when the clear acted?
            unplayed = far_end.echo_ms(mark.run, mark.position) + far_end.echo_doubt_ms > acted_ms
            if mark.echo_ms is not None:
                self._queue_of(mark).end(mark)
                if effect == "ignored" or self._was_played(mark, cut, mark.echo_ms):
                    outcomes += self._played(mark, mark.echo_ms)
                else:
                    outcomes += self._dropped(mark, "interrupt")
                returned += unplayed
            elif until_ms is not None:
                self._queue_of(mark).end(mark)
                self._names.remove(mark)
                outcomes += self._dropped(mark, "interrupt" if unplayed else "timeout")
                lost += unplayed
                lost_before += not unplayed
        if until_ms is not None:
            found = self._habits.cleared(returned, lost, all_missing=not lost_before)
            diagnoses += [] if found is None else [found]
        return outcomes

    def _ignored(self, cut: OpenCut, until_ms: float) -> list[EchoOutcome]:
        self._far_end.not_cleared(cut.run, cut.end)
        found = self._habits.clear_ignored(until_ms - cut.at_ms)
        return [] if found is None else [found]

    # Ends without an echo

    def expired(self, now_ms: float) -> list[EchoOutcome]:
        """End the marks and cuts whose echo is overdue."""
        outcomes: list[EchoOutcome] = []
        # 1. User marks. A mark that has returned waits for its cut to settle.
        while (mark := self._users.first) is not None and mark.echo_ms is None and self._timeout_ms(mark) <= now_ms:
            self._users.end(mark)
            self._names.remove(mark)
            outcomes += self._dropped(mark, "timeout" if mark.cut is None else "interrupt")
        # 2. Cuts whose fence timed out.
        while self._cuts and self._cut_deadline_ms(self._cuts[0]) <= now_ms:
            cut = self._cuts[0]
            if cut.fence is not None:
                keep_latest(self._late_fences, cut.fence, cut)
            outcomes += self._settle(cut, None, None)
        # 3. Own marks. Their late echoes are still recognized.
        while (mark := self._own.first) is not None and mark.echo_ms is None and self._timeout_ms(mark) <= now_ms:
            self._own.end(mark)
            self._names.remove(mark)
            keep_latest(self._late, mark.name, mark)
            found = self._habits.expired(self._timeout_ms(mark) - OWN_MARK_TIMEOUT_MS, now_ms)
            outcomes += [] if found is None else [found]
        self._schedule()
        return outcomes

    def refused(self, now_ms: float) -> list[EchoOutcome]:
        """Record the carrier's error 100005, too many messages. One mark will not return."""
        found = self._habits.refused()
        return [] if found is None else [found]

    def ended(self) -> list[EchoOutcome]:
        """End all marks and cuts, because the stream has ended."""
        outcomes: list[EchoOutcome] = []
        for mark in self._users.before(self._number + 1):
            self._users.end(mark)
            if mark.echo_ms is not None and mark.cut is not None and self._was_played(mark, mark.cut, mark.echo_ms):
                outcomes += self._played(mark, mark.echo_ms)
            else:
                outcomes += self._dropped(mark, "stop" if mark.cut is None else "interrupt")
        while self._cuts:
            outcomes += self._settle(self._cuts[0], None, None)
        for mark in self._own.before(self._number + 1):
            self._own.end(mark)
        self._names.clear()
        self._schedule()
        return outcomes

    # Deadlines

    def _timeout_ms(self, mark: SentMark) -> float:
        """Return when a mark times out."""
        at_ms = None if mark.cut is None else mark.cut.at_ms
        if not mark.own:
            return (mark.end_ms if at_ms is None else min(mark.end_ms, at_ms)) + MARK_TIMEOUT_MS
        far_end = self._far_end
        at_dry_ms = mark.sent_ms + (far_end.round_trip_ms or 0.0)
        expected_ms = at_dry_ms if mark.dry else far_end.echo_ms(mark.run, mark.position)
        if at_ms is not None:
            expected_ms = min(expected_ms, at_ms + (far_end.round_trip_ms or UNKNOWN_ROUND_TRIP_MS))
        return expected_ms + OWN_MARK_TIMEOUT_MS

    def _cut_deadline_ms(self, cut: OpenCut) -> float:
        if cut.fence is None and not self:
            return cut.at_ms
        return cut.at_ms + (self._far_end.round_trip_ms or UNKNOWN_ROUND_TRIP_MS) + FENCE_TIMEOUT_MS

    def _schedule(self) -> None:
        """Recompute the next deadline and the overdue time, which the first mark of each kind decides."""
        users, own = self._users.first, self._own.first
        deadline_ms = float("inf")
        if users is not None and users.echo_ms is None:
            deadline_ms = self._timeout_ms(users)
        if own is not None and own.echo_ms is None:
            deadline_ms = min(deadline_ms, self._timeout_ms(own))
        if self._cuts:
            deadline_ms = min(deadline_ms, self._cut_deadline_ms(self._cuts[0]))
        self.next_deadline_ms = deadline_ms
        self._far_end.overdue_from_ms = self._missing.from_ms(own, self._far_end)

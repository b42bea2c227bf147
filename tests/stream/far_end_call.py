"""A call between the far end's model and the simulator's play-out, on a clock that the test moves.

The app's side is FarEnd, Echoes and OwnMarks with a plain loop that sends audio when it is due. The carrier's side is
the simulator's Playout and MarkEchoes behind two LinkClocks. Nothing waits: events happen in the order of their time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from rtpcodec.sim.media.link import LinkClock
from rtpcodec.sim.media.marks import MarkEchoes
from rtpcodec.sim.media.playout import Playout
from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.media.timing import Link
from rtpcodec.sim.media.variations import ClearHabits, MarkHabits
from rtpcodec.stream.events import Diagnosis
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.speaking.echoes import Cut, CutSettled, Echoes, EchoOutcome
from rtpcodec.stream.speaking.far_end import FarEnd
from rtpcodec.stream.speaking.own_marks import OwnMarks

RATE_HZ = 8000
MESSAGE_MS = 20.0
MESSAGE = RATE_HZ // 50
_PCM = bytes(2 * MESSAGE)
_LINK = Link()
_MARKS = MarkHabits()
_CLEARS = ClearHabits()


@dataclass
class ModelledCall:
    """One call. Times are in ms, positions in samples."""

    up: Link = _LINK
    down: Link = _LINK
    hold_ms: float = 0.0
    clock_ppm: float = 0.0
    marks: MarkHabits = _MARKS
    clears: ClearHabits = _CLEARS
    lead_ms: float | None = 400.0
    seed: str = "1"
    ping_ms: float | None = 1000.0
    """Interval of the pings that measure the round trip; None: none."""
    kept_ms: float | None = 2000.0
    fences: bool = True
    watch: Callable[[ModelledCall], None] | None = None
    """Called at each arrival of audio."""

    now_ms: float = 0.0
    outcomes: list[tuple[float, EchoOutcome]] = field(default_factory=list)
    truths: dict[int, int] = field(default_factory=dict)
    """By cut: the sent position up to which audio was heard."""
    caused: dict[str, bool] = field(default_factory=dict)
    """By returned mark: whether a clear caused its return."""
    cuts: list[Cut] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.far_end = FarEnd(RATE_HZ)
        self.echoes = Echoes(self.far_end)
        self.own = OwnMarks(RATE_HZ)
        self.playout = Playout(RATE_HZ, 0.0, self.hold_ms, clock_ppm=self.clock_ppm, kept_ms=self.kept_ms)
        self.mark_echoes = MarkEchoes(self.marks, self.playout, self.seed)
        self._up = LinkClock(self.up, f"{self.seed}/up", 0.0)
        self._down = LinkClock(self.down, f"{self.seed}/down", 0.0)
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._name_count = 0
        self._queued = 0
        self._blocked_until_ms = 0.0
        self._cut_end = 0
        self._chunks: list[tuple[int, int, int]] = []  # sent position, position in the play-out, samples
        self._dropped_marks: dict[str, int] = {}
        self._positions: dict[str, int] = {}
        self._next_wake_ms = self._next_mark_ms = self._deadline_ms = float("inf")
        if self.ping_ms is not None:
            self.at(0.0, self._ping)

    # The clock

    def at(self, at_ms: float, action: Callable[[], None]) -> None:
        """Schedule an action."""
        self._count += 1
        heapq.heappush(self._agenda, (at_ms, self._count, action))

    def run(self, until_ms: float) -> None:
        """Run all actions up to a time."""
        while self._agenda and self._agenda[0][0] <= until_ms:
            at_ms, _, action = heapq.heappop(self._agenda)
            self.now_ms = max(self.now_ms, at_ms)
            self._return_marks()
            action()
            self._return_marks()
        self.now_ms = until_ms

    def block(self, duration_ms: float) -> None:
        """Stop the app from now on: it neither sends nor reads."""
        self._blocked_until_ms = self.now_ms + duration_ms

    def _unblocked(self, action: Callable[[], None]) -> bool:
        if self.now_ms >= self._blocked_until_ms:
            return True
        self.at(self._blocked_until_ms, action)
        return False

    # The app

    def play(self, duration_ms: float) -> None:
        """Queue a reply."""
        self._queued += round(duration_ms / MESSAGE_MS)
        self.own.begin_reply()
        self._send()

    def mark(self, name: str) -> None:
        """Send a mark of the user after all sent audio."""
        self.echoes.sent(name, self.now_ms)
        self._put_mark(name)

    def clear(self) -> Cut:
        """Interrupt: drop the queue and send a clear."""
        self._queued = 0
        fence = self._own_name() if self.fences else None
        cut = self.echoes.cleared(self.now_ms, fence)
        self.cuts.append(cut)
        end = self.far_end.sent_position
        self.at(self._up.arrival_ms(self.now_ms), lambda: self._clear(cut, end))
        if fence is not None:
            self._put_mark(fence)
        self._wake()
        return cut

    def interrupt(self) -> None:
        """Interrupt, and continue with another reply of one minute."""
        self.clear()
        self.play(60_000)

    def _own_name(self) -> str:
        self._name_count += 1
        return f"{OWN_PREFIX}{self._name_count}"

    def _send(self) -> None:
        if not self._unblocked(self._send):
            return
        far_end, own = self.far_end, self.own
        while self._queued:
            due_ms = far_end.due_ms(MESSAGE, self.lead_ms)
            if due_ms > self.now_ms:
                if due_ms < self._next_wake_ms or self._next_wake_ms <= self.now_ms:
                    self._next_wake_ms = due_ms
                    self.at(due_ms, self._send)
                break
            self._queued -= 1
            position = far_end.sent_position
            far_end.sent(MESSAGE, self.now_ms)
            self.at(self._up.arrival_ms(self.now_ms), lambda position=position: self._hear(position))  # type: ignore[misc]
            self._own_mark()
        if own.due_ms is not None and not self._queued:
            self.at(own.due_ms, self._own_mark)
        self._wake()

    def _own_mark(self) -> None:
        position = self.far_end.sent_position
        if self.own.wanted(position, self.now_ms, last=not self._queued):
            name = self._own_name()
            self.echoes.sent(name, self.now_ms)
            self.own.sent(position, self.now_ms)
            self._put_mark(name)
            self._wake()

    def _put_mark(self, name: str) -> None:
        self._positions[name] = self.far_end.sent_position
        self.at(self._up.arrival_ms(self.now_ms), lambda: self._place(name))

    def _wake(self) -> None:
        deadline_ms = self.echoes.next_deadline_ms
        if deadline_ms is not None and deadline_ms != self._deadline_ms:
            self._deadline_ms = deadline_ms
            self.at(max(deadline_ms, self.now_ms), self._expire)

    def _expire(self) -> None:
        deadline_ms = self.echoes.next_deadline_ms
        if deadline_ms is not None and deadline_ms <= self.now_ms and self._unblocked(self._expire):
            self._note(self.echoes.expired(self.now_ms))
            self._wake()

    def _echoed(self, name: str) -> None:
        if self._unblocked(lambda: self._echoed(name)):
            self._note(self.echoes.echoed(name, self.now_ms))
            self._send()
            self._wake()

    def _refused(self) -> None:
        self.own.refused()
        self._note(self.echoes.refused(self.now_ms))

    def _note(self, outcomes: list[EchoOutcome]) -> None:
        self.outcomes += [(self.now_ms, outcome) for outcome in outcomes]

    def _ping(self) -> None:
        assert self.ping_ms is not None
        self.at(self.now_ms + self.ping_ms, self._ping)
        if self.now_ms < self._blocked_until_ms:
            return
        sent_ms = self.now_ms
        self.at(self._up.arrival_ms(sent_ms), lambda: self._pong(sent_ms))

    def _pong(self, sent_ms: float) -> None:
        self.at(self._down.arrival_ms(self.now_ms), lambda: self.far_end.round_trip(self.now_ms - sent_ms, self.now_ms))

    # The carrier

    def _hear(self, position: int) -> None:
        self.playout.play(_PCM, self.now_ms)
        end = self._playout_end()
        self._chunks.append((position, end - MESSAGE, MESSAGE))
        if self.kept_ms is not None and len(self._chunks) > 2000:
            del self._chunks[:1000]
        if self.watch is not None:
            self.watch(self)

    def _playout_end(self) -> int:
        playout = self.playout
        return playout.position(self.now_ms) + round(playout.queued_ms(self.now_ms) * RATE_HZ / 1000)

    def _place(self, name: str) -> None:
        try:
            self.mark_echoes.place(name, self.now_ms)
        except RefusedMessage:
            self.at(self._down.arrival_ms(self.now_ms), self._refused)
        self._return_marks()

    def _clear(self, cut: Cut, end: int) -> None:
        after_ms = self.clears.late_ms
        moment = self.playout.position(self.now_ms + after_ms)
        if self.clears.effect != "ignored":
            if self.clears.effect == "no_marks":
                self.playout.drop_marks(self.now_ms)
            self.playout.clear(self.now_ms, after_ms)
            kept = [(at, start, min(samples, moment - start)) for at, start, samples in self._chunks if start < moment]
            last = max((at + samples for at, _, samples in kept), default=0)
            self.truths[cut.id] = max(last, self._cut_end)
            self._cut_end = end
            for name, position in self._positions.items():
                self._dropped_marks.setdefault(name, last) if position > last and position <= end else None
            self._chunks = kept
            if not any(samples < MESSAGE for _, _, samples in kept) and last == end:
                self.truths[cut.id] = end
        else:
            self.truths[cut.id] = end

    def _return_marks(self) -> None:
        while (next_ms := self.mark_echoes.next_ms) is not None and next_ms <= self.now_ms:
            name = self.mark_echoes.pop()
            self.caused[name] = name in self._dropped_marks
            self.at(self._down.arrival_ms(next_ms), lambda name=name: self._echoed(name))  # type: ignore[misc]
        if next_ms is not None and next_ms != self._next_mark_ms:
            self._next_mark_ms = next_ms
            self.at(next_ms, lambda: None)

    def heard(self) -> int:
        """Return the sent position that the caller has heard."""
        moment = self.playout.position(self.now_ms)
        return max(
            (at + min(samples, moment - start) for at, start, samples in self._chunks if start < moment), default=0
        )

    # Results

    def settled(self) -> dict[int, CutSettled]:
        """Return the final values by cut; each exists once."""
        found = [outcome for _, outcome in self.outcomes if isinstance(outcome, CutSettled)]
        by_id = {outcome.cut.id: outcome for outcome in found}
        assert len(by_id) == len(found)
        return by_id

    def kinds(self) -> list[str]:
        """Return the kinds of the diagnoses."""
        return [outcome.kind for _, outcome in self.outcomes if isinstance(outcome, Diagnosis)]

    def error_ms(self, cut_id: int) -> float:
        """Return the difference of the final position from the true one."""
        return (self.settled()[cut_id].heard.position - self.truths[cut_id]) * 1000 / RATE_HZ

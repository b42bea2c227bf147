"""Random calls of replies, pauses, suspensions, interruptions and marks: all of them end once, nothing is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import events
from rtpcodec.errors import ReplyInterrupted
from rtpcodec.stream.speaking.pause import Pause
from rtpcodec.stream.speaking.reply import ENDED, Reply
from tests.stream.talking import MS, Talk, samples, talk

MOST_REPLIES = 4
CHUNK = 2000
"""Samples of one play at most, and the numbers that each play has for itself."""

operations = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 400)),
        st.tuples(st.just("open"), st.integers(0, 3)),
        st.tuples(st.just("play"), st.integers(0, 99)),
        st.tuples(st.just("implicit"), st.integers(1, 900)),
        st.tuples(st.just("end"), st.integers(0, 99)),
        st.tuples(st.just("mark"), st.just(0)),
        st.tuples(st.just("interrupt"), st.integers(0, 1)),
        st.tuples(st.just("pause"), st.integers(0, 1)),
        st.tuples(st.just("resume"), st.integers(20, 40)),
        st.tuples(st.just("discard"), st.just(0)),
        st.tuples(st.just("suspend"), st.integers(0, 1)),
        st.tuples(st.just("unsuspend"), st.integers(0, 1)),
    ),
    max_size=40,
)


@dataclass
class Model:
    """The method calls, and their expected results."""

    talk: Talk = field(default_factory=talk)
    replies: list[Reply] = field(default_factory=list)
    given: dict[str, list[int]] = field(default_factory=dict)
    """The samples of each reply."""
    first: int = 0
    marks: int = 0
    interruptions: int = 0
    pauses: list[Pause] = field(default_factory=list)

    def take(self, count: int) -> bytes:
        pcm = samples(self.first, count)
        self.first += count
        return pcm

    def wait(self, ms: int) -> None:
        self.talk.run(self.talk.now_ms + ms)

    def open(self, which: int) -> None:
        if len(self.replies) < MOST_REPLIES:
            reply = self.talk.session.reply(interruptible=which > 0)
            self.replies.append(reply)
            self.given[reply.id or ""] = []

    def play(self, which: int) -> None:
        if not self.replies or self.first > 28_000:
            return
        reply = self.replies[which % len(self.replies)]
        count = 1 + which * 17 % 1200
        if reply.state == "interrupted":
            try:
                reply.play(bytes(2))
            except ReplyInterrupted:
                return
            raise AssertionError("an interrupted reply takes audio")
        if not reply.closed:
            begin = self.first
            reply.play(self.take(count))
            self.given[reply.id or ""] += range(begin + 1, begin + 1 + count)

    def implicit(self, count: int) -> None:
        if self.first < 28_000:
            self.talk.session.play(self.take(count))

    def end(self, which: int) -> None:
        if self.replies:
            self.replies[which % len(self.replies)].end()

    def mark(self, _amount: int) -> None:
        self.talk.session.mark()
        self.marks += 1

    def interrupt(self, all_of_them: int) -> None:
        self.talk.session.interrupt(self.talk.now_ms, what="all" if all_of_them else "current")
        self.interruptions += 1
        self.talk.step()

    def pause(self, resumes: int) -> None:
        if not self.pauses or self.pauses[-1].resolved is not None:
            pause = self.talk.session.pause_playback(self.talk.now_ms, 700.0, "resume" if resumes else "discard")
            self.pauses.append(pause)
            self.talk.step()

    def resume(self, rewind_ms: int) -> None:
        if self.pauses:
            self.pauses[-1].resume(self.talk.now_ms, float(rewind_ms))

    def discard(self, _amount: int) -> None:
        if self.pauses:
            self.pauses[-1].discard(self.talk.now_ms)

    def suspend(self, reason: int) -> None:
        self.talk.session.suspend_speech(str(reason), self.talk.now_ms)
        self.talk.step()

    def unsuspend(self, reason: int) -> None:
        self.talk.session.resume_speech(str(reason), self.talk.now_ms)

    def finish(self) -> None:
        """Run until everything is heard."""
        for reason in range(2):
            self.unsuspend(reason)
        self.talk.session.flush()
        for reply in self.replies:
            reply.end()
        self.talk.run(self.talk.now_ms + 12_000.0)

    def check(self) -> None:
        session, now_ms = self.talk.session, self.talk.now_ms
        assert session.queued_ms >= 0
        assert 0 <= session.heard_ms(now_ms) <= session.position_ms + 1e-6
        for reply in self.replies:
            assert 0 <= reply.played_ms(now_ms) <= reply.sent_ms + 1e-6


@settings(max_examples=200, deadline=None)
@given(operations, st.sampled_from([(0.0, 0.0, 0.0), (10.0, 10.0, 60.0), (20.0, 120.0, 0.0), (120.0, 20.0, 200.0)]))
def test_everything_ends_once(found: list[tuple[str, int]], line: tuple[float, float, float]) -> None:
    model = Model()
    one = model.talk
    one.up_ms, one.down_ms, one.far_end.hold_ms = line
    for what, amount in found:
        getattr(model, what)(amount)
        model.check()
    model.finish()
    # 1. Nothing waits any more.
    assert one.session.queued_ms == 0.0
    assert one.session.next_deadline_ms is None
    assert one.session.last_reply is None
    # 2. Each mark, interruption, pause and reply has ended once.
    marks = Counter(event.name for event in one.found if isinstance(event, events.MarkPlayed | events.MarkCleared))
    assert (len(marks), set(marks.values()) <= {1}) == (model.marks, True)
    assert len(one.of(events.InterruptionSettled)) == model.interruptions
    assert len(one.of(events.PauseResolved)) == len(model.pauses)
    assert all(pause.resolved is not None for pause in model.pauses)
    ended = [event for event in one.found if isinstance(event, events.ReplyEnded)]
    assert sorted(event.reply_id for event in ended) == sorted(reply.id or "" for reply in model.replies)
    # 3. A reply that was played was heard to its last sample, in order apart from what a clear repeated.
    heard = one.heard()
    for reply in model.replies:
        assert reply.state in ENDED
        given_samples = model.given[reply.id or ""]
        if reply.state != "interrupted":
            assert set(given_samples) <= set(heard)
            assert reply.played_ms(one.now_ms) == reply.sent_ms
        else:
            count = len(set(given_samples) & set(heard))
            doubt_ms = reply.played_uncertainty_ms(one.now_ms)
            assert abs(reply.played_ms(one.now_ms) * MS - count) <= (20.0 + doubt_ms) * MS + 1
    # 4. No diagnosis of the carrier.
    assert one.of(events.Diagnosis) == []
    assert one.of(events.UnexpectedMark) == []

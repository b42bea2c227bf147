"""Random calls against a plain model: our account of the audio, and the far end that plays it and returns marks."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import MediaSession, events
from rtpcodec.errors import QueueFull
from rtpcodec.stream.marks import OWN_PREFIX
from rtpcodec.stream.wire import parse
from tests.oracles import g711 as oracle
from tests.oracles.far_end import FarEnd
from tests.stream import carrier

QUEUE_MS = 2000.0
FRAME_OCTETS = 160
SILENCE = b"\xff"

operations = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(0, 700)),
        st.tuples(st.just("play"), st.integers(0, 4000)),
        st.tuples(st.just("payload"), st.integers(0, 4000)),
        st.tuples(st.just("flush"), st.just(0)),
        st.tuples(st.just("mark"), st.integers(0, 3)),
        st.tuples(st.just("interrupt"), st.just(0)),
        st.tuples(st.just("outgoing"), st.just(0)),
    ),
    max_size=60,
)


@dataclass
class Call:
    """A session, a far end, and our own record of the audio."""

    session: MediaSession
    far_end: FarEnd = field(default_factory=FarEnd)
    now_ms: float = 0.0
    unsent: bytes = b""
    seed: int = 0
    marks_set: int = 0
    marks_sent: int = 0
    ended: list[events.Event] = field(default_factory=list)
    found: list[events.Interrupted] = field(default_factory=list)

    def do(self, what: str, amount: int) -> None:
        getattr(self, what)(amount)
        self.check()

    def wait(self, ms: int) -> None:
        """Wake at each deadline, a little late. Echoes arrive without delay."""
        until_ms = self.now_ms + ms
        while (next_ms := self.next_ms) <= until_ms:
            if next_ms == self.echo_ms:
                self.now_ms = next_ms
                self.deliver()
                continue
            self.now_ms = max(self.now_ms, next_ms) + 0.5
            self.deliver()
            self.outgoing(0)
            self.ended += self.session.events(self.now_ms)
            deadline_ms = self.session.next_deadline_ms
            assert deadline_ms is None or deadline_ms > self.now_ms
        self.now_ms = max(self.now_ms, until_ms)

    @property
    def echo_ms(self) -> float:
        """Return the time of the next echo."""
        return self.far_end.waiting[0][1] if self.far_end.waiting else math.inf

    @property
    def next_ms(self) -> float:
        """Return the next deadline of the session or the far end."""
        deadline_ms = self.session.next_deadline_ms
        return min(self.echo_ms, math.inf if deadline_ms is None else deadline_ms)

    def deliver(self) -> None:
        """Return the marks whose audio has ended."""
        self.far_end.advance(self.now_ms)
        for name, at_ms in self.far_end.take_echoes():
            self.session.receive(carrier.mark(name), at_ms)

    def octets(self, count: int) -> tuple[bytes, bytes]:
        """Return samples and their reference encoding."""
        self.seed += 1
        samples = [((at * 7919 + self.seed * 104729) % 65536) - 32768 for at in range(count)]
        return array("h", samples).tobytes(), bytes(map(oracle.pcmu_code, samples))

    def play(self, count: int) -> None:
        pcm, coded = self.octets(count)
        self.queue(coded, lambda: self.session.play(memoryview(pcm).cast("h")))

    def payload(self, count: int) -> None:
        coded = self.octets(count)[1]
        self.queue(coded, lambda: self.session.play_payload(coded))

    def queue(self, coded: bytes, call: object) -> None:
        assert callable(call)
        if self.session.queued_ms + len(coded) / 8 > QUEUE_MS:
            with pytest.raises(QueueFull):
                call()
        else:
            call()
            self.unsent += coded

    def flush(self, _amount: int) -> None:
        self.session.flush()
        self.unsent += SILENCE * (-len(self.unsent) % FRAME_OCTETS)

    def mark(self, which: int) -> None:
        self.session.mark(f"mark-{which}")
        self.marks_set += 1

    def interrupt(self, _amount: int) -> None:
        heard = self.far_end.heard_ms(self.now_ms)
        found = self.session.interrupt(self.now_ms)
        doubt_ms = found.played_uncertainty_ms + 1e-6
        assert 0.0 <= found.played_ms <= heard + doubt_ms
        assert found.estimated or found.played_uncertainty_ms < 50.0
        unheard_ms = max(0.0, self.far_end.end_ms - self.now_ms)
        assert found.dropped_ms == pytest.approx(len(self.unsent) / 8 + unheard_ms, abs=doubt_ms)
        self.found.append(found)
        self.unsent = b""
        self.outgoing(0)
        assert self.far_end.end_ms <= self.now_ms

    def outgoing(self, _amount: int) -> None:
        texts = self.session.outgoing(self.now_ms)
        for text in texts:
            parse(text)
            payload = carrier.payload_of(text)
            if payload is not None:
                self.sent(payload)
            else:
                self.marks_sent += any(not name.startswith(OWN_PREFIX) for name in carrier.mark_names([text]))
        self.far_end.take(texts, self.now_ms)
        self.deliver()

    def sent(self, payload: bytes) -> None:
        """Compare with the queued octets. Only the end before a waiting mark may be less than a frame."""
        expected, self.unsent = self.unsent[:FRAME_OCTETS], self.unsent[FRAME_OCTETS:]
        assert payload == expected.ljust(FRAME_OCTETS, SILENCE)
        if len(expected) < FRAME_OCTETS:
            assert self.marks_set > self.marks_sent
            assert self.far_end.end_ms <= self.now_ms + 20.0 + 1e-6

    def check(self) -> None:
        self.deliver()
        self.ended += self.session.events(self.now_ms)
        session = self.session
        assert session.queued_ms == len(self.unsent) / 8
        assert session.queued_ms + session.room_ms >= QUEUE_MS
        heard_ms = session.heard_ms(self.now_ms)
        assert session.speech is not None
        # The current position, and the positions of earlier cuts.
        doubt_ms = session.speech._parts.far_end.heard(self.now_ms).uncertainty_ms
        doubt_ms += sum(found.played_uncertainty_ms for found in self.found)
        assert heard_ms == pytest.approx(self.far_end.heard_ms(self.now_ms), abs=doubt_ms + 1e-6)
        assert 0.0 <= heard_ms <= session.position_ms + 1e-6
        assert self.far_end.most_ahead_ms <= 400.0 + 1e-6

    def check_that_interruptions_settled(self) -> None:
        settled = [event for event in self.ended if isinstance(event, events.InterruptionSettled)]
        assert [event.interrupted for event in settled] == self.found
        for event in settled:
            estimate = event.interrupted
            assert abs(event.played_ms - estimate.played_ms) <= estimate.played_uncertainty_ms + 1e-6


@settings(max_examples=150)
@given(operations, st.booleans())
def test_counts_add_up_in_random_calls(found: list[tuple[str, int]], own_marks: bool) -> None:
    call = Call(carrier.started(max_queue_ms=QUEUE_MS, own_marks=own_marks))
    for what, amount in found:
        call.do(what, amount)
    call.do("wait", 5000)
    assert (len(call.unsent) < FRAME_OCTETS, call.session.outgoing(call.now_ms)) == (True, [])
    assert call.session.next_deadline_ms is None
    marks = [event for event in call.ended if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert len(marks) == call.marks_set
    call.check_that_interruptions_settled()
    call.session.receive(carrier.STOP, call.now_ms)
    assert call.session.events(call.now_ms)[-1] == events.Stopped("stop")


@given(operations, st.integers(0, 59), st.booleans())
def test_wherever_a_call_ends_all_marks_end(found: list[tuple[str, int]], at: int, own_marks: bool) -> None:
    call = Call(carrier.started(max_queue_ms=QUEUE_MS, own_marks=own_marks))
    for what, amount in found[:at]:
        call.do(what, amount)
    call.session.closed(call.now_ms)
    call.ended += call.session.events(call.now_ms)
    marks = [event for event in call.ended if isinstance(event, events.MarkPlayed | events.MarkCleared)]
    assert len(marks) == call.marks_set
    call.check_that_interruptions_settled()
    assert call.ended[-1] == events.Stopped("closed")

"""The native send path sends, reports and counts the same as the Python classes, at every step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan
from rtpcodec.stream.messages import Mark
from rtpcodec.stream.speaking import own_marks, releasing, resolving, runs, send_gate
from rtpcodec.stream.speaking._send_path import NUMBERS
from rtpcodec.stream.speaking.background_source import background_source
from rtpcodec.stream.wire.telnyx.writing import build, mark_text
from tests.stream import carrier
from tests.stream.session_pair import REFUSED, SessionPair, sound
from tests.stream.sounds import noise

PLANS = {
    "PCMU": StreamPlan(),
    "PCMA": StreamPlan(send_codec="PCMA"),
    "L16": StreamPlan(send_codec="L16", send_rate_hz=16000),
    "G722": StreamPlan(send_codec="G722"),
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {},
    {"own_marks": False},
    {"own_marks": False, "lead_ms": 0.0},
    {"lead_ms": None},
    {"keep_alive": "silence"},
    {"keep_alive": "comfort_noise"},
    {"send_pcm_hz": 24000},
    {"send_chunk_ms": 60.0, "prebuffer_ms": 100.0},
    {"when_full": "drop_oldest", "max_queue_ms": 500.0},
    {"max_queue_ms": 300.0},
]
RATES_HZ = (None, None, None, 8000, 16000, 24000, 44100, 48000)
SIZES = (320, 320, 320, 640, 160, 2, 30, 322, 960, 3200, 16000, 0, 1, 321)


class Conversation(SessionPair):
    """Do one of many operations, by a number."""

    def do_wait(self, amount: int) -> None:
        self.wait(amount % 300)

    def do_beat(self, amount: int) -> None:
        """Echo one chunk per 20 ms, on time or late."""
        late_ms = (0.0, 0.0, 0.3, 25.0, 210.0)[amount % 5]
        for _ in range(amount % 23):
            self.now_ms += 20.0 + (late_ms if self.first % 3 == 0 else 0.0)
            self.play(self.pcm(320, quiet=amount % 7 == 0))
            self.step()

    def do_play(self, amount: int) -> None:
        self.play(self.pcm(SIZES[amount % len(SIZES)], quiet=amount % 5 == 0), RATES_HZ[amount // 7 % len(RATES_HZ)])

    def do_odd_play(self, amount: int) -> None:
        pcm = self.pcm(320)
        kinds: list[object] = [
            bytearray(pcm),
            memoryview(pcm),
            pcm[:-1],
            b"RIFF" + pcm,
            b"RI",
            pcm[:200] + b"ID3",
            5,
            "text",
            None,
            self.audio(320, 8000),
            self.audio(960, 24000),
            self.audio(0, 8000),
        ]
        rates: list[Any] = [None, None, 8000, 0, -5, 7, 8000.0, True]
        self.play(kinds[amount % len(kinds)], rates[amount // 12 % len(rates)], "note" if amount % 3 == 0 else None)

    def do_payload(self, amount: int) -> None:
        self.each(lambda session: session.play_payload(bytes(SIZES[amount % len(SIZES)])))

    def do_open(self, amount: int) -> None:
        self.open(interruptible=amount % 4 > 0)

    def do_speak(self, amount: int) -> None:
        pcm = self.pcm(SIZES[amount % len(SIZES)])
        rate_hz = RATES_HZ[amount // 5 % len(RATES_HZ)]
        self.with_reply(amount, lambda reply: reply.play(pcm, rate_hz, amount if amount % 3 == 0 else None))

    def do_end(self, amount: int) -> None:
        self.with_reply(amount, lambda reply: reply.end())

    def do_await_end(self, amount: int) -> None:
        def ask(session: Any) -> None:
            reply = session.last_reply
            if reply is not None:
                reply.on_end = [].append

        self.each(ask)

    def do_flush(self, _amount: int) -> None:
        self.each(lambda session: session.flush())

    def do_mark(self, amount: int) -> None:
        self.each(lambda session: session.mark(None if amount % 2 else f"name {amount % 4}"))

    def do_interrupt(self, amount: int) -> None:
        self.each(lambda session: session.interrupt(self.now_ms, what="all" if amount % 2 else "current"))

    def do_pause(self, amount: int) -> None:
        def pause(session: Any) -> None:
            session.pause_playback(self.now_ms, 200.0 + amount, "resume" if amount % 2 else "discard")

        self.each(pause)

    def do_suspend(self, amount: int) -> None:
        self.each(lambda session: session.suspend_speech(f"reason {amount % 2}", self.now_ms))

    def do_unsuspend(self, amount: int) -> None:
        self.each(lambda session: session.resume_speech(f"reason {amount % 2}", self.now_ms))

    def do_background(self, amount: int) -> None:
        if amount % 2:
            rate_hz = self.plan.send_sample_rate_hz
            self.add_background(background_source(noise(800), rate_hz))
        else:
            self.each(lambda session: session.stop_fill())

    def do_refuse(self, _amount: int) -> None:
        self.receive(REFUSED)

    def do_stall(self, amount: int) -> None:
        """Stop our event loop, or the far end, for a time."""
        if amount % 2:
            self.now_ms += 50.0 + amount
        else:
            self.up_ms = amount % 700

    def do_late(self, amount: int) -> None:
        self.wait(200.0, late_ms=float(amount % 9))

    def do_connection(self, _amount: int) -> None:
        if self.lost:
            self.line_up()
        else:
            self.lose_connection()

    def do_silence_of_the_clock(self, _amount: int) -> None:
        self.step()

    def do_close(self, amount: int) -> None:
        if amount == 7:
            self.receive(carrier.STOP)


NAMES = [name[3:] for name in vars(Conversation) if name.startswith("do_")]
CHOSEN = [*NAMES, "wait", "wait", "beat", "beat", "play", "speak"]
LINES = [(0.0, False), (10.0, True), (90.0, False), (250.0, True)]
"""The way up, and whether the system says what is unacknowledged."""
Operations = list[tuple[str, int]]
operations = st.lists(st.tuples(st.sampled_from(CHOSEN), st.integers(0, 400)), max_size=30)


def talk_over(found: Operations, codec: str, options: dict[str, Any], line: tuple[float, bool]) -> None:
    one = Conversation(PLANS[codec], options, up_ms=line[0], backlog=line[1])
    for name, amount in found:
        getattr(one, f"do_{name}")(amount)
        one.check()
    one.wait(3000.0)
    one.receive(carrier.STOP)
    one.step()


cases = (operations, st.sampled_from(list(PLANS)), st.sampled_from(OPTIONS), st.sampled_from(LINES))


@settings(max_examples=60, deadline=None)
@given(*cases)
def test_native_and_python_send_path_agree(
    found: Operations, codec: str, options: dict[str, Any], line: tuple[float, bool]
) -> None:
    talk_over(found, codec, options, line)


@pytest.mark.long
@settings(max_examples=250, deadline=None)
@given(*cases)
def test_native_and_python_send_path_agree_in_many_conversations(
    found: Operations, codec: str, options: dict[str, Any], line: tuple[float, bool]
) -> None:
    talk_over(found, codec, options, line)


def test_a_system_that_hides_its_buffers_is_asked_once_per_connection() -> None:
    session = MediaSession(StreamPlan(), own_marks=False, diagnosis_s=None)
    session.receive(carrier.start(), 0.0)
    asked: list[float] = []
    assert session.speech is not None
    gate_of = session.speech.gate
    for line in range(1, 3):
        gate_of.backlog = lambda: asked.append(0.0)
        for at in range(50):
            session.play(sound(at, 320))
            assert len(session.outgoing(1000.0 * line + 20.0 * at)) == 1
        assert len(asked) == line
        gate_of.connection_lost(0)


def test_the_numbers_of_the_native_path_are_those_of_the_classes() -> None:
    assert NUMBERS == (
        releasing.OWN_STALL_MS,
        resolving.DRY_MS,
        own_marks.BEGIN_MS,
        own_marks.BEGIN_MARKS_PER_S,
        own_marks.MARKS_PER_S,
        own_marks.LIMIT_MS,
        send_gate.WIRE_OCTETS,
        send_gate.UNACKNOWLEDGED_MS,
        runs.MAX_PAST_RUNS,
        runs.MAX_PAST_MS,
        send_gate.PING_MS,
    )


@pytest.mark.parametrize("name", ["", "a", "rtpcodec-own-1", "é", "a b/c", *map(chr, range(128))])
def test_a_mark_is_written_as_any_message_is(name: str) -> None:
    assert mark_text(name) == build(Mark(name))

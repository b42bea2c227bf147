"""A session without a dialect uses that of its first messages; earlier audio and marks are not lost."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.stream.wire import DIALECTS, TELNYX, TWILIO, Dialect
from rtpcodec.stream.wire.choice import dialect_of
from tests.stream import carrier, twilio_texts
from tests.stream.carrier import FRAME, audio_of

BEGINS = [
    pytest.param(TELNYX, [carrier.CONNECTED, carrier.start()], id="telnyx"),
    pytest.param(TELNYX, [carrier.start()], id="telnyx without connected"),
    pytest.param(TELNYX, [carrier.text("start", start={"media_format": {"encoding": "PCMU"}})], id="telnyx, no ids"),
    pytest.param(TWILIO, [twilio_texts.CONNECTED, twilio_texts.START], id="twilio"),
    pytest.param(TWILIO, [twilio_texts.START], id="twilio without connected"),
    pytest.param(TWILIO, [carrier.CONNECTED, twilio_texts.START], id="twilio, connected without protocol"),
    pytest.param(TWILIO, ["{", "[]", "17", "\ud800", twilio_texts.START], id="twilio behind broken texts"),
    pytest.param(TWILIO, [twilio_texts.CONNECTED.encode(), twilio_texts.START.encode()], id="twilio as octets"),
]


@pytest.mark.parametrize(("spoken", "begin"), BEGINS)
def test_the_first_messages_choose_the_dialect(spoken: Dialect, begin: list[str | bytes]) -> None:
    session = MediaSession(dialect=None, lead_ms=None, own_marks=False)
    session.play_payload(FRAME)
    mark = session.mark()
    for text in begin:
        session.receive(text, 0.0)
    assert session.dialect is spoken
    assert any(isinstance(event, events.Started) for event in session.events(0.0))
    assert session.outgoing(0.0) == [
        spoken.media_text(FRAME, session_stream(session)),
        spoken.mark_text(mark, session_stream(session)),
    ]


def session_stream(session: MediaSession) -> str | None:
    """Return the id of the stream that the session has read."""
    found = session._incoming.start
    assert found is not None
    return found[0].stream_id


def test_media_of_the_chosen_dialect_take_the_native_path() -> None:
    """The scanner belongs to the chosen dialect: no message reaches its parser."""
    session = MediaSession(dialect=None)
    session.receive(twilio_texts.START, 0.0)
    receive_path = session._receive_path
    assert receive_path is not None
    session.receive(twilio_texts.media(FRAME, 1), 20.0)
    session._incoming.dialect = None  # type: ignore[assignment]
    for chunk in range(2, 10):
        session.receive(twilio_texts.media(FRAME, chunk), 20.0 * chunk)
    assert len(audio_of(session.events(200.0))) == 9


def test_a_given_dialect_is_never_changed() -> None:
    session = MediaSession(dialect=TELNYX)
    session.receive(twilio_texts.CONNECTED, 0.0)
    session.receive(twilio_texts.START, 0.0)
    assert session.dialect is TELNYX
    assert not session.streaming


def test_the_choice_is_over_with_start() -> None:
    session = MediaSession(dialect=None)
    session.receive(carrier.text("start", start={"media_format": {"encoding": "PCMU"}}), 0.0)
    session.receive(twilio_texts.DTMF, 1.0)
    assert session.dialect is TELNYX


def test_an_ended_stream_chooses_nothing() -> None:
    session = MediaSession(StreamPlan(send_codec="PCMA"), dialect=None)
    session.closed(0.0)
    session.receive(twilio_texts.CONNECTED, 1.0)
    ended = MediaSession(dialect=None)
    ended.closed(0.0)
    ended.receive(twilio_texts.CONNECTED, 1.0)
    assert session.events(1.0) == [events.Stopped("closed")]
    assert ended.dialect is TELNYX


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", "7", '{"event":"connected"}', b"\xff", "[" * 5000, '{"streamSid":"a","stream_id":"b"}']
)
def test_other_texts_show_no_dialect(text: str | bytes) -> None:
    assert dialect_of(text) is None


def test_members_that_show_nothing_make_no_objects() -> None:
    """Megabytes before `start` cost neither ten times their memory nor the time of as many objects."""
    text = '{"event":"x",' + ",".join(f'"{name:x}":1' for name in range(100_000)) + ',"streamSid":"a"}'
    tracemalloc.start()
    try:
        assert dialect_of(text) is TWILIO
        assert tracemalloc.get_traced_memory()[1] < len(text)
    finally:
        tracemalloc.stop()


def test_no_sign_is_of_two_dialects() -> None:
    signs = [sign for dialect in DIALECTS.values() for sign in dialect.signs]
    assert len(signs) == len(set(signs)) > 0


def test_a_capture_that_begins_before_the_choice_replays_the_same(tmp_path: Path) -> None:
    session = MediaSession(dialect=None, lead_ms=None)
    path = tmp_path / "call.jsonl"
    session.capture(path, 0.0)
    session.play_payload(FRAME)
    session.mark("said")
    found: list[events.Event] = []
    texts = [twilio_texts.CONNECTED, twilio_texts.START, *(twilio_texts.media(FRAME, at) for at in range(1, 5))]
    for at, text in enumerate(texts):
        session.receive(text, 20.0 * at)
        for sent in session.outgoing(20.0 * at):
            if "mark" in sent:
                session.receive(json.dumps({"sequenceNumber": str(20 + at)} | json.loads(sent)), 20.0 * at)
        found += session.events(20.0 * at)
    session.receive(twilio_texts.STOP, 200.0)
    found += session.events(200.0)
    again = rtpcodec.replay(path)
    assert again.differences == []
    assert again.session.dialect.name == "twilio"
    assert [type(event) for event in again.events] == [type(event) for event in found]
    assert sum(isinstance(event, events.MarkPlayed) for event in found) == 1


def test_a_capture_of_a_refused_call_replays_the_refusal(tmp_path: Path) -> None:
    session = MediaSession(StreamPlan(send_codec="PCMA"), dialect=None)
    session.capture(tmp_path / "call.jsonl", 0.0)
    session.receive(twilio_texts.CONNECTED, 0.0)
    found = session.events(0.0)
    again = rtpcodec.replay(tmp_path / "call.jsonl")
    assert (again.events, again.differences) == (found, [])
    assert found[-1] == events.Stopped("refused")

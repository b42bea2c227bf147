"""Messages in the carrier's spelling: known ones act like the session's methods, others are sent unchanged."""

from __future__ import annotations

import json

import pytest
from typing_extensions import Buffer

from rtpcodec import MediaSession, events
from rtpcodec.errors import LocalProtocolError, StreamEnded
from rtpcodec.stream import messages
from tests.stream import carrier
from tests.stream.fictional_dialect import FICTIONAL, NAMES, FictionalDialect

FRAME = b"\x55" * 160
NEWS = {"event": "news", "news": {"of": ["today", "ä"]}}


def kinds(texts: list[str]) -> list[str]:
    return [json.loads(text)["event"] for text in texts]


def test_a_payload_a_mark_and_a_clear_act_like_the_methods() -> None:
    session = carrier.started(lead_ms=40)
    payload = json.loads(carrier.media(FRAME * 3))
    assert kinds(session.send_message(payload, 0)) == ["media", "media"]
    assert session.send_message(json.loads(carrier.mark("a")), 0) == []
    assert session.send_message({"event": "clear"}, 1) == ['{"event":"clear"}']
    assert session.queued_ms == 0
    assert events.MarkCleared("a", "interrupt") in session.events(1)


def test_the_spelling_is_that_of_the_sessions_carrier() -> None:
    session = MediaSession(dialect=FICTIONAL, own_marks=False, lead_ms=None)
    start = {NAMES["event"]: NAMES["start"], NAMES["start"]: {NAMES["media_format"]: {NAMES["encoding"]: "PCMU"}}}
    session.receive(json.dumps(start), 0)
    session.play_payload(FRAME * 2)
    *audio, clear = session.send_message({NAMES["event"]: NAMES["clear"]}, 0)
    assert (audio, json.loads(clear)[NAMES["event"]]) == ([], NAMES["clear"])
    assert session.send_message({"event": "clear", "kind": "x"}, 0) == ['{"event":"clear","kind":"x"}']


class CarrierOnly(FictionalDialect):
    """A dialect that does not parse the messages of an app."""

    def parse(self, text: str | Buffer, /) -> messages.Message:
        found = super().parse(text)
        return messages.Other("dropAudio", str(text)) if isinstance(found, messages.Clear) else found


def test_a_dialect_need_not_read_what_the_app_sends() -> None:
    session = MediaSession(dialect=CarrierOnly(), own_marks=False, lead_ms=0)
    start = {NAMES["event"]: NAMES["start"], NAMES["start"]: {NAMES["media_format"]: {NAMES["encoding"]: "PCMU"}}}
    session.receive(json.dumps(start), 0)
    session.play_payload(FRAME * 5)
    (clear,) = session.send_message({NAMES["event"]: NAMES["clear"]}, 0)
    assert json.loads(clear)[NAMES["event"]] == NAMES["clear"]
    assert session.queued_ms == 0


def test_any_other_message_is_sent_after_the_due_ones() -> None:
    session = carrier.started(lead_ms=None)
    session.play_payload(FRAME * 2)
    *before, last = session.send_message(NEWS, 0)
    assert kinds(before) == ["media", "media"]
    assert json.loads(last) == NEWS


@pytest.mark.parametrize("message", [{}, {"x": 1}, {"event": "mark"}, {"event": "mark", "mark": {}}])
def test_a_message_that_breaks_a_rule_of_the_wire_is_not_sent(message: dict[str, object]) -> None:
    session = carrier.started(lead_ms=None)
    session.play_payload(FRAME)
    with pytest.raises(ValueError, match=r"event|mark"):
        session.send_message(message, 0)
    assert kinds(session.outgoing(0)) == ["media"]


def test_nothing_is_sent_before_the_start_and_after_the_end() -> None:
    with pytest.raises(LocalProtocolError, match="before the carrier's start"):
        MediaSession().send_message(NEWS, 0)
    session = carrier.started()
    session.closed(0)
    with pytest.raises(StreamEnded):
        session.send_message(NEWS, 0)

"""Messages of the carrier never raise: a broken one is one event, and only twenty in a row over 5 s end a call."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.stream.connection import MAX_MALFORMED_IN_A_ROW
from rtpcodec.stream.wire import MAX_DEPTH, RULES, BrokenMessage, parse
from tests.stream import carrier
from tests.stream.malformed import CASES, ODD_CASES, Case

pytestmark = pytest.mark.usefixtures("dialect")


def test_corpus_covers_every_rule_of_the_wire() -> None:
    assert len(CASES) >= 70
    assert len({case.defect for case in CASES}) == len(CASES)
    beyond_one_text = {"order", "payload", "text", "fragments", "frame"}
    assert {case.rule for case in CASES} | beyond_one_text == set(RULES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_message_is_one_event_and_the_stream_continues(case: Case) -> None:
    session = carrier.started()
    found = carrier.fed(session, [case.text, carrier.media(chunk="1")])
    assert carrier.kinds(found) == ["Malformed", "Audio"]
    broken = found[0]
    assert isinstance(broken, events.Malformed)
    assert (broken.rule, bool(broken.detail)) == (case.rule, True)
    assert "SECRET" not in repr(broken)
    assert not session.ended
    assert session.statistics(0.0).malformed == 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_malformed_messages_before_start(case: Case) -> None:
    session = MediaSession()
    session.receive(case.text, 0.0)
    assert carrier.kinds(session.events(0.0)) == ["Malformed"]
    session.receive(carrier.start(), 1.0)
    assert carrier.kinds(session.events(1.0)) == ["Started"]


@pytest.mark.parametrize("case", ODD_CASES, ids=str)
def test_a_message_with_an_odd_member_is_read_and_reported_once(case: Case) -> None:
    session = carrier.started(stall_ms=1e9)
    found = carrier.fed(session, [case.text] * 25, step_ms=300.0)
    odd = [event for event in found if isinstance(event, events.Malformed)]
    assert [(event.rule, event.dropped, event.count) for event in odd] == [(case.rule, False, 1)]
    assert "SECRET" not in repr(found)
    ends = '"stop"' in str(case.text)
    assert session.ended is ends
    statistics = session.statistics(0.0)
    assert (statistics.odd_messages, statistics.malformed) == (1 if ends else 25, 0)
    assert len(carrier.audio_of(carrier.fed(session, [carrier.media()], from_ms=8000.0))) == (not ends)


def test_the_needed_members_of_an_odd_message_are_checked() -> None:
    session = carrier.started()
    texts = [
        '{"event":"media","media":{"timestamp":20.5,"payload":5}}',
        '{"event":"dtmf","occurred_at":5,"dtmf":{"digit":"12"}}',
        '{"event":"media","media":{"timestamp":20.5,"track":[],"chunk":"x","payload":"AAA"}}',
    ]
    found = carrier.fed(session, texts)
    assert [event.dropped for event in found if isinstance(event, events.Malformed)] == [True, True, *[False] * 4]
    assert [audio.payload for audio in carrier.audio_of(found)] == [b"\0\0"]


def test_twenty_in_a_row_and_5_s_end_the_call() -> None:
    session = carrier.started(stall_ms=1e9)
    session.mark("waits")
    found = carrier.fed(session, ["{"] * MAX_MALFORMED_IN_A_ROW + [carrier.media()] * 3, step_ms=5000 / 19, from_ms=1.0)
    assert carrier.kinds(found) == ["Malformed"] * 20 + ["MarkCleared", "Stopped"]
    assert found[-1] == events.Stopped("malformed")
    assert session.ended
    assert session.outgoing(999.0) == []
    assert session.next_deadline_ms is None
    session.closed(1000.0)
    assert session.events(1000.0) == []


def test_twenty_in_a_row_within_5_s_do_not() -> None:
    session = carrier.started()
    carrier.fed(session, ["{"] * 249)
    assert not session.ended
    assert carrier.fed(session, ["{"], from_ms=5000.0)[-1] == events.Stopped("malformed")


@pytest.mark.parametrize("payload", ["AA-_", "AAAA====", "A", "data:audio/basic;base64,AAAA"])
def test_payloads_that_are_not_base64_never_end_the_call_and_are_one_event(payload: str) -> None:
    session = carrier.started(stall_ms=1e9)
    found = carrier.fed(session, [f'{{"event":"media","media":{{"payload":"{payload}"}}}}'] * 60, step_ms=200.0)
    assert [type(event) for event in found] == [events.Malformed]
    assert session.statistics(0.0).malformed == 60
    session.play(bytes(320))
    assert carrier.sent_octets(session.outgoing(12_000.0)) == carrier.FRAME


@pytest.mark.parametrize(
    "good",
    [
        carrier.media(),
        carrier.mark("whose"),
        carrier.text("later"),
        carrier.CONNECTED,
        carrier.text("dtmf", dtmf={"digit": "1"}),
    ],
)
def test_nineteen_and_a_good_one_do_not(good: str) -> None:
    session = carrier.started()
    carrier.fed(session, (["{"] * 19 + [good]) * 5, step_ms=300.0)
    assert not session.ended
    assert session.statistics(0.0).malformed == 95


def test_twenty_in_a_row_end_even_a_stream_that_never_started() -> None:
    session = MediaSession()
    assert carrier.kinds(carrier.fed(session, ["{"] * 19)) == ["Malformed"] * 19
    assert not session.ended
    assert carrier.fed(session, ["{"])[-1] == events.Stopped("malformed")


def test_media_before_start_is_out_of_order() -> None:
    session = MediaSession()
    found = carrier.fed(session, [carrier.CONNECTED, carrier.media(), carrier.start(), carrier.media()])
    assert found[0] == events.Malformed("order", "media was received before start")
    assert carrier.kinds(found) == ["Malformed", "Started", "Audio"]


@pytest.mark.parametrize("early", [1, 19, 20, 400])
def test_all_media_before_start_is_one_event_and_never_ends_the_call(early: int) -> None:
    session = MediaSession()
    found = carrier.fed(session, [carrier.media(chunk=at) for at in range(early)])
    assert (found, session.statistics(0.0).media_before_start) == ([], early)
    found = carrier.fed(session, [carrier.start(), carrier.media(), carrier.start("PCMA"), carrier.STOP])
    assert found[0] == events.Malformed("order", "media was received before start", count=early)
    assert carrier.kinds(found)[1:] == ["Started", "Audio", "FormatChanged", "Started", "Stopped"]
    assert session.statistics(0.0).malformed == 0


def test_media_without_any_start_is_counted_at_the_end() -> None:
    session = MediaSession()
    carrier.fed(session, [carrier.media()] * 7)
    session.closed(999.0)
    assert session.events(999.0) == [
        events.Malformed("order", "media was received before start", count=7),
        events.Stopped("closed"),
    ]


def test_a_payload_that_ends_inside_a_sample() -> None:
    session = carrier.started(StreamPlan(send_codec="L16"), start_text=carrier.start("L16", 16000))
    found = carrier.fed(session, [carrier.media(b"abc"), carrier.media(b"abcd")])
    misfit = found[0]
    assert isinstance(misfit, events.PayloadMisfit)
    assert (misfit.encoding, misfit.reason) == ("L16", "L16 payload has 3 octets, a multiple of 2 is needed")
    assert carrier.kinds(found) == ["PayloadMisfit", "Audio", "Audio"]
    assert session.statistics(0.0).media_received == 2
    assert session.statistics(0.0).octets_received == 7
    assert session.statistics(0.0).misfit_payloads == 1


def test_more_track_names_than_the_wire_has() -> None:
    session = carrier.started()
    found = carrier.fed(session, [carrier.media(track=f"track-{at}") for at in range(6)])
    assert carrier.kinds(found) == ["Audio"] * 4 + ["Malformed"] * 2
    assert found[-1] == events.Malformed("value", "media.track is a new name, and at most 4 track names are allowed")


def test_a_frame_that_is_not_text_is_rejected() -> None:
    session = carrier.started()
    session.reject("text", "binary frame of 160 octets", 10.0)
    session.reject("fragments", "more than 1000 fragments", 20.0)
    assert session.events(20.0) == [
        events.Malformed("text", "binary frame of 160 octets"),
        events.Malformed("fragments", "more than 1000 fragments"),
    ]
    for _ in range(18):
        session.reject("text", "binary", 5000.0)
    assert session.events(5000.0)[-1] == events.Stopped("malformed")
    session.reject("text", "binary", 5010.0)
    assert session.events(5010.0) == []
    assert session.statistics(5010.0).messages_received == 21


SHALLOW = '{"x":[' + "[]," * MAX_DEPTH
"""Enough brackets for the depth to be counted, and nowhere deep."""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (SHALLOW + '"' + '\\"' * 2_000_000, "size"),
        (SHALLOW + '\\"' * 2_000_000, "size"),
        (SHALLOW + '"' + "[" * 4_000_000, "size"),
        (SHALLOW + '"' * 4_000_000, "size"),
        ('{"event":"mark","mark":{"name":"a"},"z":[' + "{}," * 1_300_000 + "{}]}", "size"),
        ("[{" * 2_000_000, "depth"),
    ],
    ids=[
        "string without an end",
        "quotes outside",
        "brackets in a string",
        "empty strings",
        "small objects",
        "brackets",
    ],
)
def test_no_text_takes_longer_than_its_length(text: str, rule: str) -> None:
    """The largest text is refused quickly: messages of one call must not delay the others in the same loop."""
    before_s = time.process_time()
    with pytest.raises(BrokenMessage) as caught:
        parse(text)
    assert caught.value.rule == rule
    assert time.process_time() - before_s < 0.5


def test_the_largest_documented_chunk_is_accepted() -> None:
    """30 s of L16 at 48 kHz."""
    session = carrier.started(start_text=carrier.start("L16", 48000))
    (audio,) = carrier.audio_of(carrier.fed(session, [carrier.media(bytes(2 * 48000 * 30))]))
    assert audio.duration_ms == 30_000


GOOD_TEXTS = [
    carrier.CONNECTED,
    carrier.start(custom_parameters={"tenant": "t1"}, tags=["a"], **{"from": "+1", "client_state": "e30="}),
    carrier.media(chunk="3", track="inbound", sequence="5", timestamp="60"),
    carrier.mark("turn-1"),
    carrier.text("dtmf", occurred_at="2026-01-02T03:04:05.678901Z", dtmf={"digit": "5"}),
    carrier.text("error", payload={"code": 100003, "title": "t", "detail": "d"}),
    carrier.text("clear"),
    carrier.text("later", x=[1, {"y": None}]),
    carrier.STOP,
]
JSON_BITS = [
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-1",
    "1e999",
    "NaN",
    '""',
    "\\ud800",
    "\x00",
    "\ufeff",
    "é",
    "0",
]
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(JSON_BITS) | st.text(max_size=3)), max_size=4
)


def mutated(text: str, changes: list[tuple[float, int, str]]) -> str:
    """Return the text with some parts replaced."""
    for place, dropped, inserted in changes:
        at = int(place * len(text))
        text = text[:at] + inserted + text[at + dropped :]
    return text


@given(st.lists(st.tuples(st.sampled_from(GOOD_TEXTS), edits, st.booleans()), max_size=25))
def test_mutated_messages_never_raise(found: list[tuple[str, list[tuple[float, int, str]], bool]]) -> None:
    session = carrier.started(receive_pcm_hz=16000)
    for at, (text, changes, as_octets) in enumerate(found):
        broken = mutated(text, changes)
        session.receive(broken.encode("utf-8", "surrogatepass") if as_octets else broken, 20.0 * at)
        assert all(isinstance(event, events.Event) for event in session.events(20.0 * at))
        for out in session.outgoing(20.0 * at):
            parse(out)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_frame_causes_an_event(anything: bytes | str) -> None:
    session = carrier.started()
    session.receive(anything, 0.0)
    assert carrier.kinds(session.events(0.0)) in (["Malformed"], ["Unknown"])


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = """
sequence_number stream_id media start stop mark dtmf payload connected version chunk track timestamp name digit code
media_format encoding sample_rate tags occurred_at
"""
members = st.sampled_from(MEMBERS.split())
bodies = st.dictionaries(members, values | st.dictionaries(members, values, max_size=4), max_size=6)


@given(st.sampled_from(["media", "start", "stop", "mark", "dtmf", "error", "connected", "clear", "later"]), bodies)
def test_members_of_any_type_never_raise(event: str, body: dict[str, object]) -> None:
    session = carrier.started()
    session.receive(carrier.text(event, **body), 0.0)
    found = session.events(0.0)
    assert all(event.rule in RULES for event in found if isinstance(event, events.Malformed))

"""One stream without sockets: messages of the app, and their effect."""

from __future__ import annotations

from typing import Any

import pytest

from rtpcodec import pcmu_decode, pcmu_encode
from rtpcodec.sim.media.variations import Variations
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS
from tests.sim.streams import CLEAR, START_MS, STREAM_ID, mark, media, open_stream, payloads, ramp, run, sent

CHUNK = ramp(160)


def test_marks_come_back_when_the_audio_before_them_was_played() -> None:
    stream = open_stream(ramp(160 * 20))
    stream.receive(mark("at once"), START_MS)
    stream.receive(media(pcmu_encode(ramp(400))), START_MS + 5)
    stream.receive(mark("a"), START_MS + 6)
    stream.receive(media(pcmu_encode(ramp(160))), START_MS + 7)
    stream.receive(mark("b"), START_MS + 8)
    gone = run(stream)
    marks = [(at, m["mark"]["name"], m["stream_id"]) for at, m in gone if m["event"] == "mark"]
    assert marks == [(0, "at once", STREAM_ID), (55, "a", STREAM_ID), (75, "b", STREAM_ID)]
    numbers = [int(m["sequence_number"]) for _, m in gone if "sequence_number" in m]
    assert numbers == list(range(1, len(numbers) + 1))
    report = stream.report()
    assert (report.marks_received, report.marks_returned, report.marks_cleared) == (3, 3, 0)


def test_a_late_wake_up_keeps_the_order_of_time() -> None:
    stream = open_stream(ramp(160 * 20), dtmf=((45.0, "1"), (15.0, "2")))
    stream.receive(media(pcmu_encode(ramp(400))), START_MS)
    stream.receive(mark("at 50"), START_MS)
    found = sent(stream, 100.0)
    assert [m["event"] for m in found] == [
        "connected",
        "start",
        "dtmf",
        "media",
        "media",
        "dtmf",
        "mark",
        "media",
        "media",
        "media",
    ]
    assert [m["dtmf"]["digit"] for m in found if m["event"] == "dtmf"] == ["2", "1"]


def test_clear_empties_the_play_out_and_returns_the_marks_in_order() -> None:
    stream = open_stream(ramp(160 * 10))
    answer = pcmu_encode(ramp(1600))
    stream.receive(media(answer), START_MS)
    stream.receive(mark("a"), START_MS)
    stream.receive(media(answer), START_MS)
    stream.receive(mark("b"), START_MS)
    sent(stream, 25)
    stream.receive(CLEAR, START_MS + 25)
    assert [m["mark"]["name"] for m in sent(stream, 25)] == ["a", "b"]
    run(stream)
    report = stream.report()
    assert report.heard_pcm == pcmu_decode(answer)[: 25 * 16] + bytes(195 * 16)
    assert (report.marks_returned, report.marks_cleared, report.clears_received, report.dry_count) == (2, 2, 1, 0)


def test_heard_has_true_timing() -> None:
    stream = open_stream(ramp(160 * 10))
    answer = ramp(160, 3)
    for at_ms in (13.0, 100.0):
        stream.receive(media(pcmu_encode(answer)), START_MS + at_ms)
    heard = pcmu_decode(pcmu_encode(answer))
    assert stream.heard(START_MS + 23) == bytes(13 * 16) + heard[: 10 * 16]
    run(stream)
    report = stream.report()
    assert report.heard_pcm == bytes(13 * 16) + heard + bytes(67 * 16) + heard + bytes(100 * 16)
    assert (report.dry_count, report.dry_ms) == (1, 67.0)
    assert (report.media_received, report.octets_received, report.heard_hz) == (2, 320, 8000)


@pytest.mark.parametrize("order", ["little", "big"])
def test_l16_has_one_byte_order_both_ways(order: Any) -> None:
    stream = open_stream(
        ramp(160),
        name="L16",
        settings={"return_codec": "L16", "return_rate_hz": 8000},
        variations=Variations(l16_byte_order=order),
    )
    swapped = b"".join(ramp(160)[n : n + 2][::-1] for n in range(0, 320, 2))
    on_the_wire = ramp(160) if order == "little" else swapped
    stream.receive(media(on_the_wire), START_MS)
    assert payloads(m for _, m in run(stream)) == on_the_wire
    assert stream.report().heard_pcm[:320] == ramp(160)


@pytest.mark.parametrize(
    ("text", "code", "title", "detail"),
    [
        ("no json", 100003, "malformed_frame", "JSON is malformed"),
        ("", 100003, "malformed_frame", "Input data was truncated"),
        (b"\xff\xfe", 100003, "malformed_frame", "invalid start byte"),
        ("[]", 100003, "malformed_frame", "message is `array`, `object` is needed"),
        ('{"media":{"payload":""}}', 100003, "malformed_frame", "message has no member 'event'"),
        ('{"event":"media"}', 100003, "malformed_frame", "event 'media' has no member 'media'"),
        ('{"event":"media","media":{}}', 100003, "malformed_frame", "media has no member 'payload'"),
        ('{"event":"mark"}', 100003, "malformed_frame", "event 'mark' has no member 'mark'"),
        ('{"event":"mark","mark":{"name":7}}', 100003, "malformed_frame", "mark.name is `int`, `str` is needed"),
        ('{"event":"hello"}', 100003, "malformed_frame", "event is not one of media, mark and clear"),
        ('{"event":"stop"}', 100003, "malformed_frame", "event is not one of media, mark and clear"),
        ('{"event":"media","media":{"payload":"?"}}', 100004, "invalid_media", "media.payload is not base64"),
        ('{"event":"media","media":{"payload":"abc"}}', 100004, "invalid_media", "media.payload has no base64 padding"),
        (" " * (MAX_MESSAGE_OCTETS + 1), 100003, "malformed_frame", "message has 4194305 octets"),
        ("[" * 50, 100003, "malformed_frame", "nests"),
    ],
)
def test_malformed_messages_are_answered_and_the_stream_continues(
    text: str, code: int, title: str, detail: str
) -> None:
    stream = open_stream(ramp(160 * 3))
    sent(stream, 0)
    stream.receive(text, START_MS + 1)
    (error,) = sent(stream, 1)
    assert detail in error["payload"].pop("detail")
    assert error == {"event": "error", "stream_id": STREAM_ID, "payload": {"code": code, "title": title}}
    stream.receive(media(b"\xff" * 160), START_MS + 2)
    (chunk,) = sent(stream, 20)
    assert chunk["sequence_number"] == "2", "errors are not numbered"
    run(stream)
    report = stream.report()
    assert (report.errors_sent, report.messages_received, report.media_received) == (1, 2, 1)


def test_a_binary_frame_is_malformed() -> None:
    stream = open_stream(CHUNK)
    sent(stream, 0)
    stream.reject("binary", "message is a binary frame", START_MS)
    assert [m["payload"]["detail"] for m in sent(stream, 1)] == ["message is a binary frame"]


def test_a_payload_that_ends_within_a_sample_is_refused() -> None:
    stream = open_stream(CHUNK, settings={"return_codec": "L16", "return_rate_hz": 16000})
    sent(stream, 0)
    stream.receive(media(b"abc"), START_MS)
    assert [m["payload"] for m in sent(stream, 1)] == [
        {
            "code": 100004,
            "title": "invalid_media",
            "detail": "L16 payload has 3 octets, a multiple of 2 is needed",
        }
    ]


def test_an_empty_payload_does_nothing() -> None:
    stream = open_stream(CHUNK)
    stream.receive(media(b""), START_MS)
    run(stream)
    assert (stream.report().errors_sent, stream.report().media_received, stream.report().latencies_ms) == (0, 1, ())


def test_audio_that_nobody_hears_is_silence_and_counted() -> None:
    stream = open_stream(ramp(480), settings={"target_legs": "opposite"})
    stream.receive(media(pcmu_encode(CHUNK)), START_MS)
    stream.receive(mark("m"), START_MS)
    gone = run(stream)
    report = stream.report()
    assert (report.media_unheard, report.errors_sent) == (1, 0)
    assert report.heard_pcm == bytes(80 * 16)
    assert [at for at, m in gone if m["event"] == "mark"] == [20]


def test_too_much_audio_and_too_many_marks_are_refused_with_an_error() -> None:
    stream = open_stream(CHUNK)
    sent(stream, 0)
    chunk = media(b"\xff" * 8000 * 30)
    for _ in range(21):
        stream.receive(chunk, START_MS)
    for number in range(10_001):
        stream.receive(mark(str(number)), START_MS)
    details = [m["payload"]["detail"] for m in sent(stream, 1)]
    assert details == ["more audio waits to be played than the limit allows", "too many marks wait"]
    run(stream)
    assert stream.report().media_refused == 1


def test_keys_can_be_pressed_at_any_moment() -> None:
    stream = open_stream(ramp(480), dtmf=((50.0, "9"),))
    sent(stream, 25)
    stream.press("1", START_MS + 25)
    stream.press("#", START_MS + 25)
    assert [m["dtmf"]["digit"] for m in sent(stream, 25)] == ["1", "#"]
    assert [m["dtmf"]["digit"] for _, m in run(stream) if m["event"] == "dtmf"] == ["9"]

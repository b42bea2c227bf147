"""The state machine of a stream: close frames, cuts, and every end of a WebSocket."""

from __future__ import annotations

import pytest

from rtpcodec.sim.media import stream as stream_module
from rtpcodec.sim.media.closing import CLOSE_TIMEOUT_MS
from rtpcodec.sim.media.stream import CarrierStream
from tests.sim.streams import START_MS, mark, media, open_stream, ramp, sent


def ended() -> CarrierStream:
    """Return a stream that has ended and sent everything, at 40 ms."""
    stream = open_stream(ramp(160 * 50))
    sent(stream, 0)
    stream.end("hang_up", START_MS + 40)
    assert stream.hangup is None, "the last texts go first"
    assert [m["event"] for m in sent(stream, 40)] == ["media", "media", "stop"]
    return stream


def test_a_close_frame_follows_the_last_text_once() -> None:
    stream = ended()
    assert stream.hangup == 1000
    stream.hung_up()
    assert stream.hangup is None
    assert sent(stream, 50) == []
    assert stream.hangup is None
    assert not stream.cut


def test_an_app_that_does_not_answer_the_close_frame_is_cut_off() -> None:
    stream = ended()
    stream.hung_up()
    assert stream.next_deadline_ms == START_MS + 40 + CLOSE_TIMEOUT_MS
    sent(stream, 39 + CLOSE_TIMEOUT_MS)
    assert not stream.cut
    sent(stream, 40 + CLOSE_TIMEOUT_MS)
    assert stream.cut
    assert stream.next_deadline_ms is None


@pytest.mark.parametrize("code", [1000, 4321, None])
def test_an_app_that_answers_the_close_frame_is_not_cut_off(code: int | None) -> None:
    stream = ended()
    stream.hung_up()
    stream.peer_closed(code, START_MS + 45)
    stream.lost(START_MS + 46)
    sent(stream, 5000)
    assert (stream.hangup, stream.cut, stream.next_deadline_ms) == (None, False, None)
    assert (stream.report().end_reason, stream.report().close_code) == ("hang_up", code)


@pytest.mark.parametrize(
    ("code", "reason"), [(1002, "protocol_error"), (1009, "message_too_big"), (1008, "protocol_error")]
)
def test_a_broken_rule_ends_the_stream_with_its_code_and_no_other_text(code: int, reason: str) -> None:
    stream = open_stream(ramp(160 * 50))
    sent(stream, 0)
    stream.reject("fragments", "a continuation came without a beginning", START_MS + 30)
    stream.close(code, START_MS + 30)
    assert stream.hangup == code
    stream.hung_up()
    assert sent(stream, 60) == []
    assert stream.next_deadline_ms == START_MS + 30 + CLOSE_TIMEOUT_MS
    stream.peer_closed(code, START_MS + 70)
    assert (stream.report().end_reason, stream.report().close_code) == (reason, code)


def test_texts_wait_while_the_app_reads_slowly() -> None:
    stream = open_stream(ramp(160 * 5))
    sent(stream, 0)
    stream.paused = True
    assert sent(stream, 50) == []
    assert stream.next_deadline_ms == START_MS + 60, "chunks are made all the same"
    stream.paused = False
    assert stream.next_deadline_ms == START_MS + 20
    assert [m["media"]["chunk"] for m in sent(stream, 50)] == ["1", "2"]


def test_an_app_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "MAX_UNSENT_OCTETS", 1200)
    stream = open_stream(ramp(160 * 50))
    sent(stream, 0)
    stream.paused = True
    sent(stream, 60)
    assert not stream.cut
    sent(stream, 80)
    assert stream.cut
    assert (stream.hangup, stream.next_deadline_ms) == (None, None)
    stream.lost(START_MS + 81)
    assert stream.report().end_reason == "app_stalled"


def test_an_app_that_does_not_read_the_end_is_cut_off() -> None:
    stream = open_stream(ramp(160 * 50))
    sent(stream, 0)
    stream.paused = True
    stream.end("hang_up", START_MS + 50)
    assert sent(stream, 50) == []
    assert (stream.hangup, stream.next_deadline_ms) == (None, START_MS + 50 + CLOSE_TIMEOUT_MS)
    sent(stream, 50 + CLOSE_TIMEOUT_MS)
    assert stream.cut


def test_an_app_that_reads_the_end_late_gets_a_close_frame() -> None:
    stream = open_stream(ramp(160 * 50))
    sent(stream, 0)
    stream.paused = True
    stream.end("hang_up", START_MS + 30)
    sent(stream, 30)
    stream.paused = False
    assert [m["event"] for m in sent(stream, 500)] == ["media", "stop"]
    assert (stream.hangup, stream.cut) == (1000, False)
    assert stream.next_deadline_ms == START_MS + 500 + CLOSE_TIMEOUT_MS


def test_a_lost_connection_is_reported_unless_the_stream_has_ended() -> None:
    stream = open_stream(ramp(160 * 50))
    sent(stream, 20)
    stream.lost(START_MS + 30)
    assert (stream.finished, stream.hangup, stream.cut) == (True, None, False)
    assert sent(stream, 60) == []
    assert stream.report().end_reason == "connection_lost"


def test_a_machine_has_no_events_and_ignores_control_frames() -> None:
    stream = open_stream(ramp(160))
    stream.touch(START_MS)
    assert list(stream.events(START_MS)) == []
    assert stream.next_deadline_ms == START_MS


def test_a_buffer_that_is_used_again_does_not_change_a_message() -> None:
    stream = open_stream(ramp(160 * 10))
    buffer = bytearray(mark("a").encode())
    stream.receive(memoryview(buffer), START_MS)
    buffer[:] = bytes(len(buffer))
    stream.receive(media(b""), START_MS)
    assert [m["mark"]["name"] for m in sent(stream, 0) if m["event"] == "mark"] == ["a"]

"""SIP in a capture says what payload types mean and which streams are one call."""

from __future__ import annotations

import pytest

from rtpcodec.rtp.capture import signalling
from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.sip import parse_sip
from tests.rtp.capture.dialog import answer, invite, message, sdp, sent
from tests.rtp.capture.wire import ALICE, BOB, in_order, stream

PHONE = SocketAddress(ALICE.host, 7000)
FAR = SocketAddress(BOB.host, 7002)


def test_codecs_of_the_receivers_description() -> None:
    offer = sdp(PHONE, "a=rtpmap:96 AMR-WB/16000", "a=fmtp:96 octet-align=1", formats="96 101")
    reply = sdp(FAR, "a=rtpmap:112 AMR-WB/16000", "a=rtpmap:101 telephone-event/8000", formats="112 101")
    there = stream(50, PHONE, FAR, ssrc=1, payload_type=112, step_ticks=320, start_ms=100)
    back = stream(50, FAR, PHONE, ssrc=2, payload_type=96, step_ticks=320, start_ms=110)
    report = find_streams(in_order([sent(invite(offer), 0), sent(answer(reply), 50, BOB, ALICE)], there, back))
    first, second = report.streams
    assert (first.codecs[112].name, first.codecs[112].known_by, dict(first.codecs[112].options)) == (
        "AMR-WB",
        "sdp",
        {},
    )
    assert dict(second.codecs[96].options) == {"octet-align": "1"}
    assert second.packet_ms == 20
    assert report.calls[0].call_id == "one@example.com"
    assert report.counts.sip == 2


def test_an_announced_stream_is_one_from_its_first_packet() -> None:
    reply = sent(answer(sdp(FAR)), 0)
    assert find_streams([reply, *stream(1, PHONE, FAR, start_ms=10)]).streams[0].packets == 1
    # A payload type that was not announced proves nothing.
    assert find_streams([reply, *stream(1, PHONE, FAR, start_ms=10, payload_type=8)]).streams == ()


def test_an_answer_after_early_media_names_its_codec() -> None:
    early = stream(100, FAR, PHONE, payload_type=96, step_ticks=320)
    offer = sdp(PHONE, "a=rtpmap:96 L16/16000", formats="96")
    (found,) = find_streams(in_order(early, [sent(invite(offer), 1500)])).streams
    assert (found.codecs[96].name, found.codecs[96].known_by) == ("L16", "sdp")
    assert found.packet_ms == 20


def test_a_re_invite_that_moves_the_addresses_is_the_same_call() -> None:
    moved = SocketAddress(bytes((203, 0, 113, 9)), 9000)
    setup = [sent(invite(sdp(PHONE)), 0), sent(answer(sdp(FAR)), 10, BOB, ALICE)]
    # The far side moves: its request has its own tag in From.
    again = message("INVITE sip:a SIP/2.0", sdp(moved), from_tag="bob-tag", to_tag="alice-tag", cseq="7 INVITE")
    first = in_order(stream(50, PHONE, FAR, ssrc=1, start_ms=20), stream(50, FAR, PHONE, ssrc=2, start_ms=25))
    second = in_order(stream(50, PHONE, moved, ssrc=1, start_ms=1300), stream(50, moved, PHONE, ssrc=3, start_ms=1305))
    report = find_streams(in_order(setup, first, [sent(again, 1200, BOB, ALICE)], second))
    (call,) = report.calls
    assert [one.ssrc for one in call.forward] == [1, 1]
    assert [one.ssrc for one in call.backward] == [2, 3]
    assert call.call_id == "one@example.com"


def test_directions_with_other_ports_are_joined_by_their_dialog() -> None:
    # The phone sends from a port that it did not announce.
    setup = [sent(invite(sdp(PHONE)), 0), sent(answer(sdp(FAR)), 10, BOB, ALICE)]
    odd = SocketAddress(bytes((198, 51, 100, 77)), 1234)
    report = find_streams(in_order(setup, stream(50, odd, FAR, ssrc=1), stream(50, FAR, PHONE, ssrc=2, start_ms=5)))
    (call,) = report.calls
    assert (call.paired_by, [one.ssrc for one in call.forward], [one.ssrc for one in call.backward]) == (
        "sip",
        [1],
        [2],
    )


def test_sound_and_picture_of_one_dialog_are_two_calls() -> None:
    audio, video = sdp(PHONE), b"m=video 7100 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
    audio_back, video_back = sdp(FAR), b"m=video 7102 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
    setup = [sent(invite(audio + video), 0), sent(answer(audio_back + video_back), 5, BOB, ALICE)]
    picture, far_picture = PHONE._replace(port=7100), FAR._replace(port=7102)
    media = [
        stream(50, PHONE, FAR, ssrc=1, start_ms=10),
        stream(50, FAR, PHONE, ssrc=2, start_ms=11),
        stream(50, picture, far_picture, ssrc=3, payload_type=99, step_ticks=3000, start_ms=12),
        stream(50, far_picture, picture, ssrc=4, payload_type=99, step_ticks=3000, start_ms=13),
    ]
    report = find_streams(in_order(setup, *media))
    assert [([one.ssrc for one in call.forward], [one.ssrc for one in call.backward]) for call in report.calls] == [
        ([1], [2]),
        ([3], [4]),
    ]
    assert report.streams[2].codecs[99].name == "H264"
    assert report.streams[2].jitter_ms is not None


def test_both_legs_of_a_relay_are_two_calls_of_one_dialog() -> None:
    relay = SocketAddress(bytes((203, 0, 113, 1)), 20_000)
    relay_far = relay._replace(port=20_002)
    setup = [
        sent(invite(sdp(PHONE)), 0),
        sent(invite(sdp(relay_far)), 5),
        sent(answer(sdp(FAR)), 10),
        sent(answer(sdp(relay)), 15),
    ]
    media = [
        stream(50, PHONE, relay, ssrc=1, start_ms=20),
        stream(50, relay_far, FAR, ssrc=1, start_ms=21),
        stream(50, FAR, relay_far, ssrc=2, start_ms=22),
        stream(50, relay, PHONE, ssrc=2, start_ms=23),
    ]
    report = find_streams(in_order(setup, *media))
    assert [(len(call.forward), len(call.backward), call.call_id) for call in report.calls] == [
        (1, 1, "one@example.com")
    ] * 2


def test_srtp_is_marked_as_encrypted() -> None:
    reply = answer(sdp(FAR, "a=rtpmap:96 opus/48000/2", profile="RTP/SAVP", formats="96"))
    report = find_streams([sent(reply, 0), *stream(20, PHONE, FAR, payload_type=96, step_ticks=960, start_ms=5)])
    assert report.streams[0].encrypted
    assert not find_streams(stream(20)).streams[0].encrypted


def test_a_port_that_is_used_again_has_the_codecs_of_its_own_call() -> None:
    first = [sent(answer(sdp(FAR, "a=rtpmap:96 opus/48000/2", formats="96")), 0)]
    second = [sent(answer(sdp(FAR, "a=rtpmap:96 L16/16000", formats="96"), "two@example.com"), 60_000)]
    media = [
        stream(20, PHONE, FAR, ssrc=1, payload_type=96, step_ticks=960, start_ms=10),
        stream(20, PHONE, FAR, ssrc=2, payload_type=96, step_ticks=320, start_ms=60_010),
    ]
    report = find_streams(in_order(first, second, *media))
    assert [one.codecs[96].name for one in report.streams] == ["OPUS", "L16"]
    assert [call.call_id for call in report.calls] == ["one@example.com", "two@example.com"]


def test_a_broken_description_is_a_note() -> None:
    report = find_streams([sent(invite(b"v=0\r\nm=audio x RTP/AVP 0\r\n"), 0), *stream(10, start_ms=5)])
    (note,) = report.notes
    assert note.startswith("a session description was left out: session description line 2: the port of m= is not")
    assert len(report.streams) == 1


def test_compact_headers_folded_lines_and_parts_of_several_kinds() -> None:
    body = (
        b"--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1\r\nc: application/sdp\r\n\r\n"
        + sdp(FAR)
        + b"\r\n--b1--\r\n"
    )
    octets = (
        b"SIP/2.0 183 Session Progress\r\ni: x1\r\nf: <sip:a>;tag=A\r\nt: <sip:b>\r\n ;tag=B\r\nCSeq: 1 INVITE\r\n"
        b'c: multipart/mixed;boundary="b1"\r\n\r\n' + body
    )
    read = parse_sip(octets)
    assert read is not None
    assert (read.call_id, read.author, read.status, read.method) == ("x1", "B", 183, "INVITE")
    assert find_streams([sent(octets, 0), *stream(1, PHONE, FAR, start_ms=5)]).streams[0].packets == 1


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"INVITE sip:a SIP/1.0\r\n\r\n",
        b"HELLO\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"INVITE sip:a SIP/2.0\r\nCall-ID: x\r\nCSeq: 1\r\n\r\n",
        b"NOTIFY * HTTP/1.1\r\n\r\n",
    ],
)
def test_other_text_is_not_sip(octets: bytes) -> None:
    assert parse_sip(octets) is None


def test_people_are_not_in_a_repr() -> None:
    read = parse_sip(invite(sdp(PHONE)))
    assert "1555" not in repr(read)
    assert "alice" not in repr(read)


def test_memory_of_signalling_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signalling, "MAX_ADDRESSES", 10)
    monkeypatch.setattr(signalling, "MAX_DIALOGS", 10)
    read = signalling.Signalling()
    for number in range(100):
        assert read.take(invite(sdp(PHONE._replace(port=number + 1)), f"call-{number}"))
        assert read.take(invite(b"v=0\r\nx" + b"y" * number, f"call-{number}"))
    assert len(read._at) == len(read._callers) == 10
    assert len(read.notes) == 1
    for number in range(100):
        read.take(invite(sdp(PHONE), f"again-{number}"))
    assert len(read._at[PHONE]) == signalling.MAX_ANNOUNCEMENTS

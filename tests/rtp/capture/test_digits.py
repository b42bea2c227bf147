"""Digits of telephone events in a capture: all of them, in order, and private."""

from __future__ import annotations

import random

import pytest

from rtpcodec import Packetizer, RtpPacket, codec, payload_format
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.payloads.telephone_event import digit_packets
from tests.rtp.capture.dialog import answer, sdp, sent
from tests.rtp.capture.wire import ALICE, BOB, START_NS, in_order, stream

DIGITS = "0123456789*#ABCD1122"


def call_with_digits(digits: str, payload_type: int = 101, *, has_audio: bool = True) -> list[Datagram]:
    """Speech in PCMU with pressed keys, 100 ms each, between them 200 ms."""
    packetizer = Packetizer(payload_format(codec("PCMU")), 0, sequence_number=65_530, timestamp=0xFFFF_F000, ssrc=5)
    at_ms = 0.0
    packets: list[tuple[float, RtpPacket]] = []
    for key in digits:
        for _ in range(10 if has_audio else 0):
            packets += [(at_ms, packet) for packet in packetizer.packetize(bytes(160))]
            at_ms += 20
        if not has_audio:
            packetizer.advance(1600)
            at_ms += 200
        timed = digit_packets(packetizer, key, 100, payload_type=payload_type, rtp_clock_hz=8000)
        packets += [(at_ms + one.after_ms, one.packet) for one in timed]
        # Speech follows the repeated ends, 60 ms after the key was released.
        packetizer.advance(480)
        at_ms += 160
    return [Datagram(START_NS + round(ms * 1e6), ALICE, BOB, packet.build(), 0) for ms, packet in packets]


@pytest.mark.parametrize("has_audio", [True, False])
def test_digits_are_found_without_signalling(has_audio: bool) -> None:
    (found,) = find_streams(call_with_digits(DIGITS, has_audio=has_audio)).streams
    assert found.digits == DIGITS
    assert (found.codecs[101].name, found.codecs[101].known_by) == ("telephone-event", "guess")
    assert found.lost == 0


def test_digits_of_announced_and_of_given_payload_types() -> None:
    events = sdp(BOB, "a=rtpmap:110 telephone-event/8000", "a=fmtp:110 0-16", formats="0 110")
    sent_digits = call_with_digits(DIGITS, 110)
    (found,) = find_streams([sent(answer(events), 0), *sent_digits]).streams
    assert (found.digits, found.codecs[110].known_by) == (DIGITS, "sdp")
    (found,) = find_streams(sent_digits, codecs={110: "telephone-event"}).streams
    assert (found.digits, found.codecs[110].known_by) == (DIGITS, "given")


@pytest.mark.parametrize("seed", range(5))
def test_lost_and_repeated_packets_lose_no_digit(seed: int) -> None:
    chance = random.Random(seed)
    packets = call_with_digits(DIGITS)
    kept = [one for one in packets for _ in range(chance.choice((1, 1, 1, 2))) if chance.random() > 0.1]
    (found,) = find_streams(kept).streams
    assert found.digits == DIGITS


def test_events_do_not_disturb_jitter_and_sizes() -> None:
    (found,) = find_streams(call_with_digits(DIGITS)).streams
    assert found.jitter_ms == pytest.approx(0, abs=0.01)
    assert (found.min_payload_octets, found.max_payload_octets, found.packet_ms) == (160, 160, 20)


def test_digits_are_not_in_a_repr() -> None:
    report = find_streams(call_with_digits("31415926"))
    assert report.streams[0].digits == "31415926"
    assert "31415926" not in repr(report)
    assert not any(key in repr(report.streams[0].codecs[101]) for key in ("event=", "digits"))


def test_a_stream_without_keys_has_no_digits() -> None:
    assert find_streams(stream(50)).streams[0].digits == ""


def test_short_pictures_are_not_keys() -> None:
    # Four octets each, but the timestamp of each packet is its own.
    packets = stream(80, payload_type=99, payload_of=lambda number: bytes((1, 0, 0, number)))
    (found,) = find_streams(in_order(packets)).streams
    assert (found.codecs[99].name, found.digits) == ("unknown", "")

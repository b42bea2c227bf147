"""Digits as telephone events: examples, all losses, orders and repetitions of a digit's packets, long events."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import Packetizer, RtpPacket, codec, payload_format
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads.telephone_event import (
    KEYS,
    MAX_PENDING,
    Digit,
    DigitReceiver,
    TelephoneEvent,
    TimedPacket,
    digit_packets,
    event_of,
)
from tests.rtp.test_streams import read

EVENT_TYPE = 101


def stream(name: str = "PCMU", timestamp: int = 0) -> Packetizer:
    return Packetizer(payload_format(codec(name)), 0, sequence_number=0, timestamp=timestamp, ssrc=1)


def sent(packetizer: Packetizer, key: str, duration_ms: float, clock_hz: int = 8000) -> list[TimedPacket]:
    return digit_packets(packetizer, key, duration_ms, payload_type=EVENT_TYPE, rtp_clock_hz=clock_hz)


def packets(packetizer: Packetizer, key: str, duration_ms: float, clock_hz: int = 8000) -> list[RtpPacket]:
    return [timed.packet for timed in sent(packetizer, key, duration_ms, clock_hz)]


def heard(some: list[RtpPacket], clock_hz: int = 8000) -> list[tuple[str, float, bool]]:
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=clock_hz)
    digits = [digit for packet in some for digit in receiver.put(packet)] + receiver.flush()
    return [(digit.key, digit.duration_ms, digit.has_end) for digit in digits]


@pytest.mark.parametrize(
    ("payload", "event", "is_end", "duration_ticks"),
    [
        ("050a00a0", 5, False, 160),
        ("050a0140", 5, False, 320),
        ("058a0320", 5, True, 800),
        ("0b8a0320", 11, True, 800),
    ],
)
def test_the_examples(payload: str, event: int, is_end: bool, duration_ticks: int) -> None:
    expected = TelephoneEvent(event, is_end, 10, duration_ticks)
    assert TelephoneEvent.parse(bytes.fromhex(payload)) == expected
    assert expected.build().hex() == payload


def test_the_reserved_bit_is_ignored() -> None:
    assert TelephoneEvent.parse(bytes.fromhex("054a00a0")).build().hex() == "050a00a0"


@pytest.mark.parametrize("octets", [0, 3, 5])
def test_another_length_is_refused(octets: int) -> None:
    with pytest.raises(PayloadError, match=rf"^telephone-event payload has {octets} octets, 4 are needed$"):
        TelephoneEvent.parse(bytes(octets))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (TelephoneEvent(256, False, 0, 0), "event is out of range, 0 to 255 are allowed"),
        (TelephoneEvent(1, False, 64, 0), "volume is 64, 0 to 63 are allowed"),
        (TelephoneEvent(1, False, 0, 65536), "duration_ticks is 65536, 0 to 65535 are allowed"),
    ],
)
def test_values_that_do_not_fit_are_refused(event: TelephoneEvent, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        event.build()


@pytest.mark.parametrize("key", ["", "E", "55", "é", " "])
def test_an_invalid_key_is_refused_and_not_repeated_in_the_error(key: str) -> None:
    with pytest.raises(ValueError, match=r"^a key is one of 0123456789\*#ABCD$"):
        event_of(key)
    assert event_of("d") == 15


def test_no_repr_shows_a_digit() -> None:
    digit = Digit("7", 7, 100.0, 0, True)
    assert "7" not in repr(digit) + repr(TelephoneEvent(7, True, 10, 800))


def test_packets_of_a_digit() -> None:
    packetizer = stream(timestamp=0xFFFFFFF0)
    timed = sent(packetizer, "5", 100)
    assert [one.packet.payload.hex() for one in timed] == [
        "050a00a0",
        "050a0140",
        "050a01e0",
        "050a0280",
        "058a0320",
        "058a0320",
        "058a0320",
    ]
    assert [one.after_ms for one in timed] == [20, 40, 60, 80, 100, 120, 140]
    assert [one.packet.marker for one in timed] == [True, *[False] * 6]
    assert [one.packet.sequence_number for one in timed] == list(range(7))
    assert {one.packet.timestamp for one in timed} == {0xFFFFFFF0}
    assert {one.packet.payload_type for one in timed} == {EVENT_TYPE}
    assert packetizer.timestamp == 784
    (audio,) = packetizer.packetize(bytes(160))
    assert (audio.sequence_number, audio.timestamp, audio.payload_type) == (7, 784, 0)


@pytest.mark.parametrize("duration_ms", [0, -1, 0.01])
def test_a_digit_lasts_a_tick_at_least(duration_ms: float) -> None:
    with pytest.raises(ValueError, match="a tick of the clock is the least"):
        sent(stream(), "5", duration_ms)


@pytest.mark.parametrize("duration_ms", [math.inf, math.nan])
def test_a_digit_ends(duration_ms: float) -> None:
    with pytest.raises(ValueError, match=rf"^duration_ms is {duration_ms}, a finite number is needed$"):
        sent(stream(), "5", duration_ms)


@pytest.mark.parametrize(("name", "ticks"), [("PCMU", 800), ("G722", 800), ("OPUS", 4800), ("AMR-WB", 1600)])
def test_a_duration_is_by_the_rtp_clock_of_the_codec(name: str, ticks: int) -> None:
    """With G722 it is 8000, not the 16000 of its samples: there durations would be halved."""
    clock_hz = codec(name).rtp_clock_hz()
    some = packets(stream(name), "#", 100, clock_hz)
    assert TelephoneEvent.parse(some[-1].payload).duration_ticks == ticks
    assert heard(some, clock_hz) == [("#", 100.0, True)]


@pytest.mark.parametrize("ticks", [0xFFFE, 0xFFFF, 0x10000, 0x10001, 3 * 0xFFFF, 200_000])
def test_a_long_event_is_split_into_segments_and_joined(ticks: int) -> None:
    some = packets(stream(timestamp=0xFFFF0000), "1", ticks / 8)
    starts = sorted({(packet.timestamp - 0xFFFF0000) & 0xFFFFFFFF for packet in some})
    assert starts == list(range(0, ticks, 0xFFFF))
    assert [packet.marker for packet in some].count(True) == 1
    ends = [packet for packet in some if TelephoneEvent.parse(packet.payload).is_end]
    assert len(ends) == 3
    for packet, following in pairwise(some):
        if packet.timestamp != following.timestamp:
            assert TelephoneEvent.parse(packet.payload).duration_ticks == 0xFFFF
    assert heard(some) == [("1", ticks / 8, True)]
    assert heard(some[:-3:3] + ends[1:2]) == [("1", ticks / 8, True)]


def test_all_keys_in_a_row() -> None:
    packetizer = stream()
    some = [packet for key in KEYS for packet in packets(packetizer, key, 60)]
    assert heard(some) == [(key, 60.0, True) for key in KEYS]
    assert heard(packets(stream(), "a", 60)) == [("A", 60.0, True)]


def test_a_digit_twice_is_two_digits() -> None:
    packetizer = stream()
    some = packets(packetizer, "1", 60)
    packetizer.silence(160)
    some += packets(packetizer, "1", 80)
    assert heard(some) == [("1", 60.0, True), ("1", 80.0, True)]


def test_the_hook_flash_has_no_key() -> None:
    packet = stream().packet(TelephoneEvent(16, True, 0, 400).build(), payload_type=EVENT_TYPE)
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    assert receiver.put(packet) == [Digit("", 16, 50.0, 0, True)]


@pytest.mark.parametrize("kept", [(0, 1, 2, 3, 4), (0,), (4,), (6,), (5, 6), (2, 6)])
def test_lost_packets(kept: tuple[int, ...]) -> None:
    some = packets(stream(), "9", 100)
    has_end = any(place >= 4 for place in kept)
    duration_ms = 100.0 if has_end else 20.0 * (kept[-1] + 1)
    assert heard([some[place] for place in kept]) == [("9", duration_ms, has_end)]


def test_without_an_end_audio_shows_that_it_is_over() -> None:
    packetizer = stream()
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    for packet in packets(packetizer, "3", 100)[:4]:
        assert receiver.put(packet) == []
    after = [receiver.put(packet) for _ in range(9) for packet in packetizer.packetize(bytes(160))]
    assert [len(digits) for digits in after] == [0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert after[7] == [Digit("3", 3, 80.0, 0, False)]


def test_an_earlier_digit_without_an_end_comes_before_a_later_one() -> None:
    packetizer = stream()
    some = packets(packetizer, "1", 60)[:2] + packets(packetizer, "2", 60)
    assert heard(some) == [("1", 40.0, False), ("2", 60.0, True)]


def test_another_sender_starts_again() -> None:
    first = stream(timestamp=5_000_000)
    second = Packetizer(payload_format(codec("PCMU")), 0, sequence_number=0, timestamp=0, ssrc=2)
    assert heard(packets(first, "1", 60)[:2] + packets(second, "2", 60)) == [("1", 40.0, False), ("2", 60.0, True)]


@pytest.mark.parametrize("jump", [-100_000_000, -160_000, 100_000_000, 2**31 - 1])
def test_timestamps_that_restart_lose_no_digit(jump: int) -> None:
    before, after = stream(timestamp=2**31), stream(timestamp=2**31 + jump & 0xFFFF_FFFF)
    assert heard(packets(before, "1", 60) + packets(after, "2", 60)) == [("1", 60.0, True), ("2", 60.0, True)]


def test_the_number_of_incomplete_digits_is_bounded() -> None:
    packetizer = stream()
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000, give_up_ms=1e6)
    digits = [
        digit
        for _ in range(MAX_PENDING + 5)
        for packet in packets(packetizer, "4", 60)[:1]
        for digit in receiver.put(packet)
    ]
    assert len(digits) == 5
    assert len(receiver.flush()) == MAX_PENDING


def test_a_wrong_length_changes_nothing() -> None:
    packetizer = stream()
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    some = packets(packetizer, "4", 60)
    receiver.put(some[0])
    with pytest.raises(PayloadError):
        receiver.put(packetizer.packet(b"\4\0\0", payload_type=EVENT_TYPE))
    assert [digit.key for packet in some[1:] for digit in receiver.put(packet)] == ["4"]


@given(
    keys=st.lists(st.tuples(st.sampled_from(KEYS), st.integers(3, 20)), min_size=1, max_size=6),
    timestamp=st.integers(0, 0xFFFFFFFF),
    seed=st.integers(0, 1000),
)
def test_order_and_repetition_within_a_digit_change_nothing(
    keys: list[tuple[str, int]], timestamp: int, seed: int
) -> None:
    """An end packet that overtakes the updates is enough; the rest is not a digit again."""
    source = random.Random(seed)
    packetizer = stream(timestamp=timestamp)
    arriving: list[RtpPacket] = []
    for key, frames in keys:
        some = packets(packetizer, key, 20 * frames)
        some += source.choices(some, k=3)
        source.shuffle(some)
        packetizer.silence(800)
        arriving += some
    assert heard(arriving) == [(key, 20.0 * frames, True) for key, frames in keys]


def test_digits_of_a_capture(vectors: Path) -> None:
    some = list(map(RtpPacket.parse, read(vectors / "rtp" / "wireshark_sip_dtmf2_5711bf84.jsonl").datagrams))
    receiver = DigitReceiver(payload_type=96, rtp_clock_hz=8000)
    digits = [digit for packet in some for digit in receiver.put(packet)] + receiver.flush()
    events = [packet for packet in some if packet.payload_type == 96]
    assert [digit.timestamp for digit in digits] == sorted({packet.timestamp for packet in events})
    assert all(digit.has_end and 40 <= digit.duration_ms <= 1000 for digit in digits)
    last = {packet.timestamp: TelephoneEvent.parse(packet.payload).duration_ticks for packet in events}
    assert [digit.duration_ms for digit in digits] == [ticks / 8 for ticks in last.values()]

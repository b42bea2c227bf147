"""Each physical key press is reported once, also if the sender breaks RFC 4733 section 2.5.1."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec import Packetizer, RtpPacket, codec, payload_format
from rtpcodec.rtp.payloads.telephone_event import KEYS, DigitReceiver, TelephoneEvent, digit_packets, event_of

AUDIO_TYPE, EVENT_TYPE = 0, 101
FRAME = 160
AUDIO_BASE = 900_000_000
FAR = 0x3200
"""A timestamp that is unrelated to that of the audio."""


class Sender:
    """A sender of audio and key presses that may break the rules of RFC 4733 section 2.5.1."""

    def __init__(self, *, number: int = 0, base: int = AUDIO_BASE, event_ssrc: int = 1, frame: int = FRAME) -> None:
        self._numbers = {1: count(number), 2: count(number + 40_000)}
        self._event_ssrc = event_ssrc
        self._frame = frame
        self.timestamp = base

    def audio(self, packets: int) -> Iterator[RtpPacket]:
        for _ in range(packets):
            yield self._packet(AUDIO_TYPE, self.timestamp, bytes(self._frame), ssrc=1)
            self.timestamp += self._frame

    def key(
        self, key: str, *, timestamp: int | None = None, updates: int = 5, ends: int = 3, marker: bool | None = None
    ) -> Iterator[RtpPacket]:
        """Send a press whose packets have one timestamp; None: the right one."""
        start = self.timestamp if timestamp is None else timestamp
        for place in range(updates + ends):
            ticks = self._frame * min(place + 1, updates + 1)
            payload = TelephoneEvent(event_of(key), place >= updates, 10, ticks).build()
            first = place == 0 if marker is None else marker
            yield self._packet(EVENT_TYPE, start, payload, ssrc=self._event_ssrc, marker=first)
        self.timestamp += self._frame * (updates + 1)

    def moving_key(self, key: str, *, updates: int = 8, ends: int = 3) -> Iterator[RtpPacket]:
        """Send a press whose updates have the time of sending, and whose end packets repeat the last one."""
        for place in range(updates + ends):
            ticks = self._frame * min(place + 1, updates)
            payload = TelephoneEvent(event_of(key), place >= updates, 10, ticks).build()
            at = self.timestamp + ticks - self._frame
            yield self._packet(EVENT_TYPE, at, payload, ssrc=self._event_ssrc, marker=place == 0)
        self.timestamp += self._frame * updates

    def key_with_audio(self, key: str, *, timestamp: int | None = None, updates: int = 5) -> Iterator[RtpPacket]:
        """Continue the audio in parallel with the packets of the key."""
        start = self.timestamp if timestamp is None else timestamp
        after = self.timestamp
        for packet in self.key(key, timestamp=start, updates=updates):
            yield packet
            yield from self.audio(1)
            after = self.timestamp
        self.timestamp = after

    def _packet(
        self, payload_type: int, timestamp: int, payload: bytes, *, ssrc: int, marker: bool = False
    ) -> RtpPacket:
        return RtpPacket(
            payload_type=payload_type,
            sequence_number=next(self._numbers[ssrc]) & 0xFFFF,
            timestamp=timestamp & 0xFFFF_FFFF,
            ssrc=ssrc,
            payload=payload,
            marker=marker,
        )


def keys_of(*parts: Iterator[RtpPacket]) -> str:
    return "".join(key for key, _ in presses_of(*parts))


def presses_of(*parts: Iterator[RtpPacket]) -> list[tuple[str, bool]]:
    """Return the reported keys, and whether each had an end."""
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    digits = [digit for part in parts for packet in part for digit in receiver.put(packet)] + receiver.flush()
    return [(digit.key, digit.has_end) for digit in digits]


@pytest.mark.parametrize("keys", ["1234", "11", "1212", "5*#D", "0000000000"])
@pytest.mark.parametrize("base", [0, AUDIO_BASE, 2**32 - 1])
def test_keys_of_one_timestamp_are_all_reported(keys: str, base: int) -> None:
    sender = Sender(base=base)
    assert keys_of(sender.audio(50), *[sender.key(key, timestamp=base) for key in keys], sender.audio(50)) == keys


@pytest.mark.parametrize("number", [0, 65_500, 65_440])
@pytest.mark.parametrize("silence", [3, 50, 500, 2000])
def test_same_key_after_audio_with_an_unchanged_timestamp_is_another_press(silence: int, number: int) -> None:
    sender = Sender(number=number)
    parts = [sender.key("7", timestamp=FAR), sender.audio(silence), sender.key("7", timestamp=FAR), sender.audio(20)]
    assert presses_of(*parts) == [("7", True), ("7", True)]


@pytest.mark.parametrize(
    "lost",
    [
        slice(0, 5),  # the updates of the second press
        slice(0, 6),  # and the first of its end packets
        slice(5, 8),  # its end packets
        slice(1, 8),
    ],
)
def test_same_key_with_an_unchanged_timestamp_and_lost_packets(lost: slice) -> None:
    sender = Sender()
    first, audio, second = list(sender.key("7")), list(sender.audio(50)), list(sender.key("7", timestamp=AUDIO_BASE))
    del second[lost]
    assert keys_of(iter(first + audio + second), sender.audio(20)) == "77"


@pytest.mark.parametrize("ends", [0, 1, 3])
def test_press_without_an_end_and_the_same_again_with_an_unchanged_timestamp(ends: int) -> None:
    sender = Sender()
    parts = [sender.key("7", timestamp=FAR, ends=0), sender.audio(50), sender.key("7", timestamp=FAR, ends=ends)]
    assert presses_of(*parts, sender.audio(50)) == [("7", False), ("7", ends > 0)]


def test_press_without_an_end_and_the_same_again_at_once() -> None:
    """The duration falls although the packet was sent later: another press."""
    sender = Sender()
    parts = [sender.key("7", timestamp=FAR, ends=0), sender.key("7", timestamp=FAR)]
    assert presses_of(*parts) == [("7", False), ("7", True)]


@pytest.mark.parametrize("timestamp", [FAR, 0, AUDIO_BASE - 2**31, AUDIO_BASE + 2**31 - 1, AUDIO_BASE - 7200])
@pytest.mark.parametrize("event_ssrc", [1, 2])
@pytest.mark.parametrize("frame", [80, 160, 240])
def test_key_far_from_the_base_of_the_audio_is_reported_once(timestamp: int, event_ssrc: int, frame: int) -> None:
    for with_audio in (False, True):
        sender = Sender(event_ssrc=event_ssrc, frame=frame)
        parts = [sender.audio(100)]
        for key in "1234":
            press = sender.key_with_audio if with_audio else sender.key
            parts += [press(key, timestamp=timestamp), sender.audio(30)]
        assert presses_of(*parts) == [(key, True) for key in "1234"]


@pytest.mark.parametrize("timestamp", [None, FAR])
def test_key_with_a_separate_ssrc_is_reported_once(timestamp: int | None) -> None:
    sender = Sender(event_ssrc=2)
    parts = [sender.audio(100), sender.key_with_audio("5", timestamp=timestamp), sender.audio(30)]
    parts += [sender.key_with_audio("5", timestamp=timestamp), sender.audio(30), sender.key("6"), sender.audio(30)]
    assert presses_of(*parts) == [("5", True), ("5", True), ("6", True)]


@pytest.mark.parametrize("event_ssrc", [1, 2])
def test_audio_alone_completes_a_key_far_from_its_base(event_ssrc: int) -> None:
    sender = Sender(event_ssrc=event_ssrc)
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    before = [*sender.audio(100), *sender.key_with_audio("5", timestamp=FAR)]
    without_end = [packet for packet in before if not (packet.payload_type and packet.payload[1] & 0x80)]
    assert [receiver.put(packet) for packet in without_end] == [[]] * len(without_end)
    after = [receiver.put(packet) for packet in sender.audio(9)]
    assert [digit.key for digits in after for digit in digits] == ["5"]
    assert not after[0]


@pytest.mark.parametrize("marker", [True, False])
@pytest.mark.parametrize("timestamp", [None, FAR])
def test_markers_do_not_count_presses(marker: bool, timestamp: int | None) -> None:
    sender = Sender()
    parts = [sender.key(key, timestamp=timestamp, marker=marker) for key in "1223"]
    assert keys_of(*parts) == "1223"


@pytest.mark.parametrize("grows", [True, False])
@pytest.mark.parametrize("ends", [1, 3])
def test_timestamp_that_moves_within_a_press_is_one_press(grows: bool, ends: int) -> None:
    """Senders that stamp each packet with the time at which it is sent, with the whole duration or that of a frame."""
    packets = []
    for place in range(6 + ends):
        frames = min(place, 6) + 1
        payload = TelephoneEvent(5, place >= 6, 10, FRAME * frames if grows else FRAME).build()
        packets.append(
            RtpPacket(
                payload_type=EVENT_TYPE,
                sequence_number=place,
                timestamp=AUDIO_BASE + FRAME * place,
                ssrc=1,
                payload=payload,
                marker=place == 0,
            )
        )
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    digits = [digit for packet in packets for digit in receiver.put(packet)] + receiver.flush()
    assert [(digit.key, digit.duration_ms) for digit in digits] == [("5", 140.0)]


def test_end_packets_without_a_duration_end_the_press() -> None:
    sender = Sender()
    packets = list(sender.key("5"))
    ends = [packet_with(packet, TelephoneEvent(5, True, 10, 0)) for packet in packets[5:]]
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    digits = [digit for packet in packets[:5] + ends for digit in receiver.put(packet)] + receiver.flush()
    assert [(digit.key, digit.duration_ms) for digit in digits] == [("5", 100.0)]


def packet_with(packet: RtpPacket, event: TelephoneEvent) -> RtpPacket:
    return RtpPacket(
        payload_type=packet.payload_type,
        sequence_number=packet.sequence_number,
        timestamp=packet.timestamp,
        ssrc=packet.ssrc,
        payload=event.build(),
        marker=packet.marker,
    )


def test_many_end_packets_are_one_press() -> None:
    sender = Sender()
    assert keys_of(sender.key("5", ends=40), sender.audio(20), sender.key("5", ends=40)) == "55"


def test_late_packet_of_an_earlier_press_does_not_end_a_later_one() -> None:
    sender = Sender()
    first, audio = list(sender.key("7", timestamp=FAR)), list(sender.audio(10))
    second = list(sender.key("7", timestamp=FAR, updates=10))
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    packets = first[:-1] + audio + second[:2] + first[-1:] + second[2:]
    digits = [digit for packet in packets for digit in receiver.put(packet)] + receiver.flush()
    assert [(digit.key, digit.duration_ms) for digit in digits] == [("7", 120.0), ("7", 220.0)]


def test_first_packets_of_a_second_press_in_another_order_are_one_press() -> None:
    sender = Sender()
    first, second = list(sender.key("7", timestamp=FAR)), list(sender.key("7", timestamp=FAR))
    assert keys_of(iter([*first, second[1], second[0], *second[2:]])) == "77"


def test_packets_of_our_own_sender_have_a_timestamp_for_each_press() -> None:
    """Also without a pause between the presses, and where timestamps and numbers wrap."""
    stream = Packetizer(
        payload_format(codec("PCMU")), AUDIO_TYPE, sequence_number=65_530, timestamp=2**32 - 500, ssrc=1
    )
    timed = [
        one.packet for _ in range(5) for one in digit_packets(stream, "5", 60, payload_type=101, rtp_clock_hz=8000)
    ]
    assert len({packet.timestamp for packet in timed}) == 5
    assert keys_of(iter(timed)) == "55555"


@given(
    keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=8),
    timestamps=st.sampled_from(["right", "one", "far", "moving base"]),
    event_ssrc=st.sampled_from([1, 2]),
    with_audio=st.booleans(),
    number=st.sampled_from([0, 65_450]),
    marker=st.sampled_from([None, True, False]),
    pause=st.integers(0, 60),
    seed=st.integers(0, 1000),
)
def test_each_press_is_reported_once_whatever_rule_the_sender_breaks(  # noqa: PLR0917 -- Hypothesis passes them by name
    keys: list[str],
    timestamps: str,
    event_ssrc: int,
    with_audio: bool,
    number: int,
    marker: bool | None,
    pause: int,
    seed: int,
) -> None:
    """Neighbouring packets change places and some come twice; the end packets of a press are not all lost."""
    source = random.Random(seed)
    sender = Sender(number=number, event_ssrc=event_ssrc)
    packets = list(sender.audio(20))
    for place, key in enumerate(keys):
        timestamp = {"right": None, "one": AUDIO_BASE, "far": FAR, "moving base": FAR + 77_777 * place}[timestamps]
        if with_audio:
            press = list(sender.key_with_audio(key, timestamp=timestamp))
        else:
            press = list(sender.key(key, timestamp=timestamp, marker=marker))
        for at in range(0, len(press) - 1, 2):
            if source.random() < 0.3:
                press[at], press[at + 1] = press[at + 1], press[at]
        press.insert(source.randrange(len(press)), source.choice(press))
        packets += press + list(sender.audio(pause))
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    digits = [digit for packet in packets for digit in receiver.put(packet)] + receiver.flush()
    assert [digit.key for digit in digits] == keys


@pytest.mark.parametrize("timestamp", [FAR, 0, None])
@pytest.mark.parametrize("updates", [5, 20, 100])
def test_audio_that_overtakes_the_last_end_packet_starts_no_press(updates: int, timestamp: int | None) -> None:
    sender = Sender()
    packets = [*sender.audio(20), *sender.key("5", timestamp=timestamp, updates=updates), *sender.audio(20)]
    at = 20 + updates + 2
    packets[at], packets[at + 1] = packets[at + 1], packets[at]
    assert keys_of(iter(packets)) == "5"


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_end_packets_that_repeat_an_update_with_a_moving_timestamp_are_of_its_press(copies: int) -> None:
    sender = Sender()
    packets = [*sender.audio(5), *sender.moving_key("5"), *sender.audio(9), *sender.moving_key("5"), *sender.audio(9)]
    assert presses_of(packet for packet in packets for _ in range(copies)) == [("5", True), ("5", True)]


@pytest.mark.parametrize("at", range(5, 12))
def test_packets_with_a_moving_timestamp_may_be_out_of_order(at: int) -> None:
    sender = Sender()
    packets = [*sender.audio(5), *sender.moving_key("5"), *sender.audio(9)]
    packets[at], packets[at + 1] = packets[at + 1], packets[at]
    assert presses_of(iter(packets)) == [("5", True)]


@given(
    packets=st.lists(
        st.tuples(
            st.integers(-20, 20),
            st.integers(-400, 400) | st.integers(0, 2**32 - 1),
            st.sampled_from((0, 1, 160, 65535)),
            st.booleans(),
            st.booleans(),
        ),
        max_size=20,
    )
)
def test_packets_of_any_duration_raise_nothing(packets: list[tuple[int, int, int, bool, bool]]) -> None:
    receiver = DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000)
    for number, timestamp, ticks, is_end, marker in packets:
        payload = TelephoneEvent(event_of("5"), is_end, 10, ticks).build()
        receiver.put(
            RtpPacket(
                payload_type=EVENT_TYPE,
                sequence_number=number % 2**16,
                timestamp=timestamp % 2**32,
                ssrc=1,
                payload=payload,
                marker=marker,
            )
        )


def test_updates_without_a_duration_whose_timestamps_fall_raise_nothing() -> None:
    receiver, payload = (
        DigitReceiver(payload_type=EVENT_TYPE, rtp_clock_hz=8000),
        TelephoneEvent(event_of("0"), False, 10, 0).build(),
    )
    for number, timestamp in ((9, 0), (23, 2**32 - 2)):
        receiver.put(
            RtpPacket(payload_type=EVENT_TYPE, sequence_number=number, timestamp=timestamp, ssrc=1, payload=payload)
        )

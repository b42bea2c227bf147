"""Audio that waits for space: its order, its ends, its limits. No sockets, no tasks."""

from __future__ import annotations

import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.codecs import CodecInfo
from rtpcodec.errors import QueueFull
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.play_queue import MAX_WAITING, PlayQueue, WaitingPlay
from rtpcodec.stream.session import MediaSession
from tests.stream import carrier

L16 = StreamPlan(send_codec="L16", send_rate_hz=8000)
MS = 8
"""Samples."""


def samples(first: int, count: int) -> bytes:
    return array.array("h", ((first + at) % 32768 for at in range(count))).tobytes()


def started(**options: object) -> tuple[MediaSession, PlayQueue]:
    session = carrier.started(L16, max_queue_ms=200, **options)  # type: ignore[arg-type]
    return session, PlayQueue(session, may_wait=True)


def sent_until(session: MediaSession, queue: PlayQueue, end_ms: int) -> bytes:
    """Return all sent octets; the queue is fed after each call."""
    octets = b""
    for now_ms in range(0, end_ms, 5):
        octets += carrier.sent_octets(session.outgoing(float(now_ms)))
        queue.feed()
    return octets


def test_audio_that_finds_room_ends_at_once() -> None:
    _, queue = started()
    assert queue.play(samples(0, 200 * MS)) is None
    assert (queue.turn(), queue.waiting_ms) == (None, 0.0)


def test_waiting_audio_leaves_in_order_and_ends_in_order() -> None:
    session, queue = started()
    parts = [samples(0, 4000), *(samples(4000 + 480 * at, 480) for at in range(3))]
    ended: list[int] = []
    waits = [queue.play(part) for part in parts]
    assert all(wait is not None for wait in waits)
    for at, wait in enumerate(waits):
        assert wait is not None
        wait.on_end = lambda _wait, at=at: ended.append(at)
    assert queue.waiting_ms == 680.0
    assert sent_until(session, queue, 800) == b"".join(parts)
    assert ended == [0, 1, 2, 3]
    assert queue.waiting_ms == 0.0


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=8))
def test_any_lengths_keep_order_and_lose_nothing(counts: list[int]) -> None:
    session, queue = started()
    parts, first = [], 0
    for count in counts:
        part = samples(first, count)
        before_ms = session.queued_ms + queue.waiting_ms
        try:
            queue.play(part)
        except QueueFull:
            assert session.queued_ms + queue.waiting_ms == before_ms
        else:
            parts.append(part)
            first += count
        assert session.queued_ms <= 200
        assert queue.waiting_ms <= 375 + 200
    whole = b"".join(parts)
    sent = sent_until(session, queue, first // MS + 500)
    assert sent == whole[: len(sent)]
    assert len(whole) - len(sent) < 2 * 20 * MS
    assert queue.waiting_ms == 0.0


def test_a_drop_ends_all_that_waits() -> None:
    session, queue = started()
    waits = [queue.play(samples(0, 1000 * MS)), queue.play(samples(0, 10 * MS)), queue.turn()]
    queue.drop()
    assert [wait is not None and wait.ended and wait.error is None for wait in waits] == [True, True, True]
    assert (queue.waiting_ms, queue.drop_count, queue.feed()) == (0.0, 1, False)
    assert session.queued_ms <= 200


def test_a_play_that_was_ended_leaves_its_rest_out() -> None:
    session, queue = started()
    first = queue.play(samples(0, 1000 * MS))
    queue.play(samples(16000, 20 * MS))
    assert first is not None
    first.end()
    assert queue.waiting_ms == 20.0
    assert sent_until(session, queue, 500) == samples(16000, 20 * MS)


class FailingSession(MediaSession):
    """Its codec fails on one kind of audio."""

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        if octets[:1] == b"\x01":
            raise RuntimeError("the codec failed")
        super().play_octets(octets, pcm_hz, note)


def test_a_play_that_fails_in_its_turn_leaves_the_others_alone() -> None:
    session = FailingSession(L16, max_queue_ms=200)
    queue = PlayQueue(session, may_wait=True)
    first, broken, last = (queue.play(pcm) for pcm in (bytes(2 * 8 * 300), b"\x01" * 320, bytes(320)))
    session.receive(carrier.start(), 0)
    while queue.feed():
        session.outgoing(0)
    ends = [(wait.ended, wait.error) for wait in (first, last) if isinstance(wait, WaitingPlay)]
    assert ends == [(True, None), (True, None)]
    assert broken is not None
    assert str(broken.error) == "the codec failed"


def test_without_waiting_a_full_queue_raises() -> None:
    session = carrier.started(L16, max_queue_ms=200)
    queue = PlayQueue(session, may_wait=False)
    with pytest.raises(QueueFull, match=r"^0 ms are queued and 201 ms would follow, at most 200 ms are allowed$"):
        queue.play(samples(0, 201 * MS))
    assert session.queued_ms == 0.0


def test_an_odd_octet_of_a_play_that_waits_meets_its_partner() -> None:
    session, queue = started(lead_ms=None)
    pcm = samples(0, 400 * MS)
    assert queue.play(pcm[:6401]) is not None
    assert queue.play(pcm[6401:]) is not None
    assert session.queued_ms + queue.waiting_ms == 400.0
    got = b""
    while queue.feed():
        got += carrier.sent_octets(session.outgoing(0.0))
    assert got + carrier.sent_octets(session.outgoing(0.0)) == pcm


def test_waiting_plays_are_bounded_in_number() -> None:
    _, queue = started()
    queue.play(bytes(2 * MS * 300))
    for _ in range(MAX_WAITING - 1):
        queue.play(bytes(2))
    with pytest.raises(QueueFull, match=rf"^{MAX_WAITING} plays already wait for space"):
        queue.play(bytes(2))


@pytest.mark.parametrize("kind", ["pcm", "payload"])
def test_one_play_of_any_length_waits_and_the_rest_is_bounded_in_ms(kind: str) -> None:
    _, queue = started()
    play = queue.play if kind == "pcm" else queue.play_payload
    minute = bytes(2 * MS * 60_000)
    assert play(minute * 10) is not None
    text = r"^a play waits for space, 0 ms wait behind it and 60000 ms would follow, at most 200 ms are allowed$"
    for _ in range(1000):
        with pytest.raises(QueueFull, match=text):
            play(minute)
    assert play(bytes(2 * MS * 120)) is not None
    with pytest.raises(QueueFull, match=r"120 ms wait behind it and 81 ms would follow"):
        play(bytes(2 * MS * 81))
    assert play(bytes(2 * MS * 80)) is not None
    assert queue.waiting_ms == 600_200.0


def test_a_cancelled_play_makes_room_at_once() -> None:
    _, queue = started()
    first, second = queue.play(bytes(2 * MS * 5000)), queue.play(bytes(2 * MS * 200))
    assert first is not None
    assert second is not None
    second.end()
    assert queue.waiting_ms == 5000.0
    assert queue.play(bytes(2 * MS * 200)) is not None
    first.end()
    assert queue.waiting_ms == 200.0, "its octets are freed, too"


def test_whole_payloads_that_wait_are_bounded_as_well(opus: CodecInfo) -> None:
    session = carrier.started(StreamPlan(send_codec="OPUS"), max_queue_ms=200)
    queue = PlayQueue(session, may_wait=True)
    packet = opus.encoder().encode(bytes(640))
    for _ in range(10 + 1 + 10):
        queue.play_payload(packet)
    with pytest.raises(QueueFull, match=r"^a play waits for space, 200 ms wait behind it and 20 ms would follow"):
        queue.play_payload(packet)

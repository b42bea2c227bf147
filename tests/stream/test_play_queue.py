"""Audio that waits for room: its order, its ends, its limits. No sockets, no tasks."""

from __future__ import annotations

import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import Buffer

from rtpcodec.errors import QueueFull
from rtpcodec.stream.events import Audio
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.play_queue import MAX_WAITING, PlayQueue, Waiting
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
    """All octets that leave, with the queue fed after each look."""
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
    parts = [samples(4000 * at, 4000) for at in range(4)]
    ended: list[int] = []
    waits = [queue.play(part) for part in parts]
    assert all(wait is not None for wait in waits)
    for at, wait in enumerate(waits):
        assert wait is not None
        wait.on_end = lambda _wait, at=at: ended.append(at)
    assert queue.waiting_ms == 2000.0
    assert sent_until(session, queue, 2100) == b"".join(parts)
    assert ended == [0, 1, 2, 3]
    assert queue.waiting_ms == 0.0


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=8))
def test_any_lengths_keep_order_and_lose_nothing(counts: list[int]) -> None:
    session, queue = started()
    parts, first = [], 0
    for count in counts:
        parts.append(samples(first, count))
        first += count
        queue.play(parts[-1])
        assert session.queued_ms <= 200
    whole = b"".join(parts)
    sent = sent_until(session, queue, sum(counts) // MS + 500)
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

    def play(self, pcm: Buffer | Audio, pcm_hz: int | None = None) -> None:
        if not isinstance(pcm, Audio) and bytes(pcm)[:1] == b"\x01":
            raise RuntimeError("the codec failed")
        super().play(pcm, pcm_hz)


def test_a_play_that_fails_in_its_turn_leaves_the_others_alone() -> None:
    session = FailingSession(L16, max_queue_ms=200)
    queue = PlayQueue(session, may_wait=True)
    first, broken, last = (queue.play(pcm) for pcm in (bytes(2 * 8 * 300), b"\x01" * 320, bytes(320)))
    session.receive(carrier.start(), 0)
    while queue.feed():
        session.outgoing(0)
    ends = [(wait.ended, wait.error) for wait in (first, last) if isinstance(wait, Waiting)]
    assert ends == [(True, None), (True, None)]
    assert broken is not None
    assert str(broken.error) == "the codec failed"


def test_without_waiting_a_full_queue_raises() -> None:
    session = carrier.started(L16, max_queue_ms=200)
    queue = PlayQueue(session, may_wait=False)
    with pytest.raises(QueueFull, match=r"^0 ms are queued and 201 ms would follow, at most 200 ms are allowed$"):
        queue.play(samples(0, 201 * MS))
    assert session.queued_ms == 0.0


def test_odd_octets_are_refused_before_anything_waits() -> None:
    _, queue = started()
    with pytest.raises(ValueError, match=r"^pcm has 6401 octets, 16-bit samples need an even number$"):
        queue.play(bytes(6401))
    assert queue.waiting_ms == 0.0


def test_waiting_plays_are_bounded() -> None:
    _, queue = started()
    for _ in range(MAX_WAITING):
        queue.play(bytes(2 * 8 * 300))
    with pytest.raises(QueueFull, match=rf"^{MAX_WAITING} plays wait for room already"):
        queue.play(bytes(2 * 8 * 300))

"""Kept sent audio: it equals what was sent, and its size is bounded."""

from __future__ import annotations

import sys
import tracemalloc
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from rtpcodec.stream.items import Kind, Piece
from rtpcodec.stream.packing import SamplePacking, packing_of
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.sent_audio import SentAudio

PLANS = [
    StreamPlan(),
    StreamPlan(send_codec="PCMA"),
    StreamPlan(send_codec="L16", send_rate_hz=8000),
    StreamPlan(send_codec="G722"),
]


def reply() -> Any:
    return SimpleNamespace(queue=SimpleNamespace(tones=()), sounds_keys=False, state="speaking")


def encoded(packing: Any, pieces: list[Piece]) -> bytes:
    octets = b"".join(packing.encode([piece]) for piece in pieces)
    # PCMU has two octets for 0.
    return octets.replace(b"\x7f", b"\xff") if packing.coding == "pcmu" else octets


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.send_codec)
def test_kept_audio_gives_the_same_octets(plan: StreamPlan) -> None:
    random = Random(plan.send_codec)
    packing, again = packing_of(plan), packing_of(plan)
    assert isinstance(packing, SamplePacking)
    replies = [reply(), reply()]
    sent, position, contents, expected = SentAudio(None, packing), 0, [0, 0], b""
    for number in range(400):
        at = number // 70 % 2
        frames = random.choice((1, 1, 1, 2, 5))
        samples = frames * packing.frame_samples
        if random.random() < 0.1:
            pieces = [(Kind.OCTETS, random.randbytes(samples // packing.unit_samples * packing.unit_octets))]
        elif random.random() < 0.1:
            half = samples // 2 * 2
            pieces = [(Kind.READY, random.randbytes(half)), (Kind.READY, random.randbytes(2 * samples - half))]
        else:
            pieces = [(Kind.READY, random.randbytes(2 * samples))]
        sent.add(position, samples, contents[at], replies[at], pieces)
        assert sent.last_pieces == pieces
        expected += encoded(packing, pieces)
        position += samples
        contents[at] += samples
    taken = sent.take()
    assert sent.last_pieces == [] == sent.take()
    assert b"".join(encoded(again, one.pieces) for one in taken) == expected
    # It is without gaps, and each part belongs to the reply that sent it.
    ends = [one.position + one.samples for one in taken]
    assert [one.position for one in taken] == [0, *ends[:-1]]
    for at, owner in enumerate(replies):
        mine = [one for one in taken if one.reply is owner]
        assert sum(one.samples for one in mine) == contents[at]
        assert [one.content for one in mine][1:] == [one.content + one.samples for one in mine][:-1]


def test_a_reply_that_is_sent_again_begins_at_its_cut() -> None:
    sent, owner = SentAudio(None, packing_of(StreamPlan())), reply()
    sent.add(0, 160, 0, owner, [(Kind.READY, bytes(320))])
    sent.add(160, 160, 0, owner, [(Kind.READY, bytes(320))])  # sent again: the same content at another position
    assert [(one.position, one.content) for one in sent.take()] == [(0, 0), (160, 0)]


@pytest.mark.parametrize("law", ["PCMU", "PCMA"])
def test_audio_beyond_the_limit_and_audio_that_was_played_are_dropped(law: str) -> None:
    sent, owner = SentAudio(8000, packing_of(StreamPlan(send_codec=law))), reply()
    for number in range(200):
        sent.add(160 * number, 160, 160 * number, owner, [(Kind.READY, bytes(320))])
    sent.played(160 * 150)
    taken = sent.take()
    assert 160 * 150 - 480 - 2560 < taken[0].position <= 160 * 150 - 480, "60 ms may be heard twice, a stretch is 320"
    assert taken[-1].position + taken[-1].samples == 160 * 200


def test_audible_tones_of_keys_are_not_dropped() -> None:
    sent, keys = SentAudio(None, packing_of(StreamPlan())), reply()
    keys.queue.tones, keys.sounds_keys = ((0, 800),), True
    sent.add(0, 160, 0, keys, [(Kind.READY, bytes(320))])
    sent.played(16000)
    assert len(sent.take()) == 1


def test_five_seconds_of_pcmu_are_kept_in_50_kb() -> None:
    packing, owner = packing_of(StreamPlan()), reply()
    tracemalloc.start(1)
    try:
        sent = SentAudio(40_000, packing)
        for number in range(500):
            sent.add(160 * number, 160, 160 * number, owner, [(Kind.READY, bytes(320))])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sys.getsizeof(sent) < held < 50_000, "a message of 20 ms each would need 150,000"

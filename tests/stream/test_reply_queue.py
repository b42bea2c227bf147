"""ReplyQueue: audio of any rate and payloads wait as they were played, and are resampled when they are taken."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import Resampler, StreamPlan
from rtpcodec.stream.items import Kind, Piece
from rtpcodec.stream.packing import packing_of
from rtpcodec.stream.speaking.reply_queue import ReplyQueue
from rtpcodec.stream.speaking.send_queue import COLLECTED_OCTETS, SendQueue

RATES_HZ = (8000, 16000, 24000, 48000)
L16 = packing_of(StreamPlan(send_codec="L16", send_rate_hz=16000))
PCMU = packing_of(StreamPlan())
G722 = packing_of(StreamPlan(send_codec="G722"))


def tone(seed: int, samples: int) -> bytes:
    return array("h", (((at * 7919 + seed * 104729) % 65536) - 32768 for at in range(samples))).tobytes()


def octets_of(pieces: list[Piece]) -> bytes:
    return b"".join(octets for _, octets in pieces)


def resampled(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    if from_hz == to_hz:
        return pcm
    resampler = Resampler(from_hz, to_hz)
    return resampler.resample(pcm) + resampler.flush()


class Reference:
    """What must leave a queue: every chunk resampled as it is put, the tails where the queue is flushed."""

    def __init__(self, to_hz: int, frame_samples: int) -> None:
        self.to_hz, self.frame_samples = to_hz, frame_samples
        self.rates: dict[int, Resampler] = {}
        self.pcm = b""

    def put(self, pcm: bytes, from_hz: int) -> None:
        if from_hz == self.to_hz:
            self.pcm += pcm
        elif pcm:
            resampler = self.rates.pop(from_hz, None) or Resampler(from_hz, self.to_hz)
            self.rates[from_hz] = resampler
            self.pcm += resampler.resample(pcm)

    def flush(self) -> None:
        self.pcm += b"".join(resampler.flush() for resampler in self.rates.values())
        self.rates.clear()
        self.pcm += bytes(-len(self.pcm) % (2 * self.frame_samples))


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(RATES_HZ), st.integers(0, 900)),
        st.tuples(st.just("take"), st.just(0), st.integers(1, 700)),
        st.tuples(st.just("flush"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=150)
@given(steps)
def test_any_order_of_rates_and_takes_gives_the_same_samples(found: list[tuple[str, int, int]]) -> None:
    queue, reference, got = ReplyQueue(L16), Reference(16000, L16.frame_samples), b""
    for seed, (what, rate_hz, samples) in enumerate(found):
        if what == "put":
            pcm = tone(seed, samples)
            queue.put_pcm(pcm, rate_hz)
            reference.put(pcm, rate_hz)
        elif what == "flush":
            queue.flush()
            reference.flush()
        else:
            pieces = queue.take(min(samples, queue.waiting_samples)) if queue.waiting_samples else []
            assert all(kind is Kind.READY for kind, _ in pieces)
            got += octets_of(pieces)
        assert len(got) // 2 + queue.waiting_samples == len(reference.pcm) // 2
        assert queue.taken_samples == len(got) // 2
    got += octets_of(queue.take(queue.waiting_samples)) if queue.waiting_samples else b""
    assert got == reference.pcm


@pytest.mark.parametrize("from_hz", RATES_HZ)
@pytest.mark.parametrize("packing", [PCMU, L16, G722])
def test_the_length_is_known_before_anything_is_resampled(packing: Any, from_hz: int) -> None:
    queue = ReplyQueue(packing)
    for samples in (1, 2, 159, 160, 441, 1000):
        queue.put_pcm(tone(0, samples), from_hz)
    total = sum((1, 2, 159, 160, 441, 1000))
    assert queue.waiting_samples == total * packing.sample_rate_hz // from_hz
    queue.flush()
    assert queue.waiting_samples % packing.frame_samples == 0
    pcm = b"".join(tone(0, samples) for samples in (1, 2, 159, 160, 441, 1000))
    whole = resampled(pcm, from_hz, packing.sample_rate_hz)
    got = octets_of(queue.take(queue.waiting_samples))
    assert got[: len(whole)] == whole
    assert not any(got[len(whole) :])


def test_a_rate_that_was_only_named_has_no_tail() -> None:
    queue = ReplyQueue(L16)
    queue.put_pcm(b"", 8000)
    queue.require_rate(24000)
    queue.flush()
    assert queue.waiting_samples == 0


def test_a_rate_that_cannot_be_resampled_is_refused_and_changes_nothing() -> None:
    queue = ReplyQueue(L16)
    queue.put_pcm(tone(0, 100), 8000)
    text = "^pcm_hz is 7000, allowed are 8000, "
    with pytest.raises(ValueError, match=text):
        queue.put_pcm(tone(1, 10), 7000)
    with pytest.raises(ValueError, match=text):
        queue.require_rate(7000)
    assert queue.waiting_samples == 200


def test_payloads_stand_between_pcm_and_end_its_rates() -> None:
    queue = ReplyQueue(PCMU)
    queue.put_pcm(tone(0, 481), 24000)
    queue.put_payload(b"\x55" * 100, 12.5)
    queue.put_pcm(tone(1, 20), 8000)
    queue.put_payload(memoryview(b"\x66" * 40), 5.0)
    queue.put_payload(b"", 0.0)
    pcm = resampled(tone(0, 481), 24000, 8000)
    assert queue.waiting_samples == len(pcm) // 2 + 160
    pieces = queue.take(queue.waiting_samples)
    kinds = [kind for kind, _ in pieces]
    assert octets_of([piece for piece in pieces if piece[0] is Kind.OCTETS]) == b"\x55" * 100 + b"\x66" * 40
    assert octets_of([piece for piece in pieces if piece[0] is Kind.READY]) == pcm + tone(1, 20)
    assert kinds.index(Kind.OCTETS) == len(kinds) - 3


def test_pcm_before_a_payload_fills_its_unit() -> None:
    """A unit of G.722 holds two samples."""
    queue = ReplyQueue(G722)
    queue.put_pcm(tone(0, 7), 16000)
    queue.put_payload(b"\x12" * 8, 1.0)
    assert queue.waiting_samples == 8 + 16
    pieces = queue.take(24)
    assert octets_of(pieces[:-1]) == tone(0, 7) + bytes(2)
    assert pieces[-1] == (Kind.OCTETS, b"\x12" * 8)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=8), st.data())
def test_what_is_put_back_comes_first_and_is_kept_out_of_the_limit(frames: list[int], data: st.DataObject) -> None:
    queue = ReplyQueue(L16)
    whole = tone(3, 4000)
    queue.put_pcm(whole, 16000)
    taken = [(320 * count, queue.take(320 * count)) for count in frames if 320 * count <= queue.waiting_samples]
    back = data.draw(st.integers(0, len(taken)))
    position = queue.taken_samples
    for samples, pieces in reversed(taken[back:]):
        queue.put_first(pieces, samples)
        position -= samples
    kept = sum(samples for samples, _ in taken[back:])
    assert (queue.taken_samples, queue.kept_samples, queue.waiting_samples) == (position, kept, 4000 - position)
    queue.flush()
    assert queue.waiting_samples % 320 == 0
    rest = octets_of(queue.take(4000 - position))
    assert rest == whole[2 * position :]
    assert queue.kept_samples == 0


def test_a_fade_in_rises_from_silence_and_leaves_payloads() -> None:
    pcm = array("h", [1000] * 6).tobytes()
    for cut in range(0, 12, 2):  # however the audio is cut into pieces
        queue = ReplyQueue(PCMU)
        queue.put_first([(Kind.READY, part) for part in (pcm[:cut], pcm[cut:])], 6)
        queue.fade_in(4)
        assert array("h", octets_of(queue.take(6))).tolist() == [0, 250, 500, 750, 1000, 1000]
    queue = ReplyQueue(PCMU)
    queue.put_first([(Kind.OCTETS, b"\x11" * 160)], 160)
    queue.fade_in(40)
    assert queue.take(160) == [(Kind.OCTETS, b"\x11" * 160)]


def test_a_drop_leaves_no_history() -> None:
    queue = ReplyQueue(L16)
    queue.put_pcm(b"\xff\x7f" * 500, 8000)
    queue.take(100)
    queue.drop()
    assert (queue.waiting_samples, queue.kept_samples, queue.taken_samples) == (0, 0, 100)
    queue.put_pcm(bytes(1000), 8000)
    queue.flush()
    assert not any(octets_of(queue.take(queue.waiting_samples)))


# Send queue


def test_small_pieces_are_collected_and_a_collection_ends() -> None:
    queue = SendQueue()
    pcm = tone(0, 40_000)
    for at in range(0, len(pcm), 2):
        queue.put(Kind.READY, pcm[at : at + 2])
    got, sizes = b"", []
    while queue.first is not None:
        sizes.append(queue.first_octets)
        got += queue.take(sizes[-1])
    assert got == pcm
    assert sizes == [COLLECTED_OCTETS, COLLECTED_OCTETS, len(pcm) - 2 * COLLECTED_OCTETS]


@given(st.lists(st.tuples(st.sampled_from([Kind.READY, Kind.OCTETS, Kind.ITEM]), st.integers(1, 700)), max_size=30))
def test_pieces_of_any_length_keep_kind_and_order(found: list[tuple[Kind, int]]) -> None:
    queue = SendQueue()
    for at, (kind, length) in enumerate(found):
        queue.put(kind, bytes([at % 256]) * length, at if kind is Kind.ITEM else None)
    expected = [(kind, bytes([at % 256]) * length) for at, (kind, length) in enumerate(found)]
    got: list[tuple[Kind, bytes]] = []
    while (first := queue.first) is not None:
        got.append((first, queue.take(queue.first_octets if first is Kind.ITEM else 100)))
    joined = [(kind, octets) for kind, octets in got]
    assert b"".join(octets for _, octets in joined) == b"".join(octets for _, octets in expected)
    assert [octets for kind, octets in joined if kind is Kind.ITEM] == [
        octets for kind, octets in expected if kind is Kind.ITEM
    ]
    assert [kind for at, (kind, _) in enumerate(joined) if at == 0 or joined[at - 1][0] is not kind] == [
        kind for at, (kind, _) in enumerate(expected) if at == 0 or expected[at - 1][0] is not kind
    ]

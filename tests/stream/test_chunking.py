"""The duration of audio per message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.stream.speaking.chunking import Chunking

RATES_HZ = (8000, 16000, 24000, 48000)


def chunking(rate_hz: int = 8000, **options: float) -> Chunking:
    return Chunking(rate_hz // 50, rate_hz, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("chunk_ms", "samples"), [(20, 160), (40, 320), (50, 320), (200, 1600)])
def test_a_message_holds_whole_multiples_of_20_ms_up_to_the_chunk(chunk_ms: float, samples: int) -> None:
    one = chunking(chunk_ms=chunk_ms)
    assert one.next_samples(samples - 1, ended=False) == 0
    assert one.next_samples(samples, ended=False) == samples
    assert one.next_samples(16000, ended=False) == samples


@pytest.mark.parametrize(("waiting", "samples"), [(0, 0), (1, 160), (160, 160), (161, 320), (799, 800), (801, 800)])
def test_the_end_of_a_reply_waits_for_nothing_and_is_padded_to_20_ms(waiting: int, samples: int) -> None:
    assert chunking(chunk_ms=100, prebuffer_ms=5000).next_samples(waiting, ended=True, begun=False) == samples


def test_a_reply_begins_when_its_prebuffer_waits() -> None:
    one = chunking(prebuffer_ms=60)
    assert one.next_samples(479, ended=False, begun=False) == 0
    assert one.next_samples(480, ended=False, begun=False) == 160
    assert one.next_samples(320, ended=False, begun=True) == 160


def test_a_frame_codec_sends_one_frame_per_message() -> None:
    one = Chunking(960, 48000, chunk_ms=200, is_frame_codec=True)
    assert [one.next_samples(waiting, ended=False) for waiting in (959, 960, 9600)] == [0, 960, 960]
    assert one.next_samples(1, ended=True) == 960


@pytest.mark.parametrize("chunk_ms", [0, 19.9, 201, -20, float("nan"), float("inf")])
def test_a_chunk_out_of_range_is_refused(chunk_ms: float) -> None:
    with pytest.raises(ValueError, match=rf"^chunk_ms is {chunk_ms!r}, 20 to 200 is needed$"):
        chunking(chunk_ms=chunk_ms)


@pytest.mark.parametrize("prebuffer_ms", [-1, 5001, float("nan"), float("inf")])
def test_a_prebuffer_out_of_range_is_refused(prebuffer_ms: float) -> None:
    with pytest.raises(ValueError, match=rf"^prebuffer_ms is {prebuffer_ms!r}, 0 to 5000 is needed$"):
        chunking(prebuffer_ms=prebuffer_ms)


@given(
    st.sampled_from(RATES_HZ),
    st.integers(20, 200),
    st.integers(0, 5000),
    st.lists(st.integers(0, 20000), max_size=20),
)
def test_a_reply_is_sent_whole_and_only_its_last_message_is_short(
    rate_hz: int, chunk_ms: int, prebuffer_ms: int, arrivals: list[int]
) -> None:
    one = chunking(rate_hz, chunk_ms=chunk_ms, prebuffer_ms=prebuffer_ms)
    waiting = 0
    sent: list[int] = []
    for arrival in arrivals:
        waiting += arrival
        while samples := one.next_samples(waiting, ended=False, begun=bool(sent)):
            assert sent or waiting >= prebuffer_ms * rate_hz / 1000
            sent.append(samples)
            waiting -= samples
    whole = len(sent)
    while waiting > 0:
        sent.append(one.next_samples(waiting, ended=True, begun=bool(sent)))
        waiting -= sent[-1]
    frame_samples, chunk_samples = rate_hz // 50, chunk_ms // 20 * (rate_hz // 50)
    assert 0 <= sum(sent) - sum(arrivals) < frame_samples
    assert set(sent[:whole] + sent[whole:-1]) <= {chunk_samples}
    assert all(samples % frame_samples == 0 for samples in sent)

"""Distances and unwrapping of counters of 16 and 32 bits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.rtp.sequence import TIMESTAMP_BITS, Unwrapper, sequence_distance, timestamp_distance


def test_distances_across_the_wrap() -> None:
    assert sequence_distance(65535, 0) == 1
    assert sequence_distance(0, 65535) == -1
    assert sequence_distance(0, 32767) == 32767
    assert sequence_distance(0, 32768) == sequence_distance(32768, 0) == -32768
    assert timestamp_distance(0xFFFFFF60, 0) == 160
    assert timestamp_distance(0, 0x80000000) == -(1 << 31)


@given(st.integers(0, 0xFFFF), st.integers(-32768, 32767))
def test_a_sequence_distance_is_what_was_added(start: int, step: int) -> None:
    assert sequence_distance(start, (start + step) & 0xFFFF) == step


@given(st.integers(0, 0xFFFFFFFF), st.integers(-(1 << 31), (1 << 31) - 1))
def test_a_timestamp_distance_is_what_was_added(start: int, step: int) -> None:
    assert timestamp_distance(start, (start + step) & 0xFFFFFFFF) == step


@given(st.integers(0, 0xFFFF), st.lists(st.integers(-32768, 32767), max_size=200))
def test_a_walk_is_unwrapped(start: int, steps: list[int]) -> None:
    unwrapper, at = Unwrapper(), start
    assert unwrapper.unwrap(start) == start
    for step in steps:
        at += step
        assert unwrapper.peek(at & 0xFFFF) == at
        assert unwrapper.unwrap(at & 0xFFFF) == at


def test_ten_wraps_of_each_counter() -> None:
    sequence, timestamp = Unwrapper(), Unwrapper(TIMESTAMP_BITS)
    for number in range(0, 10 << 16, 1000):
        assert sequence.unwrap(number & 0xFFFF) == number
    for number in range(0, 10 << 32, 1 << 30):
        assert timestamp.unwrap(number & 0xFFFFFFFF) == number


def test_late_at_the_start_is_negative_and_reset_clears() -> None:
    unwrapper = Unwrapper()
    assert [unwrapper.unwrap(0), unwrapper.unwrap(65535)] == [0, -1]
    unwrapper.reset()
    assert unwrapper.unwrap(65535) == 65535


def test_a_number_of_more_bits_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^number is 65536, 0 to 65535 are allowed$"):
        Unwrapper().unwrap(65536)

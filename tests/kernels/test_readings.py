"""Readings of payloads of any octets and lengths: no error, one result per history, no leak."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.stream.diagnosis._readings import NAMES, Readings
from tests.isolated.kernel_calls import Call
from tests.isolated.leaks import check

DECLARED = (*NAMES, "G722", "")
LENGTHS = (*range(170), 319, 320, 321, 639, 640, 641, 7999, 8000, 8001, 8161)
"""Empty, odd, too short for a segment, and more segments than one call accepts."""
PAYLOADS = st.lists(
    st.binary(max_size=700) | st.sampled_from([b"", b"\xff" * 160, b"\x55" * 41, bytes(640)]), max_size=9
)


@pytest.mark.parametrize("declared", DECLARED)
def test_every_length_is_read(declared: str) -> None:
    drawn = random.Random(declared)
    once, again = Readings(declared), Readings(declared)
    for length in LENGTHS:
        payload = drawn.randbytes(length)
        # The second object has its octets at another address, with other octets after them.
        assert once.take(payload) == again.take((payload + drawn.randbytes(9))[:length])
        assert once.scores == again.scores
    assert once.gain_db == again.gain_db
    assert once.better is None


@given(st.sampled_from(DECLARED), PAYLOADS)
def test_reset_clears_the_state(declared: str, payloads: list[bytes]) -> None:
    fresh, used = Readings(declared), Readings(declared)
    for payload in payloads:
        used.take(payload)
        assert all(0 <= score < 1e6 for score in used.scores)
    used.reset()
    assert [fresh.take(payload) for payload in payloads] == [used.take(payload) for payload in payloads]
    assert (fresh.scores, fresh.segments, fresh.gain_db) == (used.scores, used.segments, used.gain_db)


@pytest.mark.parametrize("wrong", [None, bytearray(160), memoryview(bytes(160)), "text", 5])
def test_other_payloads_than_bytes_are_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        Readings("PCMU").take(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("declared", DECLARED)
def test_nothing_leaks(declared: str) -> None:
    readings = Readings(declared)
    payload = random.Random(5).randbytes(330)
    calls = [
        Call("take", readings.take, (payload,)),
        Call("refused", readings.take, (bytearray(3),), TypeError),
        Call("figures", lambda: (readings.scores, readings.better, readings.gain_db), ()),
        Call("made", Readings, (declared,)),
    ]
    assert [check(call, 2000) for call in calls] == [None] * 4

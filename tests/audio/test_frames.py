"""Pieces of any size are cut into exact frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtpcodec.audio.frames import Framer


@given(st.integers(1, 50), st.lists(st.binary(max_size=130)))
def test_frames_are_exact_and_nothing_is_lost(size: int, pieces: list[bytes]) -> None:
    framer, whole = Framer(size), b"".join(pieces)
    found, given_octets = [], 0
    for piece in pieces:
        found += framer.put(piece)
        given_octets += len(piece)
        assert framer.pending_octets == given_octets % size
        assert framer.missing_octets == (-given_octets) % size
    assert {len(frame) for frame in found} <= {size}
    assert b"".join(found) == whole[: len(whole) // size * size]
    rest = framer.put(bytes(framer.missing_octets))
    assert b"".join(found + rest)[: len(whole)] == whole
    assert framer.pending_octets == framer.missing_octets == 0


def test_a_whole_frame_passes_without_a_copy() -> None:
    frame = bytes(160)
    assert Framer(160).put(frame)[0] is frame


def test_reset_drops_the_partial_frame() -> None:
    framer = Framer(4)
    framer.put(b"abc")
    framer.reset()
    assert (framer.pending_octets, framer.missing_octets) == (0, 0)
    assert framer.put(b"efgh") == [b"efgh"]


@pytest.mark.parametrize("size", [0, -1])
def test_frames_of_size_0_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"^frame_octets is {size}, at least 1 is needed$"):
        Framer(size)

"""Fragments to messages."""

from __future__ import annotations

import pytest

from rtpcodec.stream.fragments import BrokenFragments, FragmentJoiner

Frame = tuple[bool, bytes, bool]


def test_whole_frames_are_messages() -> None:
    joiner = FragmentJoiner()
    assert joiner.put(b"a", opens=True, last=True) == b"a"
    assert not joiner.binary
    assert joiner.put(b"", opens=True, last=True, binary=True) == b""
    assert joiner.binary
    assert not joiner.joining


def test_fragments_are_joined_one_message_after_the_other() -> None:
    joiner = FragmentJoiner()
    for binary in (False, True):
        assert joiner.put(b"ab", opens=True, last=False, binary=binary) is None
        assert joiner.joining
        assert joiner.put(b"", opens=False, last=False) is None
        assert joiner.put(b"c", opens=False, last=True) == b"abc"
        assert joiner.binary is binary
        assert not joiner.joining


@pytest.mark.parametrize(
    ("frames", "detail"),
    [
        ([(False, b"", True)], "a continuation frame arrived without a first fragment"),
        ([(True, b"a", False), (True, b"b", True)], "a message began before the fragmented one had ended"),
        (
            [(True, b"a", False), (False, b"", True), (False, b"", True)],
            "a continuation frame arrived without a first fragment",
        ),
    ],
)
def test_broken_order_is_named(frames: list[Frame], detail: str) -> None:
    joiner = FragmentJoiner()
    for opens, octets, last in frames[:-1]:
        joiner.put(octets, opens=opens, last=last)
    opens, octets, last = frames[-1]
    with pytest.raises(BrokenFragments) as found:
        joiner.put(octets, opens=opens, last=last)
    assert (found.value.rule, found.value.detail, found.value.code) == ("fragments", detail, 1002)


def test_the_limits_hold_for_the_joined_message() -> None:
    joiner = FragmentJoiner(max_octets=10, max_fragments=3)
    assert joiner.put(bytes(10), opens=True, last=True) == bytes(10)
    joiner.put(bytes(10), opens=True, last=False)
    with pytest.raises(BrokenFragments, match="size: a message in fragments has more than 10 octets") as found:
        joiner.put(b"x", opens=False, last=False)
    assert found.value.code == 1009
    for opens in (True, False, False):
        assert joiner.put(b"", opens=opens, last=False) is None
    with pytest.raises(BrokenFragments, match="fragments: a message has more than 3 fragments") as found:
        joiner.put(b"", opens=False, last=False)
    assert found.value.code == 1008

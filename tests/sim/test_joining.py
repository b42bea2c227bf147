"""Fragments to messages."""

from __future__ import annotations

import pytest

from rtpcodec.sim.joining import BrokenFrames, FrameJoiner, FrameKind
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

TEXT, BINARY, CONTINUATION = FrameKind.TEXT, FrameKind.BINARY, FrameKind.CONTINUATION


def test_whole_frames_are_messages() -> None:
    joiner = FrameJoiner()
    assert joiner.put(TEXT, b"a", final=True) == (TEXT, b"a")
    assert joiner.put(BINARY, b"", final=True) == (BINARY, b"")


def test_fragments_are_joined_one_message_after_the_other() -> None:
    joiner = FrameJoiner()
    for kind in (TEXT, BINARY):
        assert joiner.put(kind, b"ab", final=False) is None
        assert joiner.put(CONTINUATION, b"", final=False) is None
        assert joiner.put(CONTINUATION, b"c", final=True) == (kind, b"abc")


@pytest.mark.parametrize(
    ("frames", "rule"),
    [
        ([(CONTINUATION, b"", True)], "a continuation frame has nothing to continue"),
        ([(TEXT, b"a", False), (TEXT, b"b", True)], "a message begins inside another one"),
        (
            [(TEXT, b"a", False), (CONTINUATION, b"", True), (CONTINUATION, b"", True)],
            "a continuation frame has nothing",
        ),
    ],
)
def test_broken_order_is_named(frames: list[tuple[FrameKind, bytes, bool]], rule: str) -> None:
    joiner = FrameJoiner()
    with pytest.raises(BrokenFrames, match=rule) as found:
        for kind, payload, final in frames:
            joiner.put(kind, payload, final=final)
    assert not found.value.too_big


def test_the_limit_holds_for_the_joined_message() -> None:
    joiner = FrameJoiner()
    assert joiner.put(TEXT, bytes(MAX_MESSAGE_OCTETS), final=True) is not None
    assert joiner.put(TEXT, bytes(MAX_MESSAGE_OCTETS), final=False) is None
    with pytest.raises(BrokenFrames, match="message has 4194305 octets or more, at most 4194304 are allowed") as found:
        joiner.put(CONTINUATION, b"x", final=False)
    assert found.value.too_big

"""WebSocket frames to messages: a message may come in fragments (RFC 6455 section 5.4). No I/O."""

from __future__ import annotations

from enum import Enum

from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS


class FrameKind(Enum):
    """The data frames of a WebSocket."""

    TEXT = "text"
    BINARY = "binary"
    CONTINUATION = "continuation"


class BrokenFrames(Exception):
    """Frames that no message can be made of; `too_big` tells the limit from the rules."""

    def __init__(self, reason: str, *, too_big: bool = False) -> None:
        super().__init__(reason)
        self.too_big = too_big


class FrameJoiner:
    """Joins the fragments of one message at a time, up to the limit of a message."""

    __slots__ = ("_kind", "_octets")

    def __init__(self) -> None:
        self._kind: FrameKind | None = None  # of the message that waits for its rest
        self._octets = bytearray()

    def put(self, kind: FrameKind, payload: bytes, *, final: bool) -> tuple[FrameKind, bytes] | None:
        """The message that this frame completes, with its kind. BrokenFrames: the connection cannot go on."""
        begun = self._kind
        if kind is FrameKind.CONTINUATION and begun is None:
            raise BrokenFrames("a continuation frame has nothing to continue")
        if kind is not FrameKind.CONTINUATION and begun is not None:
            raise BrokenFrames("a message begins inside another one")
        octets = len(self._octets) + len(payload)
        if octets > MAX_MESSAGE_OCTETS:
            raise BrokenFrames(
                f"message has {octets} octets or more, at most {MAX_MESSAGE_OCTETS} are allowed", too_big=True
            )
        if begun is None and final:
            return kind, payload
        self._kind = begun or kind
        self._octets += payload
        if not final:
            return None
        whole = self._kind, bytes(self._octets)
        self._kind = None
        self._octets.clear()
        return whole

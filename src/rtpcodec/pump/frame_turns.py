"""Turns of one WebSocket: a read with many frames must not block the event loop for other sockets.

picows delivers all frames of a read in one callback and cannot stop in between; 64 KiB hold ten thousand empty frames.
So frames beyond a share are copied, reading is paused, and each later turn of the loop handles a share.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from picows import WSFrame, WSMsgType

from rtpcodec.pump._frames import TurnState
from rtpcodec.pump.frame_budget import TURN_FRAMES
from rtpcodec.stream.empty_collections import NO_ITEMS


class HeldFrame(NamedTuple):
    """A copy of a frame, with the members of picows' WSFrame that a socket uses."""

    payload: bytes
    msg_type: WSMsgType
    fin: int
    rsv1: int
    rsv2: int
    rsv3: int
    last_in_buffer: int

    @property
    def payload_size(self) -> int:
        """Return the octets of the payload."""
        return len(self.payload)

    def get_payload_as_bytes(self) -> bytes:
        """Return the payload."""
        return self.payload

    def get_payload_as_utf8_text(self) -> str:
        """Return the payload as text. Raises UnicodeDecodeError."""
        return self.payload.decode()


class FrameTurns(TurnState):
    """The waiting frames of one socket. Use it in the event loop's thread only."""

    __slots__ = ("_schedule",)

    _held: deque[HeldFrame] | None

    def __init__(self, schedule: Callable[[], object]) -> None:
        """Begin without waiting frames.

        Args:
            schedule: stops reading, and calls `next` in the next turn of the event loop.
        """
        self._schedule = schedule
        self._held = NO_ITEMS  # None: stopped
        self._count = 0
        self._most = TURN_FRAMES
        self._handling = False
        self.idle = True
        """Whether a frame that is the last of its read may skip `has_turn`."""

    @property
    def waiting(self) -> bool:
        """Whether frames wait."""
        return bool(self._held)

    def has_turn(self, frame: WSFrame | HeldFrame) -> bool:
        """Return whether to handle a frame now; otherwise it is held, or dropped after `stop`."""
        held = self._held
        # 1. Stopped? Then drop it. Called by `next`? Then it has its turn.
        if held is None:
            return False
        if self._handling:
            return True
        # 2. Is this turn's share used up? If not, and no frame waits, handle it now.
        if not held and self._count < TURN_FRAMES:
            self.idle = bool(frame.last_in_buffer)
            self._count = 0 if self.idle else self._count + 1
            return True
        # 3. Otherwise hold a copy.
        if not held:
            held = self._held = deque()
            self._schedule()
        self.idle = False
        held.append(
            HeldFrame(
                frame.get_payload_as_bytes(),
                frame.msg_type,
                frame.fin,
                frame.rsv1,
                frame.rsv2,
                frame.rsv3,
                frame.last_in_buffer,
            )
        )
        return False

    def next(self, handle: Callable[[HeldFrame], object]) -> bool:
        """Handle the next share of frames. Returns whether to resume reading; otherwise schedules the next turn."""
        self._handling = True
        try:
            for _ in range(TURN_FRAMES):
                if not self._held:
                    break
                handle(self._held.popleft())
        finally:
            self._handling = False
        if self._held is None:
            return False
        if self._held:
            self._schedule()
            return False
        self._count = 0
        self.idle = True
        return True

    def stop(self) -> None:
        """Drop the waiting frames and all later ones, and references back to the socket."""
        self._held = None
        self._schedule = _nothing
        self.idle = False


def _nothing() -> None:
    """Replace the socket's function after the end."""

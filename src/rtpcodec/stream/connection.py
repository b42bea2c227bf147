"""The state of a stream and the order of its messages. Only this file changes the state.

    CONNECTING ── connected ──► CONNECTED ── start ──► STREAMING ── stop, close, too many malformed ──► STOPPED
        └──────────────────────── start ──────────────────▲ │
                                                          └─┘ start again: another format

A lost line leads from STREAMING back to CONNECTING: `connected` and `start` of another socket carry the stream on.

`start` may arrive without `connected`, which some senders omit. Media before `start` is counted and dropped, because
nothing says what it holds. After STOPPED all messages are ignored.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from rtpcodec.stream import messages
from rtpcodec.stream._receive_states import ConnectionState

MAX_MALFORMED_IN_A_ROW: Final = 20
"""A sender of this many malformed messages in a row does not speak this protocol,"""
MIN_MALFORMED_MS: Final = 5000.0
"""if its last good message is this long ago as well. A sender without any good message never spoke it."""
NOT_COUNTED: Final = ("base64",)
"""Broken rules that never end a stream: the message is of this protocol, only its payload cannot be read."""


class State(Enum):
    """The state of a stream."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    STREAMING = "streaming"
    STOPPED = "stopped"


class Connection(ConnectionState):
    """Track the state of a stream by its messages, and recognise a sender that does not speak this protocol."""

    __slots__ = ("choosing", "refusal")

    def __init__(self, *, choosing: bool = False) -> None:
        self.choosing = choosing
        """Whether a message may show another dialect than the one that the stream is read in; never behind `start`."""
        self.refusal: str | None = None
        """Why the carrier cannot do the plan, in words; None: the stream was not refused."""
        self.state = State.CONNECTING
        self.connected_ms: float | None = None
        """When `connected` was received; None: it was not."""
        self.lost_ms: float | None = None
        """When the line was lost, until another `start` is reported; None: it was not."""
        self._last_good_ms = float("-inf")

    def accept(self, message: messages.Message, now_ms: float) -> bool:
        """Update the state by a good message, which ends a row of malformed ones.

        Returns: whether the sequence numbers show that no message is missing before this one.
        """
        self._malformed_in_a_row = 0
        self._last_good_ms = now_ms
        if isinstance(message, messages.Connected) and self.state is State.CONNECTING:
            self.state = State.CONNECTED
            self.connected_ms = now_ms
        elif isinstance(message, messages.Start):
            self.state = State.STREAMING
            self.choosing = False
        elif isinstance(message, messages.Stop):
            self.state = State.STOPPED
        return self._follows(getattr(message, "sequence_number", None))

    def disconnect(self, now_ms: float) -> None:
        """Wait for `connected` and `start` of another socket."""
        self.lost_ms = now_ms
        self.state = State.CONNECTING
        self.connected_ms = None
        self._next_sequence = None

    def stop(self) -> None:
        """End the stream."""
        self.state = State.STOPPED

    def count_malformed(self, rule: str, now_ms: float) -> bool:
        """Count a malformed message. Returns whether the limits in a row are reached, so that the stream must end."""
        self.malformed += 1
        if rule in NOT_COUNTED:
            return False
        self._malformed_in_a_row += 1
        return self._malformed_in_a_row >= MAX_MALFORMED_IN_A_ROW and now_ms - self._last_good_ms >= MIN_MALFORMED_MS

    def _follows(self, sequence: int | None) -> bool:
        """Return whether no number is skipped before this one; a message without a number skips nothing."""
        if sequence is None:
            return True
        expected = self._next_sequence
        if expected is None or sequence >= expected:
            self._next_sequence = sequence + 1
        return expected is None or sequence <= expected

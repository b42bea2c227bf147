"""The state of a stream and the order of its messages. Only this file changes the state.

    CONNECTING ── connected ──► CONNECTED ── start ──► STREAMING ── stop, close, too many malformed ──► STOPPED
        └──────────────────────── start ──────────────────▲ │
                                                          └─┘ start again: another format

A lost connection leads from STREAMING back to CONNECTING: the stream continues with `connected` and `start` of another
socket.

`start` may arrive without `connected`, which some senders omit. Media before `start` is counted and dropped, because
its codec is not known. After STOPPED all messages are ignored.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from rtpcodec.stream import messages
from rtpcodec.stream._receive_states import ConnectionState

MAX_MALFORMED_IN_A_ROW: Final = 20
"""A stream ends after this many malformed messages in a row, because the sender does not use this protocol,"""
MIN_MALFORMED_MS: Final = 5000.0
"""if the last valid message was received this long ago as well, or if there was none."""
NOT_COUNTED: Final = ("base64",)
"""Broken rules that never end a stream: the message uses this protocol, only its payload cannot be read."""


class State(Enum):
    """The state of a stream."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    STREAMING = "streaming"
    STOPPED = "stopped"


class Connection(ConnectionState):
    """The state of a stream, by its messages. It detects senders that do not use this protocol."""

    __slots__ = ("choosing", "refusal")

    def __init__(self, *, choosing: bool = False) -> None:
        self.choosing = choosing
        """Whether the next messages may show another dialect; False after `start`."""
        self.refusal: str | None = None
        """The reason why the carrier does not support the plan, as a sentence; None: the stream was not refused."""
        self.state = State.CONNECTING
        self.connected_ms: float | None = None
        """When `connected` was received; None: not yet."""
        self.lost_ms: float | None = None
        """When the connection was lost, until another `start` is reported; None: it is not lost."""
        self._last_good_ms = float("-inf")

    def accept(self, message: messages.Message, now_ms: float) -> bool:
        """Update the state by a valid message, which ends a row of malformed ones.

        Returns: Whether the sequence numbers show that no message is missing before this one.
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
        """Return whether no number is skipped before this one; True for a message without a number."""
        if sequence is None:
            return True
        expected = self._next_sequence
        if expected is None or sequence >= expected:
            self._next_sequence = sequence + 1
        return expected is None or sequence <= expected

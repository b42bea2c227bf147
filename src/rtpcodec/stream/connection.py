"""The state of a stream and the order of its messages. Only this file changes the state.

    CONNECTING ── connected ──► CONNECTED ── start ──► STREAMING ── stop, close, too many malformed ──► STOPPED
        └──────────────────────── start ──────────────────▲ │
                                                          └─┘ start again: another format

`start` may arrive without `connected`, which some senders omit. Media needs `start`. After STOPPED all messages are
ignored.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from rtpcodec.stream import messages
from rtpcodec.stream.wire import BrokenMessage

MAX_MALFORMED_IN_A_ROW: Final = 20
"""A sender of this many malformed messages in a row does not speak this protocol."""


class State(Enum):
    """The state of a stream."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    STREAMING = "streaming"
    STOPPED = "stopped"


class Connection:
    """Track the state of a stream by its messages, and reject messages that its state does not allow."""

    __slots__ = ("_malformed_in_a_row", "_next_sequence", "malformed", "state")

    def __init__(self) -> None:
        self.state = State.CONNECTING
        self.malformed = 0
        self._malformed_in_a_row = 0
        self._next_sequence: int | None = None

    def accept(self, message: messages.Message) -> bool:
        """Update the state by a message.

        Returns: whether the sequence numbers show that no message is missing before this one.
        Raises: BrokenMessage with rule "order" if the message must not arrive in this state.
        """
        if isinstance(message, messages.Media) and self.state is not State.STREAMING:
            raise BrokenMessage("order", "media came before start")
        if isinstance(message, messages.Connected) and self.state is State.CONNECTING:
            self.state = State.CONNECTED
        elif isinstance(message, messages.Start):
            self.state = State.STREAMING
        elif isinstance(message, messages.Stop):
            self.state = State.STOPPED
        return self._follows(getattr(message, "sequence_number", None))

    def stop(self) -> None:
        """End the stream."""
        self.state = State.STOPPED

    def count_good(self) -> None:
        """Count a message without errors: it ends a row of malformed ones."""
        self._malformed_in_a_row = 0

    def count_malformed(self) -> bool:
        """Count a malformed message. Returns whether the limit in a row is reached, so that the stream must end."""
        self.malformed += 1
        self._malformed_in_a_row += 1
        return self._malformed_in_a_row >= MAX_MALFORMED_IN_A_ROW

    def _follows(self, sequence: int | None) -> bool:
        """Return whether no number is skipped before this one; a message without a number skips nothing."""
        if sequence is None:
            return True
        expected = self._next_sequence
        if expected is None or sequence >= expected:
            self._next_sequence = sequence + 1
        return expected is None or sequence <= expected

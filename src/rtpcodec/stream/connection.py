"""The order of a stream's messages and the state they lead to. Only this file changes the state.

    CONNECTING ── connected ──► CONNECTED ── start ──► STREAMING ── stop, close, too many malformed ──► STOPPED
        └──────────────────────── start ──────────────────▲ │
                                                          └─┘ start again: another format

`start` may come without `connected` (senders leave it out). Media needs `start`. After the end nothing counts.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from rtpcodec.stream import messages
from rtpcodec.stream.wire import BrokenMessage

MAX_MALFORMED_IN_A_ROW: Final = 20
"""A sender that breaks the rules so often in a row does not speak this protocol."""


class State(Enum):
    """Where a stream is."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    STREAMING = "streaming"
    STOPPED = "stopped"


class Connection:
    """Follows the messages and reports those that are out of order."""

    __slots__ = ("_malformed_in_a_row", "_next_sequence", "malformed", "state")

    def __init__(self) -> None:
        self.state = State.CONNECTING
        self.malformed = 0
        self._malformed_in_a_row = 0
        self._next_sequence: int | None = None

    def accept(self, message: messages.Message) -> bool:
        """Follow a message; whether no message is missing before it. BrokenMessage (order): it must not come now."""
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
        """Note that a message was processed to its end."""
        self._malformed_in_a_row = 0

    def count_malformed(self) -> bool:
        """Note a broken message; whether it was one too many, so that the stream must end."""
        self.malformed += 1
        self._malformed_in_a_row += 1
        return self._malformed_in_a_row >= MAX_MALFORMED_IN_A_ROW

    def _follows(self, sequence: int | None) -> bool:
        """Whether the sequence number continues the last one. Unnumbered messages follow directly."""
        if sequence is None:
            return True
        expected = self._next_sequence
        if expected is None or sequence >= expected:
            self._next_sequence = sequence + 1
        return expected is None or sequence <= expected

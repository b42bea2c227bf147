"""The interfaces between a WebSocket and a pump: the pump calls `Socket`, the WebSocket calls `Receiver`.

A server library needs one adapter: a class that implements `Socket` by the library's calls, and calls a `Receiver` for
each frame that the library reports. All methods are called in the thread of the event loop.
"""

from __future__ import annotations

from typing import Protocol

from typing_extensions import Buffer

__all__ = ["Receiver", "Socket"]


class Socket(Protocol):
    """The calls that a pump makes to a WebSocket. They never block, and never raise because the connection is gone."""

    def send(self, text: str) -> None:
        """Send a text frame."""

    def close(self, code: int) -> None:
        """Send a close frame."""

    def abort(self) -> None:
        """Cut the connection and drop unsent data."""

    def detach(self) -> None:
        """Cut the connection and report nothing more, because another connection has replaced it."""

    def ping(self, payload: bytes) -> bool:
        """Send a ping after everything that was sent. Its pong proves that all of it was read.

        Args:
            payload: up to 125 octets, which the pong repeats.

        Returns:
            False if this socket cannot, or sends nothing any more.
        """

    @property
    def unacknowledged_octets(self) -> int | None:
        """Octets on the wire that were sent and that the other side's system has not acknowledged; None: unknown.

        It counts our buffers, those of our system, and data on its way. A proxy acknowledges in place of the other
        side.
        """


class NullReceiver:
    """A Receiver that does nothing, for a WebSocket without a listener."""

    def received(self, text: str | Buffer) -> None:
        """Do nothing."""

    def rejected(self, rule: str, detail: str, code: int | None = None, octets: int = 0) -> None:
        """Do nothing."""

    def touched(self, octets: int = 0) -> None:
        """Do nothing."""

    def ponged(self, payload: bytes) -> None:
        """Do nothing."""

    def peer_closed(self, code: int | None) -> None:
        """Do nothing."""

    def lost(self) -> None:
        """Do nothing."""

    def paused(self) -> None:
        """Do nothing."""

    def resumed(self) -> None:
        """Do nothing."""

    def run(self) -> None:
        """Do nothing."""


class Receiver(Protocol):
    """The reports of a WebSocket to a pump. `lost` is the last one."""

    def received(self, text: str | Buffer) -> None:
        """Handle a text message, as octets if it is not valid UTF-8."""

    def rejected(self, rule: str, detail: str, code: int | None = None, octets: int = 0) -> None:
        """Record a frame that is not a text message: binary, too long, or a broken fragment.

        Args:
            rule: name of the broken rule.
            detail: the rule in words, with its numbers.
            code: the close code that the connection must end with; None: the connection continues.
            octets: the octets that the frame counts in a budget.
        """

    def touched(self, octets: int = 0) -> None:
        """Record a frame without a message, which proves that the other side is alive: a control frame, a fragment.

        Args:
            octets: the octets that the frame counts in a budget.
        """

    def ponged(self, payload: bytes) -> None:
        """Record a pong, which also proves that the other side is alive: report it in place of `touched`.

        Args:
            payload: the payload, which repeats that of a ping, or is unsolicited.
        """

    def peer_closed(self, code: int | None) -> None:
        """Record the other side's close frame; None: it has no code."""

    def lost(self) -> None:
        """Record that the connection is gone."""

    def paused(self) -> None:
        """Stop sending: the other side reads slower than we send."""

    def resumed(self) -> None:
        """Resume sending: the other side has caught up."""

    def run(self) -> None:
        """Look at the machine again: something changed."""

"""The interfaces between a WebSocket and a pump: the pump calls `Socket`, the WebSocket calls `Receiver`.

A server library needs one adapter: a class that implements `Socket` by the library's calls, and calls a `Receiver` for
each frame that the library reports. All methods are called in the thread of the event loop.
"""

from __future__ import annotations

from typing import Protocol

from typing_extensions import Buffer


class Socket(Protocol):
    """The calls that a pump makes to a WebSocket. They never block, and never raise because the connection is gone."""

    def send(self, text: str) -> None:
        """Send a text frame."""

    def close(self, code: int) -> None:
        """Send a close frame."""

    def abort(self) -> None:
        """Cut the connection and drop unsent data."""


class Receiver(Protocol):
    """The reports of a WebSocket to a pump. `lost` is the last one."""

    def received(self, text: str | Buffer) -> None:
        """Take a text message, as octets if it is not valid UTF-8."""

    def rejected(self, rule: str, detail: str, code: int | None = None, octets: int = 0) -> None:
        """Note a frame that is not a text message: binary, too long, or a broken fragment.

        rule: name of the broken rule.
        detail: the rule in words, with its numbers.
        code: the close code that the connection must end with; None: the connection continues.
        octets: what the frame counts in a budget of octets.
        """

    def touched(self, octets: int = 0) -> None:
        """Note a frame without a message, which proves that the other side is alive: a control frame, a fragment.

        octets: what the frame counts in a budget of octets.
        """

    def peer_closed(self, code: int | None) -> None:
        """Note the other side's close frame; None: it has no code."""

    def lost(self) -> None:
        """Note that the connection is gone."""

    def paused(self) -> None:
        """Stop sending: the other side reads slower than we send."""

    def resumed(self) -> None:
        """Resume sending: the other side has caught up."""

    def run(self) -> None:
        """Look at the machine again: something changed."""

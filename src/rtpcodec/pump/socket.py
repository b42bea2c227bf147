"""The two faces between a WebSocket and whatever drives it: `Socket` sends, `Receiver` is reported to.

A server library needs one adapter: a class that implements `Socket` by the library's calls, and calls a `Receiver` for
each frame that the library reports. All methods are called in the thread of the event loop.
"""

from __future__ import annotations

from typing import Protocol

from typing_extensions import Buffer


class Socket(Protocol):
    """What a pump needs of a WebSocket. No method blocks, and none raises because the connection is gone."""

    def send(self, text: str) -> None:
        """Send a text frame."""

    def close(self, code: int) -> None:
        """Send a close frame."""

    def abort(self) -> None:
        """Cut the connection; what is unsent is lost."""


class Receiver(Protocol):
    """What a WebSocket reports to. After `lost` nothing is reported any more."""

    def received(self, text: str | Buffer) -> None:
        """Take a text message; octets where the text is not valid UTF-8."""

    def rejected(self, rule: str, detail: str, code: int | None = None) -> None:
        """Take note of a frame that is not a message: binary, too long, or a broken fragment.

        rule: the name of the rule that it breaks.
        detail: the rule with its numbers, in words.
        code: the close code that the connection must end with; None: the connection continues.
        """

    def touched(self) -> None:
        """Take note of a control frame, which proves that the other side is alive."""

    def peer_closed(self, code: int | None) -> None:
        """Take note of the other side's close frame; None: it has no code."""

    def lost(self) -> None:
        """Take note that the connection is gone."""

    def paused(self) -> None:
        """Stop sending: the other side reads slower than we send."""

    def resumed(self) -> None:
        """Send again: the other side has caught up."""

    def run(self) -> None:
        """Look at the machine again, because something changed."""

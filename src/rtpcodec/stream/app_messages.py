"""Messages that an application writes in the carrier's spelling, for frameworks with their own WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
from typing_extensions import Buffer

from rtpcodec.stream import messages
from rtpcodec.stream.wire import BrokenMessage, Dialect, OddMessage


class Session(Protocol):
    """The part of MediaSession that sends these messages."""

    @property
    def dialect(self) -> Dialect:
        """How the carrier spells its messages."""

    def mark(self, name: str | None = None) -> str:
        """Queue a mark."""

    def interrupt(self, now_ms: float) -> object:
        """Stop playing."""

    def play_payload(self, payload: Buffer) -> None:
        """Queue a payload."""

    def outgoing(self, now_ms: float) -> list[str]:
        """Return the texts that are due."""


def _is_clear(meaning: messages.Message, dialect: Dialect) -> bool:
    """Return whether a message is a clear. A dialect that reads only the carrier's messages parses it as Other."""
    if isinstance(meaning, messages.Other) and dialect.clear:
        clear = dialect.parse(dialect.clear_text("stream"))
        return isinstance(clear, messages.Other) and clear.event == meaning.event
    return isinstance(meaning, messages.Clear)


def send_message(session: Session, message: Mapping[str, object], now_ms: float) -> list[str]:
    """Send a message, and return all texts that are due: see MediaSession.send_message."""
    text = msgspec.json.encode(message).decode()
    try:
        meaning = session.dialect.parse(text)
    except OddMessage as odd:
        meaning = odd.message
    except BrokenMessage as broken:
        raise ValueError(str(broken)) from None
    match meaning:
        case messages.Mark():
            session.mark(meaning.name)
        case _ if _is_clear(meaning, session.dialect):
            session.interrupt(now_ms)
        case messages.Media():
            session.play_payload(meaning.payload)
        case _:
            return [*session.outgoing(now_ms), text]
    return session.outgoing(now_ms)

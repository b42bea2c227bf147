"""CarrierWire: the dialect of one stream, at the carrier's end."""

from __future__ import annotations

from typing import Protocol

from typing_extensions import Buffer

from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.wires.warning import StreamWarning
from rtpcodec.stream import messages

FromApp = messages.Media | messages.Mark | messages.Clear
"""The messages of the app."""


class CarrierWire(Protocol):
    """The dialect of one stream."""

    def text(self, message: messages.Message) -> str:
        """Return the text of a message to the app."""

    def has(self, message: messages.Message) -> bool:
        """Return whether this stream sends such messages at all."""

    def read(self, text: str | Buffer) -> FromApp:
        """Read a message of the app.

        Raises:
            RefusedMessage: it breaks a rule of the dialect.
        """

    def rejected(self, detail: str) -> RefusedMessage:
        """Return the refusal of a frame that is not a text."""

    def warning(self, refusal: RefusedMessage) -> StreamWarning | None:
        """Return the carrier's note about a refused message; None: it answers with an error message."""

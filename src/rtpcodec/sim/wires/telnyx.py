"""The dialect of Telnyx at the carrier's end: the texts of stream.wire, with the habits of Variations."""

from __future__ import annotations

from typing import Final

from typing_extensions import Buffer

from rtpcodec.carriers.telnyx.errors import INVALID_MEDIA, MALFORMED_FRAME
from rtpcodec.carriers.telnyx.streaming import APP_EVENTS
from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.media.variations import Variations
from rtpcodec.sim.wires.warning import StreamWarning
from rtpcodec.sim.wires.wire import FromApp
from rtpcodec.stream import messages
from rtpcodec.stream.wire import BrokenMessage, parse

_EVENTS: Final = f"{', '.join(APP_EVENTS[:-1])} and {APP_EVENTS[-1]}"


class TelnyxWire:
    """Wrong messages of the app are answered with an error message."""

    __slots__ = ("_variations",)

    def __init__(self, variations: Variations) -> None:
        self._variations = variations

    def text(self, message: messages.Message) -> str:
        """Return the text of a message to the app."""
        return self._variations.spell(message)

    def has(self, _message: messages.Message) -> bool:
        """Return True: a stream of Telnyx sends all of them."""
        return True

    def read(self, text: str | Buffer) -> FromApp:
        """Read a message of the app.

        Raises:
            RefusedMessage: it is malformed, its payload is not base64, or it is another message.
        """
        try:
            message = parse(text)
        except BrokenMessage as broken:
            error = INVALID_MEDIA if broken.rule == "base64" else MALFORMED_FRAME
            raise RefusedMessage(error, broken.detail) from None
        if isinstance(message, messages.Media | messages.Mark | messages.Clear):
            return message
        raise RefusedMessage(MALFORMED_FRAME, f"event is not one of {_EVENTS}")

    def rejected(self, detail: str) -> RefusedMessage:
        """Return the refusal of a frame that is not a text."""
        return RefusedMessage(MALFORMED_FRAME, detail)

    def warning(self, _refusal: RefusedMessage) -> StreamWarning | None:
        """Return None: the app gets an error message."""
        return None

"""The carrier's messages: numbers them, writes them, and queues them on the network."""

from __future__ import annotations

from rtpcodec.carriers.telnyx.streaming import PROTOCOL_VERSION
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.chunk_faults import Network, Packet
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.wires.warning import StreamWarning
from rtpcodec.sim.wires.wire import CarrierWire
from rtpcodec.stream import messages

Numbered = messages.Start | messages.Media | messages.Dtmf | messages.Mark | messages.Stop | messages.Other
"""Messages that have a `sequence_number`."""


class MessageWriter:
    """Writes the messages of one stream."""

    __slots__ = ("_facts", "_network", "_sequence_number", "_settings", "_wire", "stream_id", "warnings")

    def __init__(
        self, facts: CallFacts, settings: StreamSettings, network: Network, wire: CarrierWire, stream_id: str
    ) -> None:
        self._facts = facts
        self._settings = settings
        self._network = network
        self._wire = wire
        self._sequence_number = 0
        self.stream_id = stream_id
        self.warnings: dict[int | None, StreamWarning] = {}
        """Warnings about messages of the app, the first of each code."""

    def greet(self, media_format: messages.MediaFormat, now_ms: float) -> None:
        """Write the messages that open a stream."""
        variations = self._facts.variations
        self._post(messages.Connected(PROTOCOL_VERSION, self._settings.auth_token), now_ms)
        self.start(media_format, now_ms)
        if variations.unknown_event is not None:
            self.number(messages.Other(variations.unknown_event, ""), now_ms)

    def start(self, media_format: messages.MediaFormat, now_ms: float) -> None:
        """Write a `start`."""
        facts, settings = self._facts, self._settings
        start = messages.Start(
            media_format=media_format,
            stream_id=self.stream_id,
            call_control_id=facts.call_control_id,
            call_session_id=facts.call_session_id,
            user_id=facts.user_id,
            from_number=facts.from_number,
            to_number=facts.to_number,
            client_state=settings.client_state,
            tags=facts.signalling.tags,
            custom_parameters=dict(settings.custom_parameters),
        )
        self.number(start, now_ms)

    def renumber(self) -> None:
        """Restart the sequence numbers at 1."""
        self._sequence_number = 0

    def media(self, message: messages.Media, now_ms: float) -> None:
        """Write a chunk of audio, to which the faults of the network apply."""
        self.number(message, now_ms, message.track, len(message.payload))

    def number(self, message: Numbered, now_ms: float, track: str | None = None, octets: int = 0) -> None:
        """Write a message with the next number of the stream, unless its dialect has no such message."""
        if not self._wire.has(message):
            return
        self._sequence_number += 1
        message.sequence_number = self._sequence_number
        self._post(message, now_ms, track, octets)

    def refuse(self, refusal: RefusedMessage, now_ms: float) -> bool:
        """Write an error, or record a warning if the dialect has no errors. Returns whether it was written."""
        warning = self._wire.warning(refusal)
        if warning is not None:
            self.warnings.setdefault(warning.code, warning)
            return False
        self._post(messages.Error(refusal.code, refusal.title, str(refusal), self.stream_id), now_ms)
        return True

    def stop(self, now_ms: float) -> None:
        """Write the `stop`, unless this carrier sends none."""
        facts = self._facts
        if facts.variations.sends_stop:
            self.number(messages.Stop(None, self.stream_id, facts.user_id, facts.call_control_id), now_ms)

    def _post(self, message: messages.Message, now_ms: float, track: str | None = None, octets: int = 0) -> None:
        self._network.put(Packet(self._wire.text(message), track, octets), now_ms)

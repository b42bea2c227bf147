"""The dialect of Twilio at the carrier's end, written from the messages that Twilio documents (docs/twilio.md).

It shares only names with the app's side. The app's texts are read strictly: only documented members are accepted.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

import msgspec
from msgspec import Struct, field
from typing_extensions import Buffer

from rtpcodec.carriers.telnyx import streaming as telnyx
from rtpcodec.carriers.twilio import errors, streaming, twiml
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.wires.warning import StreamWarning
from rtpcodec.sim.wires.wire import FromApp
from rtpcodec.stream import messages

_CONNECTED: Final = {
    streaming.EVENT: streaming.CONNECTED,
    streaming.PROTOCOL: streaming.CALL_PROTOCOL,
    streaming.VERSION: streaming.PROTOCOL_VERSION,
}
_OMITTED: Final = {telnyx.SEQUENCE_NUMBER: streaming.SEQUENCE_NUMBER}
"""Members that `Variations.leave_out` names otherwise than this dialect."""


class _Payload(Struct, forbid_unknown_fields=True):
    payload: str = field(name=streaming.PAYLOAD)


class _Name(Struct, forbid_unknown_fields=True):
    name: str = field(name=streaming.NAME)


class _Media(Struct, forbid_unknown_fields=True, tag_field=streaming.EVENT, tag=streaming.MEDIA):
    stream_sid: str = field(name=streaming.STREAM_SID)
    media: _Payload = field(name=streaming.MEDIA)


class _Mark(Struct, forbid_unknown_fields=True, tag_field=streaming.EVENT, tag=streaming.MARK):
    stream_sid: str = field(name=streaming.STREAM_SID)
    mark: _Name = field(name=streaming.MARK)


class _Clear(Struct, forbid_unknown_fields=True, tag_field=streaming.EVENT, tag=streaming.CLEAR):
    stream_sid: str = field(name=streaming.STREAM_SID)


_DECODER: Final = msgspec.json.Decoder(_Media | _Mark | _Clear)


class TwilioWire:
    """The app is not informed of its wrong messages: they are notes in the debugger."""

    __slots__ = ("_facts", "_settings", "_stream_sid")

    def __init__(self, facts: CallFacts, settings: StreamSettings, stream_sid: str) -> None:
        self._facts = facts
        self._settings = settings
        self._stream_sid = stream_sid

    # To the app

    def has(self, message: messages.Message) -> bool:
        """Return whether this stream sends such messages: errors never, marks and keys only if it is two-way."""
        if isinstance(message, messages.Error):
            return False
        return self._settings.two_way or not isinstance(message, messages.Mark | messages.Dtmf)

    def text(self, message: messages.Message) -> str:
        """Return the text of a message to the app."""
        variations = self._facts.variations
        members = self._media(message) if isinstance(message, messages.Media) else self._members(message)
        members |= variations.extra_members
        if variations.counters == "number":
            for holder in (members, members.get(streaming.MEDIA, {})):
                for name in (streaming.SEQUENCE_NUMBER, streaming.CHUNK, streaming.TIMESTAMP):
                    if name in holder:
                        holder[name] = int(holder[name])
        return msgspec.json.encode(members).decode()

    def _members(self, message: messages.Message) -> dict[str, Any]:
        match message:
            case messages.Connected():
                return dict(_CONNECTED)
            case messages.Start():
                return self._numbered(streaming.START, message, self._start(message.media_format))
            case messages.Dtmf(digit=digit):
                return self._numbered(
                    streaming.DTMF, message, {streaming.TRACK: twiml.INBOUND_TRACK, streaming.DIGIT: digit}
                )
            case messages.Mark(name=name):
                return self._numbered(streaming.MARK, message, {streaming.NAME: name})
            case messages.Stop():
                return self._numbered(streaming.STOP, message, self._owner())
            case messages.Other(event=event):
                return self._numbered(event, message, {})
        raise TypeError(f"a {type(message).__name__} is not a message of this dialect")

    def _media(self, message: messages.Media) -> dict[str, Any]:
        body = {
            streaming.TRACK: message.track,
            streaming.CHUNK: str(message.chunk),
            streaming.TIMESTAMP: str(message.timestamp),
            streaming.PAYLOAD: base64.b64encode(message.payload).decode(),
        }
        members = self._numbered(streaming.MEDIA, message, body)
        for omitted in self._facts.variations.leave_out:
            name = _OMITTED.get(omitted, omitted)
            members.pop(name, None)
            body.pop(name, None)
        return members

    def _start(self, media_format: messages.MediaFormat) -> dict[str, Any]:
        encoding = media_format.encoding
        return {
            **self._owner(),
            streaming.STREAM_SID: self._stream_sid,
            streaming.TRACKS: list(streaming.DELIVERED_TRACKS[self._settings.tracks]),
            streaming.MEDIA_FORMAT: {
                streaming.ENCODING: streaming.MULAW if encoding == streaming.CODEC else encoding,
                streaming.SAMPLE_RATE: media_format.sample_rate_hz,
                streaming.CHANNELS: media_format.channels,
            },
            streaming.CUSTOM_PARAMETERS: dict(self._settings.custom_parameters),
        }

    def _owner(self) -> dict[str, Any]:
        return {streaming.ACCOUNT_SID: self._facts.user_id, streaming.CALL_SID: self._facts.call_control_id}

    def _numbered(self, event: str, message: Any, body: dict[str, Any]) -> dict[str, Any]:
        return {
            streaming.EVENT: event,
            streaming.SEQUENCE_NUMBER: str(message.sequence_number),
            event: body,
            streaming.STREAM_SID: self._stream_sid,
        }

    # From the app

    def read(self, text: str | Buffer) -> FromApp:
        """Read a message of the app.

        Raises:
            RefusedMessage: it is not JSON, has a missing, unknown or wrong member, names another stream, or the stream
                is one-way.
        """
        if not self._settings.two_way:
            raise _invalid("a one-way stream takes no messages of the app")
        try:
            message = _DECODER.decode(text)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise _invalid(str(error)) from None
        if message.stream_sid != self._stream_sid:
            raise _invalid(f"{streaming.STREAM_SID} is not that of this stream")
        if isinstance(message, _Media):
            try:
                return messages.Media(base64.b64decode(message.media.payload, validate=True))
            except (binascii.Error, ValueError) as error:
                raise _invalid(f"{streaming.MEDIA}.{streaming.PAYLOAD} is not base64: {error}") from None
        return messages.Mark(message.mark.name) if isinstance(message, _Mark) else messages.Clear()

    def rejected(self, detail: str) -> RefusedMessage:
        """Return the refusal of a frame that is not a text."""
        return _refusal(errors.MALFORMED_MESSAGE, detail)

    def warning(self, refusal: RefusedMessage) -> StreamWarning:
        """Return the note of the debugger."""
        known = refusal.code in errors.STREAM_WARNINGS
        return StreamWarning(refusal.code if known else None, refusal.title, str(refusal))


def _invalid(detail: str) -> RefusedMessage:
    return _refusal(errors.INVALID_MESSAGE, detail)


def _refusal(code: int, detail: str) -> RefusedMessage:
    return RefusedMessage(code, detail, errors.STREAM_WARNINGS[code])

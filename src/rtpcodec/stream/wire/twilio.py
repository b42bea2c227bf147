"""The dialect of Twilio's Media Streams (docs/twilio.md). Its names are defined in rtpcodec.carriers.twilio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rtpcodec.carriers.twilio import streaming, twiml
from rtpcodec.kernels.media_text import MediaText
from rtpcodec.stream.wire.dialect import Dialect, PlanValues
from rtpcodec.stream.wire.json_messages import JsonMessages, Names, scanner_of

NAMES: Final = Names(
    event=streaming.EVENT,
    sequence_number=streaming.SEQUENCE_NUMBER,
    stream_id=streaming.STREAM_SID,
    version=streaming.VERSION,
    connected=streaming.CONNECTED,
    start=streaming.START,
    media=streaming.MEDIA,
    stop=streaming.STOP,
    mark=streaming.MARK,
    dtmf=streaming.DTMF,
    clear=streaming.CLEAR,
    media_format=streaming.MEDIA_FORMAT,
    encoding=streaming.ENCODING,
    sample_rate=streaming.SAMPLE_RATE,
    channels=streaming.CHANNELS,
    user_id=streaming.ACCOUNT_SID,
    call_control_id=streaming.CALL_SID,
    custom_parameters=streaming.CUSTOM_PARAMETERS,
    payload=streaming.PAYLOAD,
    track=streaming.TRACK,
    chunk=streaming.CHUNK,
    timestamp=streaming.TIMESTAMP,
    name=streaming.NAME,
    value=twiml.VALUE,
    digit=streaming.DIGIT,
)
_PAYLOAD_TEXT: Final = MediaText("", "")


def encoding_name(encoding: str) -> str:
    """Return the codec name for rtpcodec.codec of an encoding."""
    return streaming.CODEC if encoding.strip().lower() == streaming.MULAW else encoding.strip().upper()


def _text(event: str, stream_id: str | None, body: Mapping[str, str] | None = None) -> str:
    found: dict[str, Any] = {streaming.EVENT: event, streaming.STREAM_SID: stream_id, event: body}
    return msgspec.json.encode({name: value for name, value in found.items() if value is not None}).decode()


class TwilioDialect:
    """JSON in camel case, counters as strings; each of the app's messages names its stream."""

    __slots__ = ()

    name = "twilio"
    signs = frozenset((streaming.PROTOCOL, streaming.SEQUENCE_NUMBER, streaming.STREAM_SID))
    modes = ("rtp",)
    plan_values = PlanValues(
        tracks=(twiml.INBOUND_TRACK,),
        target_legs=("self",),
        send_codec=(streaming.CODEC,),
        receive_codec=("default", streaming.CODEC),
        send_silence_when_idle=(False,),
    )
    tracks = streaming.DELIVERED_TRACKS
    marks = True
    clear = True
    too_many_messages = None
    invalid_media = None
    digits = True
    in_band_digits = False
    counters = True
    token_in_connected = False
    commands = False

    media_scanner = scanner_of(NAMES, streaming.TRACK_NAMES, streaming.LONG_TRACK_NAMES)
    parse = staticmethod(JsonMessages(NAMES, codec_of=encoding_name, long_track_names=streaming.LONG_TRACK_NAMES).parse)

    def media_text(self, payload: bytes, stream_id: str | None = None, /) -> str:
        """Return the text that sends one chunk of audio to the carrier."""
        return _text(streaming.MEDIA, stream_id, {streaming.PAYLOAD: _PAYLOAD_TEXT.of_payload(payload)})

    def media_texts(self, stream_id: str | None = None, /) -> tuple[str, str] | None:
        """Return the text before and after the payload of every `media_text`; None if the stream's id is not ASCII."""
        head, _, tail = self.media_text(b"", stream_id).rpartition('""')
        return (f'{head}"', f'"{tail}') if head.isascii() else None

    def mark_text(self, name: str, stream_id: str | None = None, /) -> str:
        """Return the text that requests a mark."""
        return _text(streaming.MARK, stream_id, {streaming.NAME: name})

    def clear_text(self, stream_id: str | None = None, /) -> str:
        """Return the text that makes the carrier drop its queued audio."""
        return _text(streaming.CLEAR, stream_id)

    def __repr__(self) -> str:
        return "TWILIO"


TWILIO: Final[Dialect] = TwilioDialect()

"""JSON texts to messages, in either direction, because the carrier's simulator reads the app's.

A text that breaks a rule raises BrokenMessage; unknown members and events are not errors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct, field, json
from typing_extensions import Buffer

from rtpcodec.carriers.telnyx import members, streaming
from rtpcodec.stream import messages
from rtpcodec.stream.wire.json_text import Counter, EnvelopeReader, body_of, check_control_size, checked_text, counter
from rtpcodec.stream.wire.rules import MAX_SAMPLE_RATE_HZ, BrokenMessage

_ERROR_BODY: Final = members.PAYLOAD
"""The body of an `error`: the one member that is not named like its event."""


class _Connected(Struct):
    auth_token: str | None = field(default=None, name=streaming.TOKEN_HEADER)


class _Format(Struct):
    encoding: str = field(name=streaming.ENCODING)
    sample_rate: Counter = field(default=None, name=streaming.SAMPLE_RATE)
    channels: Counter = field(default=None, name=streaming.CHANNELS)


class _Start(Struct):
    media_format: _Format = field(name=streaming.MEDIA_FORMAT)
    user_id: str | int | None = field(default=None, name=streaming.USER_ID)
    call_control_id: str | None = field(default=None, name=members.CALL_CONTROL_ID)
    call_session_id: str | None = field(default=None, name=members.CALL_SESSION_ID)
    from_number: str | None = field(default=None, name=members.FROM)
    to_number: str | None = field(default=None, name=members.TO)
    tags: list[str] | None = field(default=None, name=members.TAGS)
    client_state: str | None = field(default=None, name=members.CLIENT_STATE)
    custom_parameters: dict[str, str | int | float | bool | None] | None = field(
        default=None, name=members.CUSTOM_PARAMETERS
    )
    stream_id: str | None = field(default=None, name=members.STREAM_ID)


class _Media(Struct):
    payload: bytes = field(name=members.PAYLOAD)
    track: str | None = field(default=None, name=members.TRACK)
    chunk: Counter = field(default=None, name=streaming.CHUNK)
    timestamp: Counter = field(default=None, name=streaming.TIMESTAMP)


class _Dtmf(Struct):
    digit: str = field(name=streaming.DIGIT)


class _Mark(Struct):
    name: str = field(name=members.NAME)


class _Stop(Struct):
    user_id: str | int | None = field(default=None, name=streaming.USER_ID)
    call_control_id: str | None = field(default=None, name=members.CALL_CONTROL_ID)


class _Error(Struct):
    code: int | str | None = field(default=None, name=members.CODE)
    title: str | None = field(default=None, name=members.TITLE)
    detail: str | None = field(default=None, name=members.DETAIL)


class _Envelope(Struct):
    event: str = field(name=streaming.EVENT)
    sequence_number: Counter = field(default=None, name=streaming.SEQUENCE_NUMBER)
    stream_id: str | None = field(default=None, name=members.STREAM_ID)
    media: _Media | None = field(default=None, name=streaming.MEDIA)
    start: _Start | None = field(default=None, name=streaming.START)
    stop: _Stop | None = field(default=None, name=streaming.STOP)
    mark: _Mark | None = field(default=None, name=streaming.MARK)
    dtmf: _Dtmf | None = field(default=None, name=streaming.DTMF)
    error: _Error | None = field(default=None, name=_ERROR_BODY)
    connected: _Connected | None = field(default=None, name=streaming.CONNECTED)
    version: str | None = field(default=None, name=streaming.VERSION)
    occurred_at: str | None = field(default=None, name=members.OCCURRED_AT)


_COMMON: Final = (streaming.EVENT, streaming.SEQUENCE_NUMBER, members.STREAM_ID)
_READER: Final = EnvelopeReader(
    _Envelope,
    event=streaming.EVENT,
    members={
        streaming.MEDIA: (*_COMMON, streaming.MEDIA),
        streaming.MARK: (*_COMMON, streaming.MARK),
        streaming.DTMF: (*_COMMON, streaming.DTMF, members.OCCURRED_AT),
        streaming.START: (*_COMMON, streaming.START),
        streaming.STOP: (*_COMMON, streaming.STOP),
        streaming.ERROR: (*_COMMON, _ERROR_BODY),
        streaming.CONNECTED: (*_COMMON, streaming.CONNECTED, streaming.VERSION),
        streaming.CLEAR: _COMMON,
    },
    payload=f"{streaming.MEDIA}.{members.PAYLOAD}",
)
_CHUNK: Final = f"{streaming.MEDIA}.{streaming.CHUNK}"
_TIMESTAMP: Final = f"{streaming.MEDIA}.{streaming.TIMESTAMP}"
_FORMAT: Final = f"{streaming.START}.{streaming.MEDIA_FORMAT}"


def parse(text: str | Buffer, /) -> messages.Message:
    """Return the message of one text frame, given as str or as UTF-8 octets. BrokenMessage names the broken rule."""
    text = checked_text(text)
    envelope = _READER.read(text)
    event = envelope.event
    reader = _READERS.get(event)
    if reader is None:
        return messages.Other(event, text, _sequence_number(envelope))
    if event != streaming.MEDIA:
        check_control_size(text, event)
    return reader(envelope)


def encoding_name(encoding: str) -> str:
    """Return a codec's name as rtpcodec.codec takes it, from the spellings seen in the field."""
    upper = encoding.strip().upper()
    return streaming.MIME_ENCODINGS.get(upper, upper)


def _sequence_number(envelope: _Envelope) -> int | None:
    return counter(envelope.sequence_number, streaming.SEQUENCE_NUMBER)


def _read_connected(envelope: _Envelope) -> messages.Connected:
    connected = envelope.connected
    return messages.Connected(envelope.version, connected.auth_token if connected else None)


def _read_start(envelope: _Envelope) -> messages.Start:
    body = body_of(envelope.start, streaming.START)
    media_format = body.media_format
    if not media_format.encoding:
        raise BrokenMessage("value", f"{_FORMAT}.{streaming.ENCODING} is empty")
    rate_hz = counter(media_format.sample_rate, f"{_FORMAT}.{streaming.SAMPLE_RATE}", MAX_SAMPLE_RATE_HZ)
    return messages.Start(
        media_format=messages.MediaFormat(
            encoding_name(media_format.encoding), rate_hz or None, counter(media_format.channels, streaming.CHANNELS)
        ),
        stream_id=envelope.stream_id if envelope.stream_id is not None else body.stream_id,
        sequence_number=_sequence_number(envelope),
        call_control_id=body.call_control_id,
        call_session_id=body.call_session_id,
        user_id=None if body.user_id is None else str(body.user_id),
        from_number=body.from_number,
        to_number=body.to_number,
        tags=tuple(body.tags or ()),
        client_state=body.client_state,
        custom_parameters={name: _parameter(value) for name, value in (body.custom_parameters or {}).items()},
    )


def _parameter(value: str | float | bool | None) -> str:
    """Return a custom parameter as text; a number or a truth value as JSON spells it."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.encode(value).decode()


def _read_media(envelope: _Envelope) -> messages.Media:
    body = body_of(envelope.media, streaming.MEDIA)
    track = body.track
    return messages.Media(
        body.payload,
        streaming.LONG_TRACK_NAMES.get(track, track) if track else None,
        counter(body.chunk, _CHUNK),
        counter(body.timestamp, _TIMESTAMP),
        _sequence_number(envelope),
        envelope.stream_id,
    )


def _read_dtmf(envelope: _Envelope) -> messages.Dtmf:
    digit = body_of(envelope.dtmf, streaming.DTMF).digit
    if len(digit) != 1:
        raise BrokenMessage("value", f"{streaming.DTMF}.{streaming.DIGIT} has {len(digit)} characters, 1 is needed")
    return messages.Dtmf(digit, envelope.occurred_at, _sequence_number(envelope), envelope.stream_id)


def _read_mark(envelope: _Envelope) -> messages.Mark:
    name = body_of(envelope.mark, streaming.MARK).name
    return messages.Mark(name, _sequence_number(envelope), envelope.stream_id)


def _read_stop(envelope: _Envelope) -> messages.Stop:
    body = envelope.stop or _Stop()
    user_id = None if body.user_id is None else str(body.user_id)
    return messages.Stop(_sequence_number(envelope), envelope.stream_id, user_id, body.call_control_id)


def _read_error(envelope: _Envelope) -> messages.Error:
    body = envelope.error or _Error()
    code = counter(body.code, f"{_ERROR_BODY}.{members.CODE}")
    return messages.Error(code, body.title, body.detail, envelope.stream_id)


def _read_clear(_envelope: _Envelope) -> messages.Clear:
    return messages.Clear()


_READERS: Final[dict[str, Callable[[_Envelope], messages.Message]]] = {
    streaming.MEDIA: _read_media,
    streaming.MARK: _read_mark,
    streaming.DTMF: _read_dtmf,
    streaming.START: _read_start,
    streaming.STOP: _read_stop,
    streaming.ERROR: _read_error,
    streaming.CONNECTED: _read_connected,
    streaming.CLEAR: _read_clear,
}

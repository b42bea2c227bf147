"""JSON texts to messages, in either direction, because the carrier's simulator reads the app's.

Unknown members and events are not errors. Needed are only `event`, `media.payload`, the encoding of `start`, and the
name or digit of `mark` and `dtmf`: a text without one of them raises BrokenMessage. Where another member breaks a rule,
OddMessage has the message without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import MsgspecError, Struct, field
from typing_extensions import Buffer

from rtpcodec.carriers.telnyx import members, streaming
from rtpcodec.carriers.telnyx.errors import STREAM_ERRORS
from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.stream import messages
from rtpcodec.stream.wire.json_text import (
    Counter,
    EnvelopeReader,
    RawObject,
    body_of,
    check_control_size,
    checked_text,
    counter,
    optional_text,
    parameters,
)
from rtpcodec.stream.wire.rules import MAX_MESSAGE_OCTETS, MAX_SAMPLE_RATE_HZ, BrokenMessage


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
    custom_parameters: object = field(default=None, name=members.CUSTOM_PARAMETERS)
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


class _Envelope(Struct):
    event: str = field(name=streaming.EVENT)
    sequence_number: Counter = field(default=None, name=streaming.SEQUENCE_NUMBER)
    stream_id: str | None = field(default=None, name=members.STREAM_ID)
    media: _Media | None = field(default=None, name=streaming.MEDIA)
    start: _Start | None = field(default=None, name=streaming.START)
    stop: _Stop | None = field(default=None, name=streaming.STOP)
    mark: _Mark | None = field(default=None, name=streaming.MARK)
    dtmf: _Dtmf | None = field(default=None, name=streaming.DTMF)
    payload: object = field(default=None, name=members.PAYLOAD)
    error: object = field(default=None, name=streaming.ERROR)
    connected: _Connected | None = field(default=None, name=streaming.CONNECTED)
    version: str | None = field(default=None, name=streaming.VERSION)
    occurred_at: str | None = field(default=None, name=members.OCCURRED_AT)


_CODES_OF_TITLES: Final = {title: code for code, title in STREAM_ERRORS.items()}
"""Some errors have the title in the place of the code."""
_PAYLOAD: Final = f"{streaming.MEDIA}.{members.PAYLOAD}"
_CHUNK: Final = f"{streaming.MEDIA}.{streaming.CHUNK}"
_TIMESTAMP: Final = f"{streaming.MEDIA}.{streaming.TIMESTAMP}"
_FORMAT: Final = f"{streaming.START}.{streaming.MEDIA_FORMAT}"
_ENCODING: Final = f"{_FORMAT}.{streaming.ENCODING}"
_PARAMETERS: Final = f"{streaming.START}.{members.CUSTOM_PARAMETERS}"
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
        streaming.ERROR: (*_COMMON, members.PAYLOAD, streaming.ERROR),
        streaming.CONNECTED: (*_COMMON, streaming.CONNECTED, streaming.VERSION),
        streaming.CLEAR: _COMMON,
    },
    needed=(
        streaming.EVENT,
        streaming.MEDIA,
        _PAYLOAD,
        streaming.START,
        _FORMAT,
        _ENCODING,
        streaming.MARK,
        f"{streaming.MARK}.{members.NAME}",
        streaming.DTMF,
        f"{streaming.DTMF}.{streaming.DIGIT}",
    ),
    payload=_PAYLOAD,
)
_decode: Final = _READER.decode
MEDIA_SCANNER: Final = MediaScanner(
    event=streaming.EVENT,
    sequence_number=streaming.SEQUENCE_NUMBER,
    stream_id=members.STREAM_ID,
    media=streaming.MEDIA,
    track=members.TRACK,
    chunk=streaming.CHUNK,
    timestamp=streaming.TIMESTAMP,
    payload=members.PAYLOAD,
    track_names=streaming.TRACK_NAMES,
    long_track_names=streaming.LONG_TRACK_NAMES,
    max_octets=MAX_MESSAGE_OCTETS,
)
"""The fast path of ordinary `media` messages; `parse` is the definition."""


def parse(text: str | Buffer, /) -> messages.Message:
    """Return the message of one text frame, given as str or as UTF-8 octets.

    Raises: BrokenMessage, which names the broken rule; OddMessage if only members that nobody needs are broken.
    """
    text = checked_text(text)
    try:
        envelope = _decode(text)
        return _read_media(envelope) if envelope.event == streaming.MEDIA else _read(envelope, text)
    except (MsgspecError, BrokenMessage, RecursionError, UnicodeError) as error:
        return _READER.read_again(text, error, _read)


def _read(envelope: _Envelope, text: str) -> messages.Message:
    event = envelope.event
    if event == streaming.MEDIA:
        return _read_media(envelope)
    reader = _READERS.get(event)
    if reader is None:
        return messages.Other(event, text, _sequence_number(envelope))
    check_control_size(text, event)
    message = reader(envelope)
    if isinstance(message, messages.Start | messages.Error):
        message.raw = RawObject(text)
    return message


def encoding_name(encoding: str) -> str:
    """Return a codec's name as rtpcodec.codec takes it, from the spellings seen in the field."""
    upper = encoding.strip().upper()
    return streaming.MIME_ENCODINGS.get(upper, upper)


def _sequence_number(envelope: _Envelope) -> int | None:
    return counter(envelope.sequence_number, streaming.SEQUENCE_NUMBER)


def _read_connected(envelope: _Envelope) -> messages.Connected:
    connected = envelope.connected
    auth_token = connected.auth_token if connected else None
    return messages.Connected(envelope.version, auth_token, _sequence_number(envelope))


def _read_start(envelope: _Envelope) -> messages.Start:
    body = body_of(envelope.start, streaming.START)
    media_format = body.media_format
    if not media_format.encoding:
        raise BrokenMessage("value", f"{_ENCODING} is empty")
    rate_hz = counter(media_format.sample_rate, f"{_FORMAT}.{streaming.SAMPLE_RATE}", MAX_SAMPLE_RATE_HZ)
    channels = counter(media_format.channels, f"{_FORMAT}.{streaming.CHANNELS}")
    return messages.Start(
        media_format=messages.MediaFormat(encoding_name(media_format.encoding), rate_hz or None, channels or None),
        stream_id=envelope.stream_id if envelope.stream_id is not None else body.stream_id,
        sequence_number=_sequence_number(envelope),
        call_control_id=body.call_control_id,
        call_session_id=body.call_session_id,
        user_id=None if body.user_id is None else str(body.user_id),
        from_number=body.from_number,
        to_number=body.to_number,
        tags=tuple(body.tags or ()),
        client_state=body.client_state,
        custom_parameters=parameters(body.custom_parameters, _PARAMETERS, members.NAME, members.VALUE),
    )


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
    """Read an error as documented, or in the shapes of others: in a member `error`, with `message`, or a text alone."""
    path, body = members.PAYLOAD, envelope.payload
    if body is None:
        path, body = streaming.ERROR, envelope.error
    if body is None:
        body = {}
    if isinstance(body, str):
        body = {members.DETAIL: body}
    if not isinstance(body, dict):
        raise BrokenMessage("type", f"{path} is neither an object nor a string", path)
    title = optional_text(body, path, members.TITLE)
    detail = optional_text(body, path, members.DETAIL)
    if detail is None:
        detail = optional_text(body, path, streaming.ERROR_MESSAGE)
    code = body.get(members.CODE)
    code_path = f"{path}.{members.CODE}"
    if isinstance(code, str) and not code.isdecimal():
        # A word in place of the number: the title of a documented code, or a title of the sender's own.
        title = code if title is None else title
        code = _CODES_OF_TITLES.get(code)
    if code is not None and (isinstance(code, bool) or not isinstance(code, int | str)):
        raise BrokenMessage("type", f"{code_path} is neither a whole number nor a string", code_path)
    return messages.Error(
        counter(code, code_path), title, detail, envelope.stream_id, sequence_number=_sequence_number(envelope)
    )


def _read_clear(envelope: _Envelope) -> messages.Clear:
    return messages.Clear(_sequence_number(envelope))


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

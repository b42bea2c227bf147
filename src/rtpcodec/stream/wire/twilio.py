"""The dialect of Twilio's Media Streams (docs/twilio.md). Its names stand in rtpcodec.carriers.twilio, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec
from msgspec import Struct, field
from typing_extensions import Buffer

from rtpcodec.carriers.twilio import streaming, twiml
from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.kernels.media_text import MediaText
from rtpcodec.stream import messages
from rtpcodec.stream.wire import json_text, rules
from rtpcodec.stream.wire.dialect import Dialect
from rtpcodec.stream.wire.json_text import Counter, body_of, counter


class _Format(Struct):
    encoding: str = field(name=streaming.ENCODING)
    sample_rate: Counter = field(default=None, name=streaming.SAMPLE_RATE)
    channels: Counter = field(default=None, name=streaming.CHANNELS)


class _Start(Struct):
    media_format: _Format = field(name=streaming.MEDIA_FORMAT)
    stream_sid: str | None = field(default=None, name=streaming.STREAM_SID)
    call_sid: str | None = field(default=None, name=streaming.CALL_SID)
    account_sid: str | None = field(default=None, name=streaming.ACCOUNT_SID)
    custom_parameters: object = field(default=None, name=streaming.CUSTOM_PARAMETERS)


class _Media(Struct):
    payload: bytes = field(name=streaming.PAYLOAD)
    track: str | None = field(default=None, name=streaming.TRACK)
    chunk: Counter = field(default=None, name=streaming.CHUNK)
    timestamp: Counter = field(default=None, name=streaming.TIMESTAMP)


class _Dtmf(Struct):
    digit: str = field(name=streaming.DIGIT)


class _Mark(Struct):
    name: str = field(name=streaming.NAME)


class _Stop(Struct):
    account_sid: str | None = field(default=None, name=streaming.ACCOUNT_SID)
    call_sid: str | None = field(default=None, name=streaming.CALL_SID)


class _Envelope(Struct):
    event: str = field(name=streaming.EVENT)
    number: Counter = field(default=None, name=streaming.SEQUENCE_NUMBER)
    stream_sid: str | None = field(default=None, name=streaming.STREAM_SID)
    media: _Media | None = field(default=None, name=streaming.MEDIA)
    start: _Start | None = field(default=None, name=streaming.START)
    stop: _Stop | None = field(default=None, name=streaming.STOP)
    mark: _Mark | None = field(default=None, name=streaming.MARK)
    dtmf: _Dtmf | None = field(default=None, name=streaming.DTMF)
    version: str | None = field(default=None, name=streaming.VERSION)


_FORMAT: Final = f"{streaming.START}.{streaming.MEDIA_FORMAT}"
_NEEDED: Final = {streaming.MEDIA: streaming.PAYLOAD, streaming.MARK: streaming.NAME, streaming.DTMF: streaming.DIGIT}
_COMMON: Final = (streaming.EVENT, streaming.SEQUENCE_NUMBER, streaming.STREAM_SID)
_READER: Final = json_text.EnvelopeReader(
    _Envelope,
    event=streaming.EVENT,
    members={event: (*_COMMON, event, streaming.VERSION) for event in (*streaming.CARRIER_EVENTS, streaming.CLEAR)},
    needed=(
        *(streaming.EVENT, streaming.START, _FORMAT, f"{_FORMAT}.{streaming.ENCODING}"),
        *(path for event, name in _NEEDED.items() for path in (event, f"{event}.{name}")),
    ),
    payload=f"{streaming.MEDIA}.{streaming.PAYLOAD}",
)


def _start(envelope: _Envelope, number: int | None) -> messages.Start:
    body = body_of(envelope.start, streaming.START)
    encoding = body.media_format.encoding.strip()
    if not encoding:
        raise rules.BrokenMessage("value", f"{_FORMAT}.{streaming.ENCODING} is empty")
    rate_hz = counter(body.media_format.sample_rate, f"{_FORMAT}.{streaming.SAMPLE_RATE}", rules.MAX_SAMPLE_RATE_HZ)
    channels = counter(body.media_format.channels, f"{_FORMAT}.{streaming.CHANNELS}")
    codec = streaming.CODEC if encoding.lower() == streaming.MULAW else encoding.upper()
    path = f"{streaming.START}.{streaming.CUSTOM_PARAMETERS}"
    return messages.Start(
        media_format=messages.MediaFormat(codec, rate_hz or None, channels or None),
        stream_id=envelope.stream_sid or body.stream_sid,
        sequence_number=number,
        call_control_id=body.call_sid,
        user_id=body.account_sid,
        custom_parameters=json_text.parameters(body.custom_parameters, path, twiml.NAME, twiml.VALUE),
    )


def _media(envelope: _Envelope, number: int | None) -> messages.Media:
    body = body_of(envelope.media, streaming.MEDIA)
    track = streaming.LONG_TRACK_NAMES.get(body.track, body.track) if body.track else None
    chunk = counter(body.chunk, f"{streaming.MEDIA}.{streaming.CHUNK}")
    timestamp = counter(body.timestamp, f"{streaming.MEDIA}.{streaming.TIMESTAMP}")
    return messages.Media(body.payload, track, chunk, timestamp, number, envelope.stream_sid)


def _dtmf(envelope: _Envelope, number: int | None) -> messages.Dtmf:
    digit = body_of(envelope.dtmf, streaming.DTMF).digit
    if len(digit) != 1:
        raise rules.BrokenMessage("value", f"{streaming.DTMF}.{streaming.DIGIT} has {len(digit)} characters, not 1")
    return messages.Dtmf(digit, None, number, envelope.stream_sid)


def _mark(envelope: _Envelope, number: int | None) -> messages.Mark:
    return messages.Mark(body_of(envelope.mark, streaming.MARK).name, number, envelope.stream_sid)


def _stop(envelope: _Envelope, number: int | None) -> messages.Stop:
    body = envelope.stop or _Stop()
    return messages.Stop(number, envelope.stream_sid, body.account_sid, body.call_sid)


_READERS: Final[dict[str, Callable[[_Envelope, int | None], messages.Message]]] = {
    streaming.START: _start,
    streaming.MEDIA: _media,
    streaming.DTMF: _dtmf,
    streaming.MARK: _mark,
    streaming.STOP: _stop,
    streaming.CONNECTED: lambda envelope, number: messages.Connected(envelope.version, None, number),
    streaming.CLEAR: lambda _envelope, number: messages.Clear(number),
}


def _read(envelope: _Envelope, text: str) -> messages.Message:
    number = counter(envelope.number, streaming.SEQUENCE_NUMBER)
    read = _READERS.get(envelope.event)
    if read is None:
        return messages.Other(envelope.event, text, number)
    if read is not _media:
        json_text.check_control_size(text, envelope.event)
    message = read(envelope, number)
    if isinstance(message, messages.Start):
        message.raw = json_text.RawObject(text)
    return message


def _text(event: str, stream_id: str | None, body: dict[str, str] | None = None) -> str:
    found: dict[str, Any] = {streaming.EVENT: event}
    if stream_id is not None:
        found[streaming.STREAM_SID] = stream_id
    return msgspec.json.encode(found if body is None else found | {event: body}).decode()


_MEDIA_TEXT: Final = MediaText("", "")


def media_texts(stream_id: str | None = None, /) -> tuple[str, str] | None:
    """Return what stands before and behind the base64 of a payload; None: the id of the stream is not ASCII."""
    head, _, tail = _text(streaming.MEDIA, stream_id, {streaming.PAYLOAD: ""}).rpartition('""')
    return (f'{head}"', f'"{tail}') if head.isascii() else None


def media_text(payload: bytes, stream_id: str | None = None, /) -> str:
    """Return the text that sends one chunk of audio to the carrier."""
    return _text(streaming.MEDIA, stream_id, {streaming.PAYLOAD: _MEDIA_TEXT.of_payload(payload)})


def mark_text(name: str, stream_id: str | None = None, /) -> str:
    """Return the text that asks for a mark."""
    return _text(streaming.MARK, stream_id, {streaming.NAME: name})


def clear_text(stream_id: str | None = None, /) -> str:
    """Return the text that makes the carrier drop all audio that waits there."""
    return _text(streaming.CLEAR, stream_id)


def parse(text: str | Buffer, /) -> messages.Message:
    """Return the message of one text frame. Raises: BrokenMessage, OddMessage: see Dialect.parse."""
    text = json_text.checked_text(text)
    try:
        return _read(_READER.decode(text), text)
    except (msgspec.MsgspecError, rules.BrokenMessage, RecursionError, UnicodeError) as error:
        return _READER.read_again(text, error, _read)


class TwilioDialect:
    """JSON in camel case, counters as strings; each message of the app names its stream."""

    __slots__ = ()

    name = "twilio"
    signs = frozenset((streaming.PROTOCOL, streaming.SEQUENCE_NUMBER, streaming.STREAM_SID))
    modes = ("rtp",)
    tracks = streaming.DELIVERED_TRACKS
    plan_values: ClassVar[Mapping[str, tuple[object, ...]]] = {
        "tracks": (twiml.INBOUND_TRACK,),
        "target_legs": ("self",),
        "send_codec": (streaming.CODEC,),
        "receive_codec": ("default", streaming.CODEC),
        "send_silence_when_idle": (False,),
    }
    marks = True
    clear = True
    too_many_messages = None
    invalid_media = None
    digits = True
    in_band_digits = False
    counters = True
    token_in_connected = False
    commands = False

    media_scanner = MediaScanner(
        event=streaming.EVENT,
        sequence_number=streaming.SEQUENCE_NUMBER,
        stream_id=streaming.STREAM_SID,
        media=streaming.MEDIA,
        track=streaming.TRACK,
        chunk=streaming.CHUNK,
        timestamp=streaming.TIMESTAMP,
        payload=streaming.PAYLOAD,
        track_names=streaming.TRACK_NAMES,
        long_track_names=streaming.LONG_TRACK_NAMES,
        max_octets=rules.MAX_MESSAGE_OCTETS,
    )

    parse = staticmethod(parse)
    media_text = staticmethod(media_text)
    media_texts = staticmethod(media_texts)
    mark_text = staticmethod(mark_text)
    clear_text = staticmethod(clear_text)

    def __repr__(self) -> str:
        return "TWILIO"


TWILIO: Final[Dialect] = TwilioDialect()

"""A fictional carrier that shares no name with the real one, and a session with its dialect.

Its counters are numbers, its names are in camel case, and every text of the app names the stream.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec
from typing_extensions import Buffer

from rtpcodec.kernels.media_scan import MediaScanner
from rtpcodec.stream import messages
from rtpcodec.stream.events import Event, Unknown
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.wire import BrokenMessage, Dialect
from rtpcodec.stream.wire.dialect import PlanValues
from rtpcodec.stream.wire.json_text import (
    Counter,
    EnvelopeReader,
    body_of,
    check_control_size,
    checked_text,
    counter,
    optional_text,
    parameters,
    readable,
)
from rtpcodec.stream.wire.rules import MAX_MESSAGE_OCTETS, MAX_SAMPLE_RATE_HZ

NAMES: Final = {
    "event": "kind",
    "sequence_number": "seqNo",
    "stream_id": "streamSid",
    # Events, and the members with their bodies.
    "connected": "hello",
    "start": "begin",
    "media": "audio",
    "dtmf": "keyPress",
    "mark": "checkpoint",
    "stop": "streamEnds",
    "error": "fault",
    "clear": "dropAudio",
    # Members of bodies; `data` is the body of a fault as well.
    "payload": "data",
    "track": "leg",
    "chunk": "index",
    "timestamp": "mediaTime",
    "media_format": "audioFormat",
    "encoding": "codec",
    "sample_rate": "rateHz",
    "channels": "lanes",
    "name": "label",
    "digit": "key",
    "occurred_at": "at",
    "version": "revision",
    "x-telnyx-streaming-auth-token": "authToken",
    "code": "number",
    "title": "headline",
    "detail": "reason",
    "user_id": "accountSid",
    "call_control_id": "callSid",
    "call_session_id": "sessionSid",
    "from": "caller",
    "to": "callee",
    "tags": "labels",
    "client_state": "appState",
    "custom_parameters": "parameters",
    "inbound": "fromPhone",
    "outbound": "toPhone",
    "inbound_track": "fromPhoneLong",
    "outbound_track": "toPhoneLong",
}
"""The real carrier's names, with the names of this one."""
_BACK: Final = {ours: theirs for theirs, ours in NAMES.items()}
_STRING: Final = re.compile(r'"([\w-]+)"')
_DIGITS: Final = re.compile(r'"(seqNo|index|mediaTime)": ?"([1-9]\d{0,17})"')


def spelled(text: str | Buffer) -> str | bytes:
    """Return the same message from this carrier, with the same defects."""
    if not isinstance(text, str):
        return spelled(bytes(text).decode("latin-1")).encode("latin-1")  # type: ignore[union-attr]  # of a str
    renamed = _STRING.sub(lambda found: f'"{NAMES.get(found[1], found[1])}"', text)
    return _DIGITS.sub(r'"\1":\2', renamed)


def spelled_back(text: str) -> str:
    """Return a text of the app in the names of the real carrier."""
    return _STRING.sub(lambda found: f'"{_BACK.get(found[1], found[1])}"', text)


class _Hello(msgspec.Struct, rename="camel"):
    auth_token: str | None = None


class _AudioFormat(msgspec.Struct, rename="camel"):
    codec: str
    rate_hz: Counter = None
    lanes: Counter = None


class _Begin(msgspec.Struct, rename="camel"):
    audio_format: _AudioFormat
    account_sid: str | int | None = None
    call_sid: str | None = None
    session_sid: str | None = None
    caller: str | None = None
    callee: str | None = None
    labels: list[str] | None = None
    app_state: str | None = None
    parameters: object = None
    stream_sid: str | None = None


class _Audio(msgspec.Struct, rename="camel"):
    data: bytes
    leg: str | None = None
    index: Counter = None
    media_time: Counter = None


class _KeyPress(msgspec.Struct):
    key: str


class _Checkpoint(msgspec.Struct):
    label: str


class _End(msgspec.Struct, rename="camel"):
    account_sid: str | int | None = None
    call_sid: str | None = None


class _Envelope(msgspec.Struct, rename="camel"):
    kind: str
    seq_no: Counter = None
    stream_sid: str | None = None
    audio: _Audio | None = None
    begin: _Begin | None = None
    stream_ends: _End | None = None
    checkpoint: _Checkpoint | None = None
    key_press: _KeyPress | None = None
    data: object = None
    fault: object = None
    hello: _Hello | None = None
    revision: str | None = None
    at: str | None = None


_COMMON: Final = ("kind", "seqNo", "streamSid")
_READER: Final = EnvelopeReader(
    _Envelope,
    event="kind",
    members={
        "audio": (*_COMMON, "audio"),
        "checkpoint": (*_COMMON, "checkpoint"),
        "keyPress": (*_COMMON, "keyPress", "at"),
        "begin": (*_COMMON, "begin"),
        "streamEnds": (*_COMMON, "streamEnds"),
        "fault": (*_COMMON, "data", "fault"),
        "hello": (*_COMMON, "hello", "revision"),
        "dropAudio": _COMMON,
    },
    needed=(
        *("kind", "audio", "audio.data", "begin", "begin.audioFormat", "begin.audioFormat.codec"),
        *("checkpoint", "checkpoint.label", "keyPress", "keyPress.key"),
    ),
    payload="audio.data",
)
_CODECS: Final = {"AUDIO/X-MULAW": "PCMU"}
_LEGS: Final = {
    "fromPhone": "inbound",
    "toPhone": "outbound",
    "fromPhoneLong": "inbound",
    "toPhoneLong": "outbound",
}


def _text(event: str, stream_id: str | None, body: Mapping[str, Any] | None = None) -> str:
    named = {"streamSid": stream_id} if stream_id is not None else {}
    return msgspec.json.encode({"kind": event} | named | ({} if body is None else {event: body})).decode()


def _number(envelope: _Envelope) -> int | None:
    return counter(envelope.seq_no, "seqNo")


def _hello(envelope: _Envelope) -> messages.Connected:
    token = envelope.hello.auth_token if envelope.hello else None
    return messages.Connected(envelope.revision, token, _number(envelope))


def _begin(envelope: _Envelope) -> messages.Start:
    body = body_of(envelope.begin, "begin")
    audio_format = body.audio_format
    if not audio_format.codec:
        raise BrokenMessage("value", "begin.audioFormat.codec is empty")
    name = audio_format.codec.strip().upper()
    rate_hz = counter(audio_format.rate_hz, "begin.audioFormat.rateHz", MAX_SAMPLE_RATE_HZ)
    lanes = counter(audio_format.lanes, "begin.audioFormat.lanes")
    return messages.Start(
        media_format=messages.MediaFormat(_CODECS.get(name, name), rate_hz or None, lanes or None),
        stream_id=envelope.stream_sid or body.stream_sid,
        sequence_number=_number(envelope),
        call_control_id=body.call_sid,
        call_session_id=body.session_sid,
        user_id=None if body.account_sid is None else str(body.account_sid),
        from_number=body.caller,
        to_number=body.callee,
        tags=tuple(body.labels or ()),
        client_state=body.app_state,
        custom_parameters=parameters(body.parameters, "begin.parameters", "label", "value"),
    )


def _audio(envelope: _Envelope) -> messages.Media:
    body = body_of(envelope.audio, "audio")
    leg = _LEGS.get(body.leg, body.leg) if body.leg else None
    place = counter(body.index, "audio.index"), counter(body.media_time, "audio.mediaTime")
    return messages.Media(body.data, leg, *place, _number(envelope), envelope.stream_sid)


def _key_press(envelope: _Envelope) -> messages.Dtmf:
    key = body_of(envelope.key_press, "keyPress").key
    if len(key) != 1:
        raise BrokenMessage("value", f"key has {len(key)} characters, 1 is needed")
    return messages.Dtmf(key, envelope.at, _number(envelope), envelope.stream_sid)


def _checkpoint(envelope: _Envelope) -> messages.Mark:
    label = body_of(envelope.checkpoint, "checkpoint").label
    return messages.Mark(label, _number(envelope), envelope.stream_sid)


def _stream_ends(envelope: _Envelope) -> messages.Stop:
    return messages.Stop(_number(envelope), envelope.stream_sid)


def _fault(envelope: _Envelope) -> messages.Error:
    body = {} if envelope.data is None else envelope.data
    if not isinstance(body, dict):
        raise BrokenMessage("type", "data is not an object", "data")
    number = body.get("number")
    if number is not None and (isinstance(number, bool) or not isinstance(number, int | str)):
        raise BrokenMessage("type", "data.number is not a whole number", "data.number")
    headline, reason = optional_text(body, "data", "headline"), optional_text(body, "data", "reason")
    found = counter(number, "data.number")
    return messages.Error(found, headline, reason, sequence_number=_number(envelope))


def _drop_audio(envelope: _Envelope) -> messages.Clear:
    return messages.Clear(_number(envelope))


_READERS: Final[dict[str, Callable[[_Envelope], messages.Message]]] = {
    "hello": _hello,
    "begin": _begin,
    "audio": _audio,
    "keyPress": _key_press,
    "checkpoint": _checkpoint,
    "streamEnds": _stream_ends,
    "fault": _fault,
    "dropAudio": _drop_audio,
}


def _read(envelope: _Envelope, text: str) -> messages.Message:
    read = _READERS.get(envelope.kind)
    if read is None:
        return messages.Other(envelope.kind, text, _number(envelope))
    if envelope.kind != "audio":
        check_control_size(text, envelope.kind)
    message = read(envelope)
    if isinstance(message, messages.Start | messages.Error):
        message.raw = readable(text)
    return message


class FictionalDialect:
    """The test carrier's dialect."""

    name = "fictional"
    signs = frozenset(("seqNo",))
    modes: tuple[str, ...] = ("rtp", "mp3")
    tracks: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "inbound_track": ("inbound",),
        "outbound_track": ("outbound",),
        "both_tracks": ("inbound", "outbound"),
    }
    plan_values = PlanValues()
    marks = True
    clear = True
    too_many_messages = None
    invalid_media = None
    digits = True
    in_band_digits = True
    counters = True
    token_in_connected = True
    commands = True

    media_scanner = MediaScanner(
        event="kind",
        sequence_number="seqNo",
        stream_id="streamSid",
        media="audio",
        track="leg",
        chunk="index",
        timestamp="mediaTime",
        payload="data",
        track_names=("inbound", "outbound"),
        long_track_names=_LEGS,
        max_octets=MAX_MESSAGE_OCTETS,
    )

    def parse(self, text: str | Buffer, /) -> messages.Message:
        text = checked_text(text)
        try:
            return _read(_READER.decode(text), text)
        except (msgspec.MsgspecError, BrokenMessage, RecursionError, UnicodeError) as error:
            return _READER.read_again(text, error, _read)

    def media_text(self, payload: bytes, stream_id: str | None = None, /) -> str:
        return _text("audio", stream_id, {"data": b64encode(payload).decode()})

    def media_texts(self, stream_id: str | None = None, /) -> tuple[str, str] | None:
        head, _, tail = self.media_text(b"", stream_id).rpartition('""')
        return (f'{head}"', f'"{tail}') if head.isascii() else None

    def mark_text(self, name: str, stream_id: str | None = None, /) -> str:
        return _text("checkpoint", stream_id, {"label": name})

    def clear_text(self, stream_id: str | None = None, /) -> str:
        return _text("dropAudio", stream_id)


FICTIONAL: Final[Dialect] = FictionalDialect()


class FictionalSession(MediaSession):
    """A session with this carrier, for tests with texts of the real one: they are translated in both directions."""

    def __init__(self, plan: StreamPlan | None = None, **options: Any) -> None:
        super().__init__(plan, dialect=FICTIONAL, **options)

    def receive(self, text: str | Buffer, now_ms: float) -> None:
        super().receive(spelled(text), now_ms)

    def events(self, now_ms: float) -> list[Event]:
        return [
            Unknown(event.event, spelled_back(event.text)) if isinstance(event, Unknown) else event
            for event in super().events(now_ms)
        ]

    def outgoing(self, now_ms: float) -> list[str]:
        return list(map(spelled_back, super().outgoing(now_ms)))

    def outgoing_part(self, now_ms: float) -> list[str]:
        return list(map(spelled_back, super().outgoing_part(now_ms)))

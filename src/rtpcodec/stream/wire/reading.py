"""JSON texts to messages, in either direction, because the carrier's simulator needs the other half.

What is broken raises BrokenMessage with the rule it breaks; members and events that are not known are no fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec
from typing_extensions import Buffer

from rtpcodec.stream import messages
from rtpcodec.stream.wire.rules import MAX_COUNTER, MAX_DEPTH, MAX_MESSAGE_OCTETS, MAX_SAMPLE_RATE_HZ, BrokenMessage

ENCODINGS: Final = {
    "AUDIO/X-MULAW": "PCMU",
    "AUDIO/PCMU": "PCMU",
    "AUDIO/X-ALAW": "PCMA",
    "AUDIO/PCMA": "PCMA",
    "AUDIO/X-L16": "L16",
    "AUDIO/L16": "L16",
}
"""MIME-like names of older texts and sibling services."""

TRACKS: Final = {"inbound_track": "inbound", "outbound_track": "outbound"}
"""Long names that some senders use for a track."""

Counter = int | str | None


class _Connected(msgspec.Struct):
    auth_token: str | None = msgspec.field(default=None, name="x-telnyx-streaming-auth-token")


class _Format(msgspec.Struct):
    encoding: str
    sample_rate: Counter = None
    channels: Counter = None


class _Start(msgspec.Struct):
    media_format: _Format
    user_id: str | int | None = None
    call_control_id: str | None = None
    call_session_id: str | None = None
    from_number: str | None = msgspec.field(default=None, name="from")
    to_number: str | None = msgspec.field(default=None, name="to")
    tags: list[str] | None = None
    client_state: str | None = None
    custom_parameters: dict[str, str | int | float | bool | None] | None = None
    stream_id: str | None = None


class _Media(msgspec.Struct):
    payload: bytes
    track: str | None = None
    chunk: Counter = None
    timestamp: Counter = None


class _Dtmf(msgspec.Struct):
    digit: str


class _Mark(msgspec.Struct):
    name: str


class _Stop(msgspec.Struct):
    user_id: str | int | None = None
    call_control_id: str | None = None


class _Error(msgspec.Struct):
    code: int | str | None = None
    title: str | None = None
    detail: str | None = None


class _Envelope(msgspec.Struct):
    event: str
    sequence_number: Counter = None
    stream_id: str | None = None
    media: _Media | None = None
    start: _Start | None = None
    stop: _Stop | None = None
    mark: _Mark | None = None
    dtmf: _Dtmf | None = None
    payload: _Error | None = None
    connected: _Connected | None = None
    version: str | None = None
    occurred_at: str | None = None


class _EventOnly(msgspec.Struct):
    event: str


_decode = msgspec.json.Decoder(_Envelope).decode
_decode_event = msgspec.json.Decoder(_EventOnly).decode


def parse(text: str | Buffer) -> messages.Message:
    """The message of one text frame, given as str or as UTF-8 octets. BrokenMessage names the rule that it breaks."""
    text = _checked_text(text)
    try:
        envelope = _decode(text)
    except msgspec.ValidationError as error:
        return _unknown_event(text, error)
    except msgspec.DecodeError as error:
        raise BrokenMessage("json", _reason(error)) from None
    except (RecursionError, UnicodeError) as error:
        raise BrokenMessage("json", type(error).__name__) from None
    reader = _READERS.get(envelope.event)
    if reader is None:
        return messages.Other(envelope.event, text, _counter(envelope.sequence_number, "sequence_number"))
    return reader(envelope)


def _checked_text(text: str | Buffer) -> str:
    """The text within the limits on size, encoding and depth."""
    octets = len(text) if isinstance(text, str) else memoryview(text).nbytes
    if octets > MAX_MESSAGE_OCTETS:
        raise BrokenMessage("size", f"message has {octets} octets, at most {MAX_MESSAGE_OCTETS} are allowed")
    try:
        if isinstance(text, str):
            if not text.isascii():
                text.encode()
        else:
            text = str(text, "utf-8")
    except UnicodeError as error:
        raise BrokenMessage("utf8", f"octet {getattr(error, 'start', 0)}: {getattr(error, 'reason', error)}") from None
    # Counting is cheap and rules out depth for every ordinary message.
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(text)
    return text


# The closing quote is optional: a string without an end is passed over as a whole, not searched again from each quote.
_BRACKET_OR_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\]]', re.DOTALL)


def _check_depth(text: str) -> None:
    depth = 0
    for found in _BRACKET_OR_STRING.finditer(text):
        bracket = found[0]
        if bracket in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                raise BrokenMessage("depth", f"message nests {depth} levels or more, at most {MAX_DEPTH} are allowed")
        elif bracket in "}]":
            depth -= 1


def _unknown_event(text: str, error: msgspec.ValidationError) -> messages.Other:
    """An event of a kind that is not known may shape its members as it likes; any other error stands."""
    try:
        event = _decode_event(text).event
    except msgspec.MsgspecError:
        raise _broken(error) from None
    if event in _READERS:
        raise _broken(error) from None
    return messages.Other(event, text)


def _broken(error: msgspec.ValidationError) -> BrokenMessage:
    reason = _reason(error)
    if "base64" in reason:
        return BrokenMessage("base64", "media.payload is not base64 (standard alphabet, padded)")
    if "missing required field" in reason:
        return BrokenMessage("member", reason)
    if "out of range" in reason:
        return BrokenMessage("number", reason)
    return BrokenMessage("type" if " - at " in reason else "object", reason)


def _reason(error: Exception) -> str:
    """The library's own words without values: they name types, members and positions only."""
    return str(error)[:200]


def _counter(value: Counter, name: str, most: int = MAX_COUNTER) -> int | None:
    """A counter that the wire spells as digits or as a number."""
    if value is None:
        return None
    if isinstance(value, str):
        # Digits only: int() would take '1_0', ' 1' and digits of other scripts.
        if not (value.isascii() and value.isdigit() and len(value) <= 19):
            raise BrokenMessage("number", f"{name} has {len(value)} characters that are not a number of 1 to 19 digits")
        value = int(value)
    if not 0 <= value <= most:
        raise BrokenMessage("number", f"{name} is outside 0 to {most}")
    return value


def _body(body: Any, name: str) -> Any:
    if body is None:
        raise BrokenMessage("member", f"event {name!r} has no member {name!r}")
    return body


def encoding_name(encoding: str) -> str:
    """A codec's name as rtpcodec.codec takes it, from the spellings seen in the field."""
    upper = encoding.strip().upper()
    return ENCODINGS.get(upper, upper)


def _read_connected(envelope: _Envelope) -> messages.Connected:
    connected = envelope.connected
    return messages.Connected(envelope.version, connected.auth_token if connected else None)


def _read_start(envelope: _Envelope) -> messages.Start:
    body: _Start = _body(envelope.start, "start")
    media_format = body.media_format
    if not media_format.encoding:
        raise BrokenMessage("value", "start.media_format.encoding is empty")
    rate_hz = _counter(media_format.sample_rate, "start.media_format.sample_rate", MAX_SAMPLE_RATE_HZ)
    return messages.Start(
        media_format=messages.MediaFormat(
            encoding_name(media_format.encoding), rate_hz or None, _counter(media_format.channels, "channels")
        ),
        stream_id=envelope.stream_id if envelope.stream_id is not None else body.stream_id,
        sequence_number=_counter(envelope.sequence_number, "sequence_number"),
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
    """A custom parameter as text; a number or a truth value as JSON spells it."""
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def _read_media(envelope: _Envelope) -> messages.Media:
    body: _Media = _body(envelope.media, "media")
    track = body.track
    return messages.Media(
        body.payload,
        TRACKS.get(track, track) if track else None,
        _counter(body.chunk, "media.chunk"),
        _counter(body.timestamp, "media.timestamp"),
        _counter(envelope.sequence_number, "sequence_number"),
        envelope.stream_id,
    )


def _read_dtmf(envelope: _Envelope) -> messages.Dtmf:
    digit = _body(envelope.dtmf, "dtmf").digit
    if len(digit) != 1:
        raise BrokenMessage("value", f"dtmf.digit has {len(digit)} characters, 1 is needed")
    number = _counter(envelope.sequence_number, "sequence_number")
    return messages.Dtmf(digit, envelope.occurred_at, number, envelope.stream_id)


def _read_mark(envelope: _Envelope) -> messages.Mark:
    name = _body(envelope.mark, "mark").name
    return messages.Mark(name, _counter(envelope.sequence_number, "sequence_number"), envelope.stream_id)


def _read_stop(envelope: _Envelope) -> messages.Stop:
    body = envelope.stop or _Stop()
    user_id = None if body.user_id is None else str(body.user_id)
    number = _counter(envelope.sequence_number, "sequence_number")
    return messages.Stop(number, envelope.stream_id, user_id, body.call_control_id)


def _read_error(envelope: _Envelope) -> messages.Error:
    body = envelope.payload or _Error()
    return messages.Error(_counter(body.code, "payload.code"), body.title, body.detail, envelope.stream_id)


def _read_clear(_envelope: _Envelope) -> messages.Clear:
    return messages.Clear()


_READERS: dict[str, Callable[[_Envelope], messages.Message]] = {
    "media": _read_media,
    "mark": _read_mark,
    "dtmf": _read_dtmf,
    "start": _read_start,
    "stop": _read_stop,
    "error": _read_error,
    "connected": _read_connected,
    "clear": _read_clear,
}

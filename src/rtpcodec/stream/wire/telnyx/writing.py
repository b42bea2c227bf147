"""Messages to JSON texts, of both directions. Counters are written as strings, rates and codes as numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from rtpcodec.carriers.telnyx import members, streaming
from rtpcodec.kernels.media_text import MediaText
from rtpcodec.stream import messages

_MEDIA_HEAD: Final = f'{{"{streaming.EVENT}":"{streaming.MEDIA}","{streaming.MEDIA}":{{"{members.PAYLOAD}":"'
_MEDIA_TAIL: Final = '"}}'
_MARK_HEAD: Final = f'{{"{streaming.EVENT}":"{streaming.MARK}","{streaming.MARK}":{{"{members.NAME}":"'
_MARK_TAIL: Final = '"}}'
_MEDIA_TEXT: Final = MediaText(_MEDIA_HEAD, _MEDIA_TAIL)
_PAYLOAD_TEXT: Final = MediaText("", "")


def media_text(payload: bytes, _stream_id: str | None = None, /) -> str:
    """Return the text that sends one chunk of audio to the carrier."""
    return _MEDIA_TEXT.of_payload(payload)


def media_texts(_stream_id: str | None = None, /) -> tuple[str, str]:
    """Return the text before and after the base64 payload of every `media_text`."""
    return _MEDIA_HEAD, _MEDIA_TAIL


def mark_text(name: str, _stream_id: str | None = None, /) -> str:
    """Return the text that requests a mark."""
    if name.isascii() and name.isprintable() and '"' not in name and "\\" not in name:
        return f"{_MARK_HEAD}{name}{_MARK_TAIL}"
    return build(messages.Mark(name))


def clear_text(_stream_id: str | None = None, /) -> str:
    """Return the text that makes the carrier drop its queued audio."""
    return build(messages.Clear())


def build(message: messages.Message) -> str:
    """Return the text of a message. Members that are None are left out."""
    event, body = _WRITERS[type(message)](message)
    outer: dict[str, Any] = {streaming.EVENT: event}
    number = getattr(message, "sequence_number", None)
    if number is not None:
        outer[streaming.SEQUENCE_NUMBER] = str(number)
    stream_id = getattr(message, "stream_id", None)
    if stream_id is not None:
        outer[members.STREAM_ID] = stream_id
    return msgspec.json.encode(outer | body).decode()


def _present(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _write_connected(message: messages.Connected) -> tuple[str, dict[str, Any]]:
    token = message.auth_token
    connected = None if token is None else {streaming.TOKEN_HEADER: token}
    return streaming.CONNECTED, _present({streaming.VERSION: message.version, streaming.CONNECTED: connected})


def _write_start(message: messages.Start) -> tuple[str, dict[str, Any]]:
    media_format = {
        streaming.ENCODING: message.media_format.encoding,
        streaming.SAMPLE_RATE: message.media_format.sample_rate_hz,
        streaming.CHANNELS: message.media_format.channels,
    }
    body = {
        streaming.USER_ID: message.user_id,
        members.CALL_CONTROL_ID: message.call_control_id,
        members.CALL_SESSION_ID: message.call_session_id,
        members.FROM: message.from_number,
        members.TO: message.to_number,
        members.CLIENT_STATE: message.client_state,
        members.CUSTOM_PARAMETERS: message.custom_parameters or None,
        members.TAGS: list(message.tags) or None,
        streaming.MEDIA_FORMAT: _present(media_format),
    }
    return streaming.START, {streaming.START: _present(body)}


def _write_media(message: messages.Media) -> tuple[str, dict[str, Any]]:
    body = {
        members.TRACK: message.track,
        streaming.CHUNK: _text(message.chunk),
        streaming.TIMESTAMP: _text(message.timestamp),
        members.PAYLOAD: _PAYLOAD_TEXT.of_payload(message.payload),
    }
    return streaming.MEDIA, {streaming.MEDIA: _present(body)}


def _write_dtmf(message: messages.Dtmf) -> tuple[str, dict[str, Any]]:
    when = {members.OCCURRED_AT: message.occurred_at}
    return streaming.DTMF, _present(when) | {streaming.DTMF: {streaming.DIGIT: message.digit}}


def _write_mark(message: messages.Mark) -> tuple[str, dict[str, Any]]:
    return streaming.MARK, {streaming.MARK: {members.NAME: message.name}}


def _write_clear(_message: messages.Clear) -> tuple[str, dict[str, Any]]:
    return streaming.CLEAR, {}


def _write_stop(message: messages.Stop) -> tuple[str, dict[str, Any]]:
    body = {streaming.USER_ID: message.user_id, members.CALL_CONTROL_ID: message.call_control_id}
    return streaming.STOP, {streaming.STOP: _present(body)}


def _write_error(message: messages.Error) -> tuple[str, dict[str, Any]]:
    body = {members.CODE: message.code, members.TITLE: message.title, members.DETAIL: message.detail}
    return streaming.ERROR, {members.PAYLOAD: _present(body)}


def _write_other(message: messages.Other) -> tuple[str, dict[str, Any]]:
    return message.event, {}


_WRITERS: Final[dict[type, Callable[[Any], tuple[str, dict[str, Any]]]]] = {
    messages.Connected: _write_connected,
    messages.Start: _write_start,
    messages.Media: _write_media,
    messages.Dtmf: _write_dtmf,
    messages.Mark: _write_mark,
    messages.Clear: _write_clear,
    messages.Stop: _write_stop,
    messages.Error: _write_error,
    messages.Other: _write_other,
}

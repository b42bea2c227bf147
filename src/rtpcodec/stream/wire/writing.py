"""Messages to JSON texts, in either direction. Counters are strings on this wire, rates and codes are numbers."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable
from typing import Any

import msgspec

from rtpcodec.stream import messages


def media_text(payload: bytes) -> str:
    """The text that sends one chunk of audio to the carrier."""
    return f'{{"event":"media","media":{{"payload":"{_base64(payload)}"}}}}'


def build(message: messages.Message) -> str:
    """The text of a message. Members that are None are left out."""
    event, body = _WRITERS[type(message)](message)
    outer: dict[str, Any] = {"event": event}
    number = getattr(message, "sequence_number", None)
    if number is not None:
        outer["sequence_number"] = str(number)
    stream_id = getattr(message, "stream_id", None)
    if stream_id is not None:
        outer["stream_id"] = stream_id
    return msgspec.json.encode(outer | body).decode()


def _base64(payload: bytes) -> str:
    return b2a_base64(payload, newline=False).decode("ascii")


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _write_connected(message: messages.Connected) -> tuple[str, dict[str, Any]]:
    token = message.auth_token
    connected = None if token is None else {"x-telnyx-streaming-auth-token": token}
    return "connected", _present(version=message.version, connected=connected)


def _write_start(message: messages.Start) -> tuple[str, dict[str, Any]]:
    media_format = message.media_format
    body = _present(
        user_id=message.user_id,
        call_control_id=message.call_control_id,
        call_session_id=message.call_session_id,
        to=message.to_number,
        client_state=message.client_state,
        custom_parameters=message.custom_parameters or None,
        tags=list(message.tags) or None,
        media_format=_present(
            encoding=media_format.encoding, sample_rate=media_format.sample_rate_hz, channels=media_format.channels
        ),
    )
    if message.from_number is not None:
        body["from"] = message.from_number
    return "start", {"start": body}


def _write_media(message: messages.Media) -> tuple[str, dict[str, Any]]:
    chunk = None if message.chunk is None else str(message.chunk)
    timestamp = None if message.timestamp is None else str(message.timestamp)
    payload = _base64(message.payload)
    return "media", {"media": _present(track=message.track, chunk=chunk, timestamp=timestamp, payload=payload)}


def _write_dtmf(message: messages.Dtmf) -> tuple[str, dict[str, Any]]:
    return "dtmf", _present(occurred_at=message.occurred_at) | {"dtmf": {"digit": message.digit}}


def _write_mark(message: messages.Mark) -> tuple[str, dict[str, Any]]:
    return "mark", {"mark": {"name": message.name}}


def _write_clear(_message: messages.Clear) -> tuple[str, dict[str, Any]]:
    return "clear", {}


def _write_stop(message: messages.Stop) -> tuple[str, dict[str, Any]]:
    return "stop", {"stop": _present(user_id=message.user_id, call_control_id=message.call_control_id)}


def _write_error(message: messages.Error) -> tuple[str, dict[str, Any]]:
    return "error", {"payload": _present(code=message.code, title=message.title, detail=message.detail)}


def _write_other(message: messages.Other) -> tuple[str, dict[str, Any]]:
    return message.event, {}


_WRITERS: dict[type, Callable[[Any], tuple[str, dict[str, Any]]]] = {
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

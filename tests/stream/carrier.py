"""Messages of a carrier, written with the standard library's json alone, and sessions that stream."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any

from rtpcodec import events
from rtpcodec.stream.events import Event
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession

CONNECTED = '{"event":"connected","version":"1.0.0"}'
STOP = '{"event":"stop"}'
FRAME = b"\xff" * 160
"""20 ms of silence in PCMU."""


def text(event: str, **members: Any) -> str:
    """Return the text of an event."""
    return json.dumps({"event": event} | members)


def start(encoding: str = "PCMU", sample_rate: object = 8000, *, sequence: object = "1", **members: Any) -> str:
    """Return the text of a start. members: members of its body."""
    body = {"media_format": {"encoding": encoding, "sample_rate": sample_rate, "channels": 1}} | members
    return text("start", sequence_number=sequence, stream_id="stream-1", start=body)


def media(
    payload: bytes = FRAME,
    chunk: object = None,
    *,
    track: str | None = None,
    sequence: object = None,
    timestamp: object = None,
) -> str:
    """Return the text of a chunk of audio. Members that are None are left out."""
    body = {"track": track, "chunk": chunk, "timestamp": timestamp, "payload": b64encode(payload).decode()}
    envelope = {"sequence_number": sequence} if sequence is not None else {}
    return text("media", **envelope, media={name: value for name, value in body.items() if value is not None})


def mark(name: str) -> str:
    """Return the echo of a mark."""
    return text("mark", mark={"name": name})


def started(plan: StreamPlan | None = None, *, start_text: str | None = None, **options: Any) -> MediaSession:
    """Return a session that has streamed since 0 ms, with its first events removed."""
    session = MediaSession(plan, **({"own_marks": False, "diagnosis_s": None} | options))
    session.receive(start() if start_text is None else start_text, 0.0)
    session.events(0.0)
    assert session.streaming
    return session


def fed(
    session: MediaSession, texts: Sequence[str | bytes], *, from_ms: float = 20.0, step_ms: float = 20.0
) -> list[Event]:
    """Return the events of a session for texts that arrive at equal intervals."""
    now_ms = from_ms
    for one in texts:
        session.receive(one, now_ms)
        now_ms += step_ms
    return session.events(now_ms - step_ms if texts else from_ms)


def audio_of(found: list[Event]) -> list[events.Audio]:
    """Return the chunks among events."""
    return [event for event in found if isinstance(event, events.Audio)]


def kinds(found: list[Event]) -> list[str]:
    """Return the names of events."""
    return [type(event).__name__ for event in found]


def payload_of(outgoing: str) -> bytes | None:
    """Return the octets of an outgoing media text; None for any other text."""
    message = json.loads(outgoing)
    return b64decode(message["media"]["payload"], validate=True) if message["event"] == "media" else None


def sent_octets(texts: list[str]) -> bytes:
    """Return all octets of outgoing texts."""
    return b"".join(payload for payload in map(payload_of, texts) if payload is not None)


def mark_names(texts: list[str]) -> list[str]:
    """Return the names of outgoing marks."""
    return [message["mark"]["name"] for message in map(json.loads, texts) if message["event"] == "mark"]

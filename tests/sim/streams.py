"""Streams of a carrier without sockets: the clock is an argument, messages are read with the standard library alone."""

from __future__ import annotations

import json
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any

from rtpcodec import codec
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.formats import AudioFormat, agree
from rtpcodec.sim.media.speech import open_speech
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.media.timing import Timing
from rtpcodec.sim.media.variations import Variations
from rtpcodec.sim.webhooks.signalling import Signalling
from rtpcodec.sim.wires.ids import DialectName

STREAM_ID = "8f14e45f-ceea-467e-9c3a-1b2c3d4e5f60"
START_MS = 5000.0
UTC_MS = 1_767_409_445_678.0  # 2026-01-03T03:04:05.678Z


def ramp(samples: int, step: int = 7) -> bytes:
    """Return PCM that differs from chunk to chunk."""
    return array("h", [(n * step) % 60000 - 30000 for n in range(samples)]).tobytes()


def open_stream(
    speech: bytes | Iterable[bytes] = b"",
    *,
    name: str = "PCMU",
    rate_hz: int = 8000,
    settings: dict[str, Any] | None = None,
    dtmf: tuple[tuple[float, str], ...] = (),
    tail_ms: float = 0.0,
    playout_delay_ms: float = 0.0,
    max_call_ms: float = 1e9,
    variations: Variations | None = None,
    faults: Faults | None = None,
    timing: Timing | None = None,
    keeps_audio: bool = True,
    logs_playout: bool = False,
    tags: tuple[str, ...] = (),
    bridged: bool = False,
    seed: str = "0/0",
    dialect: DialectName = "telnyx",
    now_ms: float = START_MS,
) -> CarrierStream:
    """Return a stream whose WebSocket is open since now_ms; it hears return audio unless `settings` says otherwise."""
    wishes = {"stream_url": "ws://127.0.0.1/", "mode": "rtp", "target_legs": "self"} | (settings or {})
    wanted = StreamSettings(**wishes)
    variations = variations or Variations()
    facts = CallFacts(
        call_control_id="v3:call",
        call_session_id="session",
        user_id="user",
        from_number="+15550100001",
        to_number="+15550100002",
        dtmf=dtmf,
        tail_ms=tail_ms,
        playout_delay_ms=playout_delay_ms,
        max_call_ms=max_call_ms,
        variations=variations,
        faults=faults or Faults(),
        timing=timing or Timing(),
        signalling=Signalling(tags=tags),
        keeps_audio=keeps_audio,
        logs_playout=logs_playout,
        bridged=bridged,
        seed=seed,
        dialect=dialect,
    )
    own = AudioFormat.of(codec(name), rate_hz, variations)
    said = open_speech(speech, rate_hz, rate_hz)
    formats = agree(wanted, own, said, variations)
    return CarrierStream(facts, said, wanted, formats, STREAM_ID, now_ms=now_ms, utc_ms=UTC_MS)


def sent(stream: CarrierStream, now_ms: float) -> list[dict[str, Any]]:
    """Return the messages that are sent at that time, relative to the begin."""
    return [json.loads(text) for text in stream.outgoing(START_MS + now_ms)]


def run(stream: CarrierStream, until_ms: float = 1e6) -> list[tuple[float, dict[str, Any]]]:
    """Return all messages until then, with the stream woken at each deadline: relative time and message."""
    gone: list[tuple[float, dict[str, Any]]] = []
    now_ms = START_MS
    while now_ms <= START_MS + until_ms:
        gone += [(round(now_ms - START_MS, 3), message) for message in sent(stream, now_ms - START_MS)]
        deadline_ms = stream.next_deadline_ms
        if deadline_ms is None:
            break
        assert deadline_ms > now_ms, "a stream that asks to be woken at once would spin"
        now_ms = deadline_ms
    return gone


def events(gone: Iterable[tuple[float, dict[str, Any]]]) -> list[str]:
    """Return the kinds of those messages."""
    return [message["event"] for _, message in gone]


def payloads(messages: Iterable[dict[str, Any]], track: str = "inbound") -> bytes:
    """Return the joined payload of one track."""
    return b"".join(
        b64decode(m["media"]["payload"]) for m in messages if m["event"] == "media" and m["media"]["track"] == track
    )


def media(payload: bytes) -> str:
    """Return a chunk of audio from the app."""
    return json.dumps({"event": "media", "media": {"payload": b64encode(payload).decode()}})


def mark(name: str) -> str:
    """Return a mark from the app."""
    return json.dumps({"event": "mark", "mark": {"name": name}})


CLEAR = '{"event":"clear"}'

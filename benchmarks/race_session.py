"""The whole road of a message of 20 ms of PCMU through MediaSession, against the conversion alone.

The peers turn text into PCM and back, and nothing else. The session also orders and counts messages, reports gaps,
keeps time, queues, paces, measures by marks what was heard, and keeps it for a pause.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Race
from benchmarks.harness.signals import octets, speech
from benchmarks.peers import contenders
from benchmarks.peers.reading import codes, samples
from rtpcodec import MediaSession
from rtpcodec.stream.events import Audio

PEERS: Final = ("json_audioop", "msgspec_audioop")
BAR: Final = Bar(2.0)
STREAM_ID: Final = "8f14e45f-ceea-467e-9c3a-1b2c3d4e5f60"
START: Final = (
    '{"event":"start","sequence_number":"1",'
    '"start":{"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}'
)
CALL_MESSAGES: Final = 3000
"""A call of a minute; the next one is a new session."""
AHEAD_MESSAGES: Final = 50
"""Audio that a voice service gives ahead: the lead of 400 ms, and 600 ms that wait."""
ECHO_MS: Final = 500.0
"""From a mark's sending to its return: the lead, and a round trip of 100 ms."""


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Both directions."""
    yield "session in", hear
    yield "session out", say


def hear() -> Race:
    """The PCM of a message: `receive` and `events`."""
    texts = [_media_text(index) for index in range(CALL_MESSAGES)]
    mine = Contender("rtpcodec", Listening(texts).hear, (), samples)
    rivals = contenders(PEERS, "hear", texts)
    return Race("frame", 1, mine, rivals, Contender("fresh object", floors.fresh_same, (bytes(320),)), BAR)


def say() -> Race:
    """The message of a chunk of PCM: `play`, `outgoing` and `next_deadline_ms`, with marks sent and returned."""
    pcm = speech(160).tobytes()
    speaking = Speaking(pcm)
    mine = Contender("rtpcodec", speaking.say, (pcm,), payload_of)
    rivals = contenders(PEERS, "say", pcm, payload_of)
    floor = Contender("fresh object", floors.fresh_same, (bytes(len(speaking.say(pcm))),))
    return Race("frame", 1, mine, rivals, floor)


class Listening:
    """A session that hears one call after another."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._begin()

    def _begin(self) -> None:
        self._session = MediaSession()
        self._session.receive(START, 0.0)
        self._session.events(0.0)
        self._index = 0

    def hear(self) -> bytes:
        """Take the next message. Returns its PCM."""
        if self._index == CALL_MESSAGES:
            self._begin()
        index = self._index
        self._index = index + 1
        self._session.receive(self._texts[index], 20.0 * index)
        (event,) = self._session.events(20.0 * index)
        if not isinstance(event, Audio):
            raise TypeError(f"{event} came instead of audio")
        return event.pcm


class Speaking:
    """A session that speaks one call after another, to a carrier that returns its marks."""

    def __init__(self, pcm: bytes) -> None:
        self._pcm = pcm
        self._begin()

    def _begin(self) -> None:
        self._session = MediaSession()
        self._session.receive(START, 0.0)
        self._index = 0
        self._echoes: deque[tuple[float, str]] = deque()
        for _ in range(AHEAD_MESSAGES):
            self._session.play(self._pcm)
        self._return_later(self._session.outgoing(0.0), 0.0)

    def say(self, chunk: bytes) -> str:
        """Play a chunk. Returns the message that is due."""
        if self._index == CALL_MESSAGES:
            self._begin()
        session = self._session
        self._index += 1
        now_ms = 20.0 * self._index
        if self._echoes and self._echoes[0][0] <= now_ms:
            session.receive(self._echoes.popleft()[1], now_ms)
            session.events(now_ms)
        session.play(chunk)
        texts = session.outgoing(now_ms)
        session.next_deadline_ms  # noqa: B018 -- a pump asks for it
        if len(texts) > 1:
            self._return_later(texts, now_ms)
        return texts[0]

    def _return_later(self, texts: list[str], now_ms: float) -> None:
        self._echoes.extend((now_ms + ECHO_MS, text) for text in texts if text.startswith('{"event":"mark"'))


def payload_of(text: str) -> NDArray[np.uint8]:
    """The octets of audio in a media message. ValueError: it is another message."""
    message = json.loads(text)
    if message["event"] != "media":
        raise ValueError(f"{message['event']} came instead of media")
    return codes(b64decode(message["media"]["payload"]))


def _media_text(index: int) -> str:
    media = {
        "track": "inbound",
        "chunk": str(index + 1),
        "timestamp": str(20 * index),
        "payload": b64encode(octets(160, seed=index)).decode(),
    }
    message = {"event": "media", "sequence_number": str(index + 2), "stream_id": STREAM_ID, "media": media}
    return json.dumps(message, separators=(",", ":"))

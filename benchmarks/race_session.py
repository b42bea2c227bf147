"""The complete path of a message of 20 ms of PCMU through MediaSession, against the conversion alone.

The peers turn text into PCM and back, and nothing else. The session also orders and counts messages, reports gaps,
keeps time, queues, paces, and keeps what was sent for a pause. The rows `default` have what is on by default as well:
marks of our own, which measure what was heard, and the search for faults in the sound.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Race
from benchmarks.harness.signals import octets, speech
from benchmarks.peers import contenders
from benchmarks.peers.reading import TONE_HZ, codes, samples
from rtpcodec import MediaSession
from rtpcodec.codecs import codec

HEARERS: Final = ("json_audioop", "msgspec_audioop")
RESAMPLERS: Final = ("msgspec_audioop_soxr",)
SPEAKERS: Final = ("json_audioop", "msgspec_audioop", "pybase64")
BAR_IN: Final = Bar(2.0, others=(("json, base64", 9.0),))
BAR_IN_16K: Final = Bar(3.0)
BAR_OUT: Final = Bar(3.0)
ALL_OFF: Final[dict[str, Any]] = {"own_marks": False, "diagnosis_s": None}
"""Options that switch off the features that no peer has."""
STREAM_ID: Final = "8f14e45f-ceea-467e-9c3a-1b2c3d4e5f60"
START: Final = (
    '{"event":"start","sequence_number":"1",'
    '"start":{"media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}'
)
CALL_MESSAGES: Final = 15_000
"""A call of five minutes; the creation of the next session is included in the figure."""
AHEAD_MESSAGES: Final = 50
"""Audio that a voice service sends ahead: the lead of 400 ms, and 600 ms that wait."""
ECHO_MS: Final = 500.0
"""From a mark's sending to its return: the lead, and a round trip of 100 ms."""


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield the rows of both directions, without and with the default features."""
    yield "session in", partial(hear, BAR_IN, **ALL_OFF)
    yield "session in 16k", partial(hear_16k, BAR_IN_16K, **ALL_OFF)
    yield "session out", partial(say, BAR_OUT, **ALL_OFF)
    yield "session in default", hear
    yield "session in 16k default", hear_16k
    yield "session out default", say


def hear(bar: Bar | None = None, **options: Any) -> Race:
    """Race decoding a message to PCM: `receive` and `events`."""
    texts = [_media_text(index, octets(160, seed=index)) for index in range(CALL_MESSAGES)]
    mine = Contender("rtpcodec", listener(texts, **options), (), samples)
    rivals = contenders(HEARERS, "hear", texts)
    return Race("frame", 1, mine, rivals, Contender("fresh object", floors.fresh_same, (bytes(320),)), bar)


def hear_16k(bar: Bar | None = None, **options: Any) -> Race:
    """Race the same, resampled to 16 kHz."""
    tone = codec("PCMU").encoder().encode(_tone(CALL_MESSAGES * 160))
    texts = [_media_text(index, tone[160 * index : 160 * index + 160]) for index in range(CALL_MESSAGES)]
    hear_next = listener(texts, receive_pcm_hz=16000, **options)
    mine = Contender("rtpcodec", hear_next, (), lambda _: _level_db(hear_next))
    rivals = contenders(RESAMPLERS, "hear_resampled", texts, 8000, 16000, _level_db)
    return Race("frame", 1, mine, rivals, Contender("fresh object", floors.fresh_same, (bytes(640),)), bar)


def say(bar: Bar | None = None, **options: Any) -> Race:
    """Race encoding a chunk as a message: `play`, `outgoing` and `next_deadline_ms`, with marks sent and returned."""
    pcm = speech(160).tobytes()
    say_next = speaker(pcm, **options)
    mine = Contender("rtpcodec", say_next, (pcm,), payload_of)
    rivals = contenders(SPEAKERS, "say", pcm, payload_of)
    floor = Contender("fresh object", floors.fresh_same, (bytes(len(say_next(pcm))),))
    return Race("frame", 1, mine, rivals, floor, bar)


def listener(texts: list[str], **options: Any) -> Callable[[], Any]:
    """Return a function that hears the next message, of one call after another, and returns its PCM.

    It adds no more to a session than the frame of a peer's function: bound methods, and times made beforehand.
    """
    steps = [(text, 20.0 * index) for index, text in enumerate(texts)]
    next_step: Callable[[], tuple[str, float]] = iter(()).__next__
    receive: Callable[[str, float], object]
    take_events: Callable[[float], Sequence[Any]]

    def begin() -> None:
        nonlocal next_step, receive, take_events
        session = MediaSession(**options)
        session.receive(START, 0.0)
        session.events(0.0)
        next_step, receive, take_events = iter(steps).__next__, session.receive, session.events

    def hear_next() -> Any:
        try:
            text, now_ms = next_step()
        except StopIteration:
            begin()
            text, now_ms = next_step()
        receive(text, now_ms)
        (audio,) = take_events(now_ms)
        return audio.pcm

    return hear_next


class Carrier:
    """Returns the marks of a session."""

    def __init__(self) -> None:
        self._echoes: deque[tuple[float, str]] = deque()

    def take(self, texts: Sequence[str], now_ms: float) -> None:
        """Keep the marks for ECHO_MS."""
        self._echoes.extend((now_ms + ECHO_MS, text) for text in texts if text.startswith('{"event":"mark"'))

    def return_to(self, session: MediaSession, now_ms: float) -> None:
        """Return the mark that is due."""
        if self._echoes and self._echoes[0][0] <= now_ms:
            session.receive(self._echoes.popleft()[1], now_ms)
            session.events(now_ms)


def speaker(pcm: bytes, *, own_marks: bool = True, **options: Any) -> Callable[[bytes], str]:
    """Return a function that plays a chunk, in one long call, and returns the message that is due."""
    session, carrier = MediaSession(own_marks=own_marks, **options), Carrier()
    session.receive(START, 0.0)
    next_ms, play, take_texts = count(20.0, 20.0).__next__, session.play, session.outgoing
    for _ in range(AHEAD_MESSAGES):
        play(pcm)
    carrier.take(take_texts(0.0), 0.0)

    def say_alone(chunk: bytes) -> str:
        play(chunk)
        (text,) = take_texts(next_ms())
        session.next_deadline_ms  # noqa: B018 -- a pump asks for it
        return text

    def say_with_marks(chunk: bytes) -> str:
        now_ms = next_ms()
        carrier.return_to(session, now_ms)
        play(chunk)
        texts = take_texts(now_ms)
        session.next_deadline_ms  # noqa: B018
        if len(texts) > 1:
            carrier.take(texts, now_ms)
        return texts[0]

    return say_with_marks if own_marks else say_alone


def payload_of(text: str | bytes) -> NDArray[np.uint8]:
    """Return the octets of audio in a media message. ValueError: it is another message."""
    message = json.loads(text)
    if message["event"] != "media":
        raise ValueError(f"{message['event']} came instead of media")
    return codes(b64decode(message["media"]["payload"]))


def _tone(samples_: int) -> bytes:
    """Return a tone of TONE_HZ at 8000 Hz."""
    waves = np.sin(2 * np.pi * TONE_HZ / 8000 * np.arange(samples_))
    pcm: bytes = (waves * 8000).astype(np.int16).tobytes()
    return pcm


def _level_db(hear_next: Callable[[], Any]) -> NDArray[np.int64]:
    """Return the level of the tone in a second of messages, in whole dB. Resamplers differ in delay and samples."""
    pcm = np.concatenate([samples(hear_next()).astype(float) for _ in range(100)])[-16000:]
    return np.array([round(10 * np.log10((pcm**2).mean()))])


def _media_text(index: int, payload: bytes) -> str:
    media = {
        "track": "inbound",
        "chunk": str(index + 1),
        "timestamp": str(20 * index),
        "payload": b64encode(payload).decode(),
    }
    message = {"event": "media", "sequence_number": str(index + 2), "stream_id": STREAM_ID, "media": media}
    return json.dumps(message, separators=(",", ":"))

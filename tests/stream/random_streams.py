"""Seeded random streams of a carrier with all faults, and the results of a session."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

from rtpcodec import StreamPlan, events
from rtpcodec.stream.session import MediaSession
from tests.stream import carrier

Step = tuple[str, Any, float]
"""A method of the session, its argument, and the time of the call."""

FORMATS: Final[tuple[tuple[str, int, int], ...]] = (
    *(("PCMU", 8000, 8),) * 5,
    ("PCMA", 8000, 8),
    ("L16", 8000, 16),
    ("L16", 16000, 32),
    ("G722", 8000, 8),
    ("OPUS", 16000, 2),
    ("SPEEX", 8000, 2),
)
"""Encoding, declared rate and octets per ms."""
TRACKS: Final = (("inbound",), ("inbound",), (None,), ("inbound", "outbound"), ("inbound", "outbound"))
WIDEST: Final = 2**63 - 1
FILES: Final = (b"RIFF\x24\0\0\0WAVEfmt ", b"\xff\xfb\x90\x64" * 40, b"ID3\x03\0\0\0\0\0\0", b"\xff", b"OggS\0\0")


class OddStream:
    """One stream. `steps` yields the calls of its session."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.tracks: list[str | None] = list(rng.choice(TRACKS))
        self.counter = rng.choice(["shared", "per track", "sequence", "none", "shared"])
        self.step = rng.choice([1, 1, 1, 2])
        self.units = rng.choice([1, 1, 8, 16, 0, 1.003])
        self.chunk_ms = rng.choice([20, 20, 20, 10, 60])
        self.spelling: Callable[[int], object] = rng.choice([str, str, int])
        self.faults = rng.choice([0.0, 0.01, 0.05, 0.2])
        self.numbers: dict[str | None, int] = {}
        self.sequence = rng.choice([1, 1, 1000, WIDEST - 30])
        self.base = rng.choice([0, 1, 1, 5000, WIDEST - 40 if rng.random() < 0.1 else 1])
        self.shift_ms = rng.choice([0, 0, 12345])
        self.media_ms = 0.0
        self.now_ms = 0.0
        self.hold: list[str | bytes] = []
        self.format = rng.choice(FORMATS)
        self.options: dict[str, Any] = {
            "receive_pcm_hz": rng.choice(["native", "native", 8000, 16000, 24000, None]),
            "conceal": rng.random() < 0.3,
            "diagnosis_s": rng.choice([None, None, 5.0]),
            "stall_ms": rng.choice([200.0, 60.0]),
        }
        self.plan = StreamPlan(
            tracks="both_tracks" if len(self.tracks) > 1 else "inbound_track",
            l16_byte_order="little" if rng.random() < 0.5 else "big",
        )
        self.pool = [rng.randbytes(self.format[2] * self.chunk_ms) for _ in range(3)]

    def steps(self, chunks: int) -> Iterator[Step]:
        yield "receive", carrier.CONNECTED, 0.0
        if self.rng.random() < 0.1:
            yield "receive", self.media(self.tracks[0]), 0.0
        yield "receive", self.start(), 0.0
        for _ in range(chunks):
            self.now_ms += self.chunk_ms + self.rng.choice([0, 0, 0, -3, 5])
            self.media_ms += self.chunk_ms
            for track in self.tracks:
                yield from self.chunk(track)
            if self.rng.random() < 0.8:
                yield "events", None, self.now_ms
        yield "receive", carrier.STOP, self.now_ms
        yield "receive", self.media(self.tracks[0]), self.now_ms
        yield "events", None, self.now_ms

    def chunk(self, track: str | None) -> Iterator[Step]:
        """Yield one chunk of a track, or its fault."""
        text: str | bytes = self.media(track)
        if self.rng.random() < 0.05:
            text = self.respelled(json.loads(text))
        if self.rng.random() >= self.faults:
            yield "receive", text, self.now_ms
            while self.hold and self.rng.random() < 0.5:
                yield "receive", self.hold.pop(self.rng.randrange(len(self.hold))), self.now_ms
            return
        yield from self.rng.choice(ODD)(self, text, track)

    def start(self) -> str:
        self.sequence += 1
        return carrier.start(self.format[0], self.format[1], sequence=str(self.sequence))

    def media(self, track: str | None, payload: bytes | None = None) -> str:
        """Return the next message of a track."""
        key = track if self.counter == "per track" else None
        number = self.numbers.get(key, self.base)
        self.numbers[key] = min(number + self.step, WIDEST)
        self.sequence = min(self.sequence + 1, WIDEST)
        chunk = number if self.counter in {"shared", "per track"} else None
        timestamp = int((self.media_ms + self.shift_ms) * self.units) if self.units else None
        return carrier.media(
            self.rng.choice(self.pool) if payload is None else payload,
            None if chunk is None else self.spelling(chunk),
            track=track,
            timestamp=None if timestamp is None else self.spelling(timestamp),
            sequence=None if self.counter == "none" else self.spelling(self.sequence),
        )

    def respelled(self, message: dict[str, Any]) -> str | bytes:
        """Return the same message in another order, spacing or type, or with rare members."""
        rng, body = self.rng, message["media"]
        whole = json.dumps(message)
        changed = dict(body, **{rng.choice(list(body)): rng.choice([None, "", -1, 1.5, True, "00", "0x1", 2**63, "x"])})
        shuffled = dict(rng.sample(list(message.items()), len(message)))
        shuffled["media"] = dict(rng.sample(list(body.items()), len(body)))
        stream_id = rng.choice(["s", "a" * 60, "ä", None])
        spellings: list[str | bytes] = [
            json.dumps(message, indent=1).encode(),
            json.dumps(message, separators=(",", ":")).encode(),
            json.dumps(shuffled),
            json.dumps(message | {"stream_id": stream_id}, ensure_ascii=False),
            json.dumps(message | {"unknown": [1, {"deep": "{"}]}),
            json.dumps(message | {"media": changed}),
            whole[:-1] + ', "event": "media"}',
            whole[: -rng.randrange(1, 9)],
            whole.replace("media", "me\\u0064ia", 1),
        ]
        return rng.choice(spellings)


def lose(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    yield from ()


def hold_back(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    stream.hold.append(text)
    yield from ()


def send_twice(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    yield "receive", text, stream.now_ms
    yield "receive", text, stream.now_ms


def renumber(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    yield "receive", text, stream.now_ms
    stream.numbers = {name: stream.rng.choice([1, number + 5000, WIDEST]) for name, number in stream.numbers.items()}


def stand_still(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    """The socket stalls, or the carrier pauses, or its timestamps jump alone."""
    yield "receive", text, stream.now_ms
    kind = stream.rng.randrange(4)
    length_ms = stream.rng.choice([120, 450, 6000])
    stream.now_ms += length_ms if kind != 2 else 0
    stream.media_ms += length_ms if kind != 3 else 0
    if kind == 1:
        yield "events", None, stream.now_ms


def odd_payload(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    pool = [*FILES, b"", b"\x01", stream.rng.randbytes(7), b"\xff\xfb" + bytes(318), stream.rng.randbytes(1500)]
    for _ in range(stream.rng.choice([1, 1, 12])):
        yield "receive", stream.media(track, stream.rng.choice(pool)), stream.now_ms


def odd_track(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    yield "receive", stream.media(stream.rng.choice(["inbound_track", "both", "x" * 70, "", "ä"])), stream.now_ms


def other_message(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    stream.sequence += 1
    members = {"sequence_number": str(stream.sequence)}
    yield (
        "receive",
        stream.rng.choice(
            [
                carrier.text("dtmf", dtmf={"digit": "1"}, occurred_at="2026-01-01T00:00:00.123456Z", **members),
                carrier.text("mark", mark={"name": "m"}, **members),
                carrier.text("error", payload={"code": 100003, "title": "t", "detail": "d"}, **members),
                carrier.text("new", **members),
                "{",
                b"\xff",
                carrier.text("media", media={"payload": "a b="}, **members),
            ]
        ),
        stream.now_ms,
    )
    yield "receive", text, stream.now_ms


def start_again(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    stream.format = stream.rng.choice(FORMATS)
    stream.pool = [stream.rng.randbytes(stream.format[2] * stream.chunk_ms) for _ in range(3)]
    yield "receive", stream.start(), stream.now_ms


def lose_connection(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    yield "disconnected", "socket_lost", stream.now_ms
    if stream.rng.random() < 0.3:
        yield "receive", text, stream.now_ms
    yield "receive", carrier.CONNECTED, stream.now_ms + 30
    yield "receive", stream.start(), stream.now_ms + 40
    stream.now_ms += 40


def play_back(stream: OddStream, text: str | bytes, track: str | None) -> Iterator[Step]:
    yield "receive", text, stream.now_ms
    yield "play", bytes(640), stream.now_ms
    yield "outgoing", None, stream.now_ms


ODD: Final[list[Callable[[OddStream, str | bytes, str | None], Iterator[Step]]]] = [
    *(lose, hold_back, hold_back, send_twice, renumber, stand_still, odd_payload, odd_track),
    *(other_message, other_message, start_again, lose_connection, play_back),
]


def made_by(session: MediaSession, step: Step) -> list[Any]:
    """Return the results of a session after a step: events, texts, deadline and figures."""
    method, argument, now_ms = step
    shown: list[Any] = []
    if method == "play":
        if session.streaming:
            session.play(argument)
    elif method == "disconnected":
        session.disconnected(argument, now_ms)
    elif argument is None:
        shown += map(comparable, getattr(session, method)(now_ms))
    else:
        getattr(session, method)(argument, now_ms)
    return [*shown, session.next_deadline_ms, session.statistics(now_ms)]


def comparable(event: Any) -> Any:
    """Return an event in a form that is equal if all its members are equal."""
    if not isinstance(event, events.Audio):
        return event
    names = ("track", "payload", "pcm", "sample_rate_hz", "media_ms", "duration_ms", "chunk", "timestamp", "concealed")
    return "Audio", *(getattr(event, name) for name in names)

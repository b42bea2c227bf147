"""A session behaves the same in every dialect: it has no habit of one carrier."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from rtpcodec import MediaSession
from rtpcodec.errors import RtpcodecError
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.wire import DIALECTS
from tests.stream import carrier, twilio_texts

STEPS = 120


def said(event: Event) -> object:
    """Return the content of an event, because an Audio is equal to itself only."""
    return (repr(event), event.payload, event.pcm) if isinstance(event, Audio) else repr(event)


class Pair:
    """The same call with both carriers, step by step."""

    def __init__(self, rng: random.Random, *, chosen: bool) -> None:
        self.rng = rng
        options: dict[str, Any] = {
            "lead_ms": rng.choice((100.0, 500.0, None)),
            "keep_alive": rng.choice((None, "silence")),
        }
        self.sessions = {
            name: MediaSession(dialect=None if chosen else dialect, **options) for name, dialect in DIALECTS.items()
        }
        self.now_ms = 0.0
        self.sent = 0
        self.chunk = 0
        self.echoes: list[str] = []

    def both(self, method: str, *arguments: Any, **options: Any) -> Any:
        """Call a method of both sessions. Their results or errors must be equal."""
        results: list[Any] = []
        for session in self.sessions.values():
            try:
                results.append(getattr(session, method)(*arguments, **options))
            except RtpcodecError as error:
                results.append(repr(error))
        return results

    def receive(self, text: str) -> None:
        """Feed a message of Telnyx, and the same of Twilio."""
        self.sessions["telnyx"].receive(text, self.now_ms)
        self.sessions["twilio"].receive(twilio_texts.spelled(text), self.now_ms)

    def number(self) -> str:
        self.sent += 1
        return str(self.sent)

    def step(self) -> None:
        """Do a random action of a carrier or an app."""
        match self.rng.randrange(12):
            case 0 | 1 | 2:
                self.both("play", bytes(2 * 160 * self.rng.randrange(1, 20)))
            case 3:
                assert len(set(self.both("mark", f"m{self.rng.randrange(1_000_000)}"))) == 1
            case 4:
                self.both("flush")
            case 5:
                first, second = self.both("interrupt", self.now_ms)
                assert repr(first) == repr(second)
            case 6:
                self.both("pause_playback", self.now_ms, self.rng.choice((50.0, 500.0)))
            case 7:
                self.receive(carrier.text("dtmf", sequence_number=self.number(), dtmf={"digit": "5"}))
            case 8 if self.echoes:
                name = self.echoes.pop(0)
                self.receive(carrier.text("mark", sequence_number=self.number(), mark={"name": name}))
            case _:
                self.chunk += self.rng.choice((1, 1, 1, 1, 2))
                timestamp = str(20 * self.chunk)
                self.receive(
                    carrier.media(chunk=str(self.chunk), track="inbound", sequence=self.number(), timestamp=timestamp)
                )

    def compare(self) -> None:
        """Compare events and texts of both sessions. Texts of Twilio also contain the stream id."""
        texts = self.both("outgoing", self.now_ms)
        telnyx, twilio = ([json.loads(text) for text in sent] for sent in texts)
        assert [one.pop("streamSid") for one in twilio] == ["stream-1"] * len(telnyx)
        assert telnyx == twilio
        self.echoes += [one["mark"]["name"] for one in telnyx if one["event"] == "mark"]
        first, second = self.both("events", self.now_ms)
        assert list(map(said, first)) == list(map(said, second))
        first, second = self.both("statistics", self.now_ms)
        assert first == second
        assert self.sessions["telnyx"].next_deadline_ms == self.sessions["twilio"].next_deadline_ms


@pytest.mark.parametrize("seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(12, 60))])
def test_a_call_is_the_same_over_both_wires(seed: int) -> None:
    rng = random.Random(seed)
    pair = Pair(rng, chosen=seed % 2 == 1)
    pair.receive(carrier.start(sequence=pair.number()))
    pair.compare()
    for _ in range(STEPS):
        pair.step()
        pair.now_ms += rng.choice((0.0, 5.0, 20.0, 20.0, 40.0, 200.0))
        pair.compare()
    pair.receive(carrier.text("stop", sequence_number=pair.number(), stop={}))
    pair.compare()
    assert pair.sessions["twilio"].ended

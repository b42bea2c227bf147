"""examples/live_transcription.py with a stand-in of the recogniser, and a call on which both sides speak."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

import rtpcodec
from rtpcodec.sim import CallReport, Hold, Timing
from tests.examples.service_calls import MAX_LINES, call_to, errors_of, example, lines_of, speech
from tests.examples.service_loop import run_with_services
from tests.examples.turns import SILENCE_MS, TurnDetector

KEY, PORT = "dg-test", 8767


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", KEY)
    monkeypatch.setenv("DEEPGRAM_URL", f"ws://127.0.0.1:{PORT}/v1/listen")


@dataclass
class Recogniser:
    """A stand-in for Deepgram's live audio (developers.deepgram.com, listen-streaming): a phrase is its own length."""

    breaks_after_ms: float = float("inf")
    problems: list[str] = field(default_factory=list)
    closed: int = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with serve(self._listen, "127.0.0.1", PORT, process_request=self._admit):
            yield

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        query = parse_qs(urlsplit(request.path).query)
        if request.headers.get("Authorization") != f"Token {KEY}":
            return connection.respond(401, "INVALID_AUTH")
        if (query["encoding"], query["sample_rate"], query["channels"]) != (["linear16"], ["16000"], ["1"]):
            return connection.respond(400, "bad format")
        return None

    async def _listen(self, connection: ServerConnection) -> None:
        turns, heard_ms, begun_ms = TurnDetector(), 0.0, 0.0
        async for message in connection:
            if isinstance(message, str):
                if json.loads(message) != {"type": "CloseStream"}:
                    self.problems.append(message)
                break
            if len(message) != 640:
                self.problems.append(f"{len(message)} octets")
            heard_ms += 20
            if heard_ms > self.breaks_after_ms:
                await connection.close(1011, "NET-0000")
                return
            change = turns.take(message, 16000)
            if change == "started":
                begun_ms = heard_ms - 60
            elif change == "stopped":
                await self._tell(connection, begun_ms, heard_ms - SILENCE_MS - begun_ms)
            elif heard_ms % 500 == 0:
                await self._tell(connection, begun_ms, 0)
        if turns.speaking:
            await self._tell(connection, begun_ms, heard_ms - begun_ms)
        await connection.send(json.dumps({"type": "Metadata", "channels": 1, "duration": heard_ms / 1000}))
        self.closed += 1

    async def _tell(self, connection: ServerConnection, start_ms: float, length_ms: float) -> None:
        words = f"{length_ms:.0f}" if length_ms else ""
        channel = {"alternatives": [{"transcript": words, "confidence": 1.0, "words": []}]}
        times = {"start": start_ms / 1000, "duration": length_ms / 1000, "is_final": True}
        await connection.send(json.dumps({"type": "Results", "channel_index": [0, 1], "channel": channel, **times}))


def transcribed(recogniser: Recogniser, said: bytes, **phone: Any) -> CallReport:
    """Run a call on which we speak for 500 ms, 1 s after its start."""
    module = example("live_transcription")

    async def answer(call: rtpcodec.Call) -> None:
        transcribing = asyncio.create_task(module.answer(call))
        await asyncio.sleep(1)
        await call.play(speech((0, 500)), 8000)
        await transcribing

    return run_with_services(call_to(answer, module.PLAN, said, recogniser.open(), **phone))


def phrases(shown: str) -> list[tuple[float, str, float]]:
    """When each phrase began, who said it, and how long it was, all in ms."""
    lines = [line.split() for line in shown.splitlines()]
    return [(float(line[0]) * 1000, line[2].rstrip(":"), float(line[-1])) for line in lines]


def test_both_sides_are_transcribed(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    recogniser = Recogniser()
    transcribed(recogniser, speech((2000, 600), (900, 400)))
    found = phrases(capsys.readouterr().out)
    assert [who for _, who, _ in found] == ["other", "caller", "caller"], found
    assert [length for *_, length in found] == pytest.approx([500, 600, 400], abs=60)
    assert [begun for begun, *_ in found[1:]] == pytest.approx([2000, 3500], abs=60)
    assert (recogniser.problems, recogniser.closed, errors_of(caplog)) == ([], 2, [])


def test_a_hold_does_not_move_the_times(capsys: pytest.CaptureFixture[str]) -> None:
    recogniser = Recogniser()
    transcribed(recogniser, speech((1000, 0), (1000, 600)), timing=Timing(holds=(Hold(from_ms=1800, to_ms=4800),)))
    (found,) = (phrase for phrase in phrases(capsys.readouterr().out) if phrase[1] == "caller")
    assert found[0] == pytest.approx(5000, abs=80)
    assert recogniser.problems == []


def test_a_recogniser_that_breaks_fails_the_handler(caplog: pytest.LogCaptureFixture) -> None:
    report = transcribed(Recogniser(breaks_after_ms=1000), speech((5000, 0)))
    assert (report.end_reason, report.close_code) == ("app_closed", 1011)
    assert len(errors_of(caplog)) == 1


def test_the_example_has_at_most_sixty_lines() -> None:
    assert lines_of("live_transcription") <= MAX_LINES

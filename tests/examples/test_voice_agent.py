"""examples/voice_agent.py with the simulated carrier over real connections: barge-in, a cough, digits, a transfer."""

from __future__ import annotations

import asyncio
import importlib.util
import math
import socket
import wave
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn

from rtpcodec.sim import CallReport, Carrier, SimulatedCall, Webhooks

EXAMPLE = Path(__file__).parents[2] / "examples" / "voice_agent.py"
PERSON = "+15550199"
WORD_MS = 160
WORDS_OF_MENU = 12


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    """Serve the example with uvicorn; yields its URL."""
    spec = importlib.util.spec_from_file_location("voice_agent", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    server = uvicorn.Server(uvicorn.Config(module.app, log_level="error", ws="none"))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for this
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def speech(*parts: tuple[int, int]) -> bytes:
    """PCM of 8000 Hz: pairs of silence and of a loud tone of 700 Hz behind it, in ms."""
    pcm = array("h")
    for silent_ms, loud_ms in parts:
        pcm.extend(bytes(silent_ms * 8))
        pcm.extend(round(12000 * math.sin(math.tau * 700 * at / 8000)) for at in range(loud_ms * 8))
    return pcm.tobytes()


class Conversation:
    """One call to the example."""

    call: SimulatedCall
    report: CallReport
    state: str
    person_state: str
    recording: Path


def talk(
    monkeypatch: pytest.MonkeyPatch, folder: Path, said: bytes, person: dict[str, Any] | None = None, **phone: Any
) -> Conversation:
    found = Conversation()

    async def main() -> None:
        monkeypatch.chdir(folder)
        async with asyncio.timeout(60), Carrier("KEY") as carrier:
            carrier.phone(PERSON, bytes(960_000), **(person or {}))
            environment = {"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": carrier.base_url, "PORT": "0"}
            for name, value in (environment | {"PERSON": PERSON, "TELNYX_PUBLIC_KEY": carrier.public_key}).items():
                monkeypatch.setenv(name, value)
            async with served() as url:
                carrier.send_webhooks(Webhooks(url=f"{url}/webhook"))
                found.call = carrier.incoming_call(said, **phone)
                found.report = await found.call.finished()
                found.state = found.call.state
                found.person_state = next((one.state for one in carrier.calls if one is not found.call), "not called")
                while not list(folder.glob("*.json")):  # noqa: ASYNC110, ASYNC240 -- a thread writes it
                    await asyncio.sleep(0.01)

    asyncio.run(main())
    (found.recording,) = folder.glob("*.wav")
    return found


def test_the_example_has_at_most_eighty_lines() -> None:
    text = EXAMPLE.read_text().partition('"""\n\n')[2]
    assert len([line for line in text.splitlines() if line.strip()]) <= 80


def spoken_ms(report: CallReport) -> float:
    """How much of the agent's speech the caller heard; the hum in the background is much quieter."""
    heard = np.abs(np.frombuffer(report.heard_pcm, np.int16).astype(float))
    blocks = heard[: len(heard) // 80 * 80].reshape(-1, 80).max(axis=1)
    return float(np.count_nonzero(blocks > 4000) * 10)


def stereo(path: Path) -> tuple[int, int]:
    """Channels and the rate of a recording."""
    with wave.open(str(path)) as opened:
        return opened.getnchannels(), opened.getframerate()


def test_after_a_cough_the_whole_menu_is_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = talk(monkeypatch, tmp_path, speech((900, 200), (30_000, 0)))
    assert found.state == "ended"
    assert (WORDS_OF_MENU + 1) * WORD_MS - 60 <= spoken_ms(found.report) <= (WORDS_OF_MENU + 1) * WORD_MS + 120
    assert stereo(found.recording) == (2, 8000)
    assert [action for action, _ in found.call.commands] == ["answer", "streaming_start", "hangup"]


def test_a_caller_who_speaks_stops_the_menu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = talk(monkeypatch, tmp_path, speech((900, 900), (30_000, 0)))
    assert found.state == "ended"
    answers = 3  # "I see", "Goodbye"
    assert 600 + answers * WORD_MS <= spoken_ms(found.report) <= 1500 + answers * WORD_MS


def test_a_key_transfers_the_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = talk(monkeypatch, tmp_path, speech((60_000, 0)), dtmf=[(700.0, "1")])
    assert (found.state, found.person_state) == ("bridged", "bridged")
    assert [action for action, _ in found.call.commands] == ["answer", "streaming_start", "transfer"]


def test_the_caller_hears_that_the_person_is_busy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = talk(monkeypatch, tmp_path, speech((60_000, 0)), {"refuses_with": "user_busy"}, dtmf=[(700.0, "1")])
    assert found.state == "ended"
    assert [action for action, _ in found.call.commands] == ["answer", "streaming_start", "transfer", "hangup"]

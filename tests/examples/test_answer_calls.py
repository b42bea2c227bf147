"""examples/answer_calls.py with the simulated carrier over real connections: webhook, answer, stream, echo."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import uvicorn

from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, Carrier, CommandFault, Webhooks
from tests.examples.tones import LEGS, SPEECH_HZ, TONE_HZ, pitch_hz, tone
from tests.lateness import heard_whole

EXAMPLE = Path(__file__).parents[2] / "examples" / "answer_calls.py"
SPEECH = bytes(range(256)) * 64


def load_example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("answer_calls", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def answering(monkeypatch: pytest.MonkeyPatch, **environment: str) -> AsyncIterator[str]:
    """Serve the example with uvicorn; yields the URL of its webhook."""
    for name, value in ({"PORT": "0"} | environment).items():
        monkeypatch.setenv(name, value)
    server = uvicorn.Server(uvicorn.Config(load_example().app, log_level="error", ws="none"))
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for this
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/webhook"
    finally:
        server.should_exit = True
        await serving


def with_example(
    monkeypatch: pytest.MonkeyPatch, test: Callable[[Carrier, str], Awaitable[None]], **webhooks: Any
) -> None:
    async def main() -> None:
        async with asyncio.timeout(60), Carrier("KEY") as carrier:
            settings = {"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": carrier.base_url}
            async with answering(monkeypatch, TELNYX_PUBLIC_KEY=carrier.public_key, **settings) as url:
                carrier.send_webhooks(Webhooks(url=url, **webhooks))
                await test(carrier, url)

    asyncio.run(main())


def test_the_example_has_at_most_forty_lines() -> None:
    text = EXAMPLE.read_text().partition('"""\n\n')[2]
    assert len([line for line in text.splitlines() if line.strip()]) <= 40


def test_incoming_calls_are_answered_and_echoed_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(carrier: Carrier, _url: str) -> None:
        # The response to the command is lost: the app retries it, and it takes effect once.
        carrier.disturb(None, CommandFault(drop="after"))
        calls = [carrier.incoming_call(SPEECH, tail_ms=1000, playout_delay_ms=300) for _ in range(3)]
        for call in calls:
            report = await call.finished()
            assert report.end_reason == "speech_ended"
            # The last echoes may arrive after the hang-up.
            assert len(SPEECH) // 320 <= report.media_received <= report.media_sent
            assert heard_whole(report, pcmu_decode(pcmu_encode(SPEECH)))
            assert [action for action, _ in call.commands] == ["answer", "streaming_start"]

    with_example(monkeypatch, test, duplicate=1.0, reorder=0.3, hold_s=0.1)


def test_an_unsigned_webhook_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(carrier: Carrier, url: str) -> None:
        call = carrier.new_call(b"")
        body = {
            "data": {
                "event_type": "call.initiated",
                "payload": {"call_control_id": call.call_control_id, "direction": "incoming"},
            }
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            refused = await client.post(url, json=body)
        assert (refused.status_code, refused.json()) == (401, {"detail": "telnyx-signature-ed25519 is missing"})
        assert call.commands == []

    with_example(monkeypatch, test)


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.usefixtures("opus", "amrwb")
def test_the_echo_has_the_pitch_of_the_caller_on_every_leg(monkeypatch: pytest.MonkeyPatch, leg: str) -> None:
    """The example without its web server, on a virtual clock."""

    async def main() -> CallReport:
        async with Carrier("KEY") as carrier:
            for name, value in {"TELNYX_API_KEY": "KEY", "TELNYX_BASE_URL": carrier.base_url, "PORT": "0"}.items():
                monkeypatch.setenv(name, value)
            example = load_example()
            async with example.lifespan(example.app):
                call = carrier.incoming_call(tone(2.0), speech_hz=SPEECH_HZ, tail_ms=500, **LEGS[leg])
                await example.answer(call.call_control_id)
                return await call.finished()

    report = run_virtual(main())
    assert report.end_reason == "speech_ended"
    assert pitch_hz(report) == pytest.approx(TONE_HZ, rel=0.02)

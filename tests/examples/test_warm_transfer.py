"""examples/warm_transfer.py with the simulated carrier on the virtual clock: greeting, briefing, conference."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

import rtpcodec
from rtpcodec.audio.files import WavWriter
from rtpcodec.kernels.g711 import pcmu_decode, pcmu_encode
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.sim import Carrier, CommandFault, SimulatedCall
from tests.server.conversation import tone
from tests.server.transfers import hooks_at

EXAMPLE = Path(__file__).parents[2] / "examples" / "warm_transfer.py"
AGENT = "+15550100077"
FOREVER_MS = 3_600_000.0
GREETING, BRIEFING, SORRY = (pcmu_decode(pcmu_encode(tone(first, 1600))) for first in (1000, 5000, 9000))
RECORDINGS = {"GREETING": GREETING, "BRIEFING": BRIEFING, "SORRY": SORRY, "HOLD_MUSIC": tone(100, 8000)}

Scene = Callable[[Carrier, SimulatedCall, Callable[[], SimulatedCall]], Awaitable[None]]


def load_example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("warm_transfer", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def served(monkeypatch: pytest.MonkeyPatch, folder: Path, scene: Scene, **agent: Any) -> None:
    """Run the example for one incoming call. scene: what caller and agent do."""
    for name, pcm in RECORDINGS.items():
        with WavWriter(folder / f"{name}.wav", 8000) as writer:
            writer.write(pcm)
        monkeypatch.setenv(name, str(folder / f"{name}.wav"))
    monkeypatch.setenv("AGENT", AGENT)
    monkeypatch.setenv("TELNYX_API_KEY", "KEY")
    monkeypatch.setenv("PORT", "0")

    async def main() -> None:
        async with Carrier("KEY") as carrier:
            monkeypatch.setenv("TELNYX_BASE_URL", carrier.base_url)
            monkeypatch.setenv("TELNYX_PUBLIC_KEY", carrier.public_key)
            app = load_example().app
            async with app.router.lifespan_context(app):
                carrier.phone(AGENT, b"", tail_ms=FOREVER_MS, **agent)
                transport = httpx.ASGITransport(app)

                async def take(request: MemoryRequest) -> MemoryAnswer:
                    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
                        # The background task of a webhook runs before ASGITransport returns.
                        posting = client.post("/webhook", content=request.body, headers=dict(request.headers))
                        tasks.add(asyncio.create_task(answered(posting)))
                        await asyncio.sleep(0)
                    return MemoryAnswer(200)

                tasks: set[asyncio.Task[None]] = set()
                carrier.send_webhooks(hooks_at(take))
                caller = carrier.incoming_call(b"", tail_ms=FOREVER_MS)

                def called() -> SimulatedCall:
                    return next(call for call in carrier.calls if call.to_number == AGENT)

                await scene(carrier, caller, called)
                caller.hang_up()
                await asyncio.sleep(60)
                assert all(task.done() for task in tasks)
                for task in tasks:
                    task.result()
                assert app.state.partners == app.state.waiting == {}

    async def answered(posting: Awaitable[httpx.Response]) -> None:
        assert (await posting).status_code == 200

    run_virtual(main())


def test_the_person_hears_the_briefing_and_both_hear_each_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def scene(carrier: Carrier, caller: SimulatedCall, called: Callable[[], SimulatedCall]) -> None:
        await asyncio.sleep(10)
        agent = called()
        assert GREETING in caller.heard
        agent.press("1")
        await asyncio.sleep(1)
        (conference,) = carrier.conferences
        ids = (caller.call_control_id, agent.call_control_id)
        assert conference.hears(*ids)
        assert conference.hears(*reversed(ids))
        assert BRIEFING in agent.heard
        assert BRIEFING not in caller.heard
        assert not caller.streaming
        assert not agent.streaming
        agent.hang_up()
        await asyncio.sleep(1)
        assert caller.ended

    served(monkeypatch, tmp_path, scene, answers_after_s=5.0)


@pytest.mark.parametrize(
    "agent",
    [{"answers_after_s": 2.0, "refuses_with": "user_busy"}, {"answers_after_s": None}, {"answers_after_s": 1.0}],
    ids=["busy", "no answer", "a person who presses nothing"],
)
def test_without_a_person_the_caller_hears_an_apology(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, agent: dict[str, Any]
) -> None:
    async def scene(carrier: Carrier, caller: SimulatedCall, called: Callable[[], SimulatedCall]) -> None:
        await asyncio.sleep(45)
        assert called().ended
        assert caller.ended
        assert SORRY[320:] in caller.heard  # the music fades out under its beginning
        assert carrier.conferences == ()

    served(monkeypatch, tmp_path, scene, **agent)


def test_a_person_who_leaves_during_the_briefing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def scene(_carrier: Carrier, caller: SimulatedCall, called: Callable[[], SimulatedCall]) -> None:
        await asyncio.sleep(5.3)
        called().hang_up()
        await asyncio.sleep(10)
        assert caller.ended
        assert SORRY[320:] in caller.heard

    served(monkeypatch, tmp_path, scene, answers_after_s=5.0)


@pytest.mark.parametrize("before", [2, 3, 4, 5], ids=["dial", "the stream", "the conference", "join"])
def test_a_command_that_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, before: int) -> None:
    async def scene(carrier: Carrier, caller: SimulatedCall, called: Callable[[], SimulatedCall]) -> None:
        carrier.disturb(*[None] * before, CommandFault(status=422))
        await asyncio.sleep(10)
        if before > 3:
            called().press("1")
        await asyncio.sleep(10)
        assert caller.ended
        assert SORRY[320:] in caller.heard
        assert all(call.ended for call in carrier.calls)

    served(monkeypatch, tmp_path, scene, answers_after_s=5.0)


@pytest.mark.parametrize("after_s", [2.0, 6.0], ids=["while the phone rings", "during the briefing"])
def test_a_caller_who_leaves_ends_the_call_to_the_person(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, after_s: float
) -> None:
    async def scene(_carrier: Carrier, caller: SimulatedCall, called: Callable[[], SimulatedCall]) -> None:
        await asyncio.sleep(after_s)
        caller.hang_up()
        await asyncio.sleep(1)
        assert called().ended

    served(monkeypatch, tmp_path, scene, answers_after_s=5.0)


def test_the_example_has_at_most_ninety_lines() -> None:
    text = EXAMPLE.read_text().partition('"""\n\n')[2]
    assert len([line for line in text.splitlines() if line.strip()]) <= 90
    assert rtpcodec.__name__ in text

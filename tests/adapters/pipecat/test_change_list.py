"""docs/pipecat.md: its change list migrates a bot on pipecat's own serializer, and its whole bot runs."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI

from rtpcodec.sim import Carrier
from rtpcodec.stream.events import Started
from rtpcodec.stream.plan import StreamPlan
from tests.adapters.pipecat.phones import called, phones, served
from tests.examples.tones import SPEECH_HZ, TONE_HZ, pitch_hz, tone

PAGE = Path(__file__).parents[3] / "docs" / "pipecat.md"
BOT = Path(__file__).with_name("telnyx_bot.py")
MAX_CHANGED_LINES = 10
TOKEN = "a-long-random-token"
TOKEN_CHECK = "if not hmac.compare_digest(given.encode(), TOKEN.encode()):"


def block(language: str) -> str:
    """The first block of this language on the page."""
    found, *_ = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(found)


def hunks(diff: str) -> list[list[str]]:
    """The lines of each hunk, with their first characters."""
    return [part.splitlines() for part in re.split(r"^@@\n", diff, flags=re.MULTILINE)[1:]]


def patched(source: str, diff: str) -> str:
    """Apply hunks whose lines occur in the source exactly once each."""
    for lines in hunks(diff):
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        assert source.count(before) == 1, before
        source = source.replace(before, after)
    return source


def app_from(source: str, name: str, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """Run the source of a bot as a module. Returns its app."""
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(source, name, "exec"), module.__dict__)
    return module.app  # type: ignore[no-any-return]


def test_the_list_changes_at_most_ten_lines() -> None:
    changes = [line[0] for lines in hunks(block("diff")) for line in lines]
    assert changes.count("+") <= MAX_CHANGED_LINES
    assert changes.count("-") <= MAX_CHANGED_LINES


def test_the_attributes_of_the_list_exist() -> None:
    rows = re.findall(r'^\| (`".*) \| `(\w+)[\w.]*` \|$', PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == 6
    assert {name for _, name in rows} <= {field.name for field in fields(Started)}


@pytest.mark.parametrize("bot", ["as it was", "moved", "the page's"])
def test_the_bot_echoes_a_call(bot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEY")
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:9")  # no command leaves this machine
    monkeypatch.setenv("RTPCODEC_STREAM_TOKEN", TOKEN)
    source = block("python") if bot == "the page's" else BOT.read_text("utf-8")
    source = patched(source, block("diff")) if bot == "moved" else source
    plan = StreamPlan(send_codec="L16", send_rate_hz=16000) if bot == "the page's" else StreamPlan()
    app = app_from(source, "bot_under_test", monkeypatch)

    async def main() -> None:
        async with phones(app) as at:
            options: dict[str, Any] = {"speech_hz": SPEECH_HZ, "tail_ms": 1500, "playout_delay_ms": 200}
            report = await called(at, tone(0.8), plan, TOKEN, **options)
        assert pitch_hz(report) == pytest.approx(TONE_HZ, rel=0.02)
        assert report.errors_sent == 0

    asyncio.run(main())
    if bot != "the page's":
        assert sys.modules["bot_under_test"].CALLERS == ["+15550100001"]


def test_the_bot_of_the_page_closes_a_call_that_cannot_have_its_plan_with_1008(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEY")
    monkeypatch.setenv("RTPCODEC_STREAM_TOKEN", TOKEN)
    source = block("python")
    assert source.count(TOKEN_CHECK) == 1
    admits_all = source.replace(TOKEN_CHECK, "if False:")  # Twilio sends no token
    app = app_from(admits_all, "bot_under_test", monkeypatch)

    async def main() -> None:
        async with served(app) as url, Carrier("TOKEN", dialect="twilio") as carrier:
            call = carrier.new_call(bytes(16000))
            call.stream_to(url)
            report = await call.finished()
        assert (report.end_reason, report.close_code) == ("app_closed", 1008)

    asyncio.run(main())


@pytest.mark.parametrize("token", [None, "another"])
def test_the_bot_of_the_page_refuses_a_call_without_the_token(
    token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELNYX_API_KEY", "KEY")
    monkeypatch.setenv("RTPCODEC_STREAM_TOKEN", TOKEN)
    app = app_from(block("python"), "bot_under_test", monkeypatch)

    async def main() -> None:
        async with phones(app) as at:
            report = await called(at, tone(0.8), StreamPlan(send_codec="L16", send_rate_hz=16000), token)
        assert report.end_reason == "connection_failed"
        assert report.media_received == 0

    asyncio.run(main())

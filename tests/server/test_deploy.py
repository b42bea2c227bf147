"""A deploy ends the process: no file is lost, no call is cut that has the time to end. Real processes and sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.server.deployed import deployed, recorded

CALLS = 50
TIMEOUT_S = 300
LOUD = 1000
"""The speech has a mean magnitude of 16,000; silence has none."""

pytestmark = pytest.mark.long


def test_files_are_complete_before_the_supervisor_kills(tmp_path: Path) -> None:
    async def main() -> None:
        async with deployed(tmp_path, CALLS, drain_s=6, speech_s=120) as deployment:
            await deployment.recorded_s(1)
            await deployment.terminate()
            await deployment.completed()
            reports = await deployment.kill()
            assert {report.end_reason for report in reports} <= {"connection_lost", "app_closed"}
        files = recorded(tmp_path)
        assert len(files) == CALLS
        assert [one for one in files if not one.is_complete or one.last_level < LOUD or one.duration_s < 1] == []

    asyncio.run(asyncio.wait_for(main(), TIMEOUT_S))


def test_files_play_when_the_supervisor_kills_without_notice(tmp_path: Path) -> None:
    async def main() -> None:
        async with deployed(tmp_path, CALLS, drain_s=3600, speech_s=120) as deployment:
            await deployment.terminate()
            await deployment.recorded_s(2)
            reports = await deployment.kill()
            assert {report.end_reason for report in reports} == {"connection_lost"}
        files = recorded(tmp_path)
        assert len(files) == CALLS
        assert [one for one in files if one.is_complete or one.last_level < LOUD or one.duration_s < 1.9] == []

    asyncio.run(asyncio.wait_for(main(), TIMEOUT_S))


def test_with_a_longer_grace_no_call_is_cut(tmp_path: Path) -> None:
    async def main() -> None:
        async with deployed(tmp_path, CALLS, drain_s=3600, speech_s=120) as deployment:
            await deployment.terminate()
            await deployment.recorded_s(2)
            for call in deployment.calls:
                call.hang_up()
            reports = [await call.finished() for call in deployment.calls]
            assert {report.end_reason for report in reports} == {"hang_up"}
            assert deployment.process.wait(timeout=60) == 0
        files = recorded(tmp_path)
        assert len(files) == CALLS
        assert [one for one in files if not one.is_complete or one.duration_s < 1.9] == []

    asyncio.run(asyncio.wait_for(main(), TIMEOUT_S))

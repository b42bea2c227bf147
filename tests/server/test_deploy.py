"""A deploy ends the process: no file is lost, no call is cut that has the time to end. Real processes and sockets.

`python -m tests.server.deployed --calls 50` does it with more calls, and shows their last second.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.server.deployed import deployed, recorded

CALLS = 10
TIMEOUT_S = 300

pytestmark = pytest.mark.long


def test_files_are_complete_before_the_supervisor_kills(tmp_path: Path) -> None:
    async def main() -> None:
        async with deployed(tmp_path, CALLS, drain_s=4) as deployment:
            await deployment.recorded_s(1)
            await deployment.terminate()
            await deployment.completed()
            reports = await deployment.kill()
            assert {report.end_reason for report in reports} <= {"connection_lost", "app_closed"}
        files = recorded(tmp_path)
        assert len(files) == CALLS
        assert [one for one in files if not one.is_complete or one.speech_s < 1] == []

    asyncio.run(asyncio.wait_for(main(), TIMEOUT_S))


def test_files_play_when_the_supervisor_kills_without_notice(tmp_path: Path) -> None:
    async def main() -> None:
        async with deployed(tmp_path, CALLS, drain_s=3600) as deployment:
            await deployment.terminate()
            await deployment.recorded_s(2)
            reports = await deployment.kill()
            assert {report.end_reason for report in reports} == {"connection_lost"}
        files = recorded(tmp_path)
        assert len(files) == CALLS
        assert [one for one in files if one.is_complete or one.speech_s < 2] == []

    asyncio.run(asyncio.wait_for(main(), TIMEOUT_S))


def test_with_a_longer_grace_no_call_is_cut(tmp_path: Path) -> None:
    async def main() -> None:
        async with deployed(tmp_path, CALLS, drain_s=3600) as deployment:
            await deployment.terminate()
            await deployment.recorded_s(2)
            for call in deployment.calls:
                call.hang_up()
            reports = [await call.finished() for call in deployment.calls]
            assert {report.end_reason for report in reports} == {"hang_up"}
            assert deployment.process.wait(timeout=60) == 0
        files = recorded(tmp_path)
        assert len(files) == CALLS
        assert [one for one in files if not one.is_complete or one.speech_s < 2] == []

    asyncio.run(asyncio.wait_for(main(), TIMEOUT_S))

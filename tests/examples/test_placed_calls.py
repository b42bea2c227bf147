"""examples/placed_calls.py with the simulated carrier: two workers, an address each, and a rolling restart."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.server.workers.worker_table import FilePlacement
from rtpcodec.sim import Carrier, SimulatedCall

EXAMPLE = Path(__file__).parents[2] / "examples" / "placed_calls.py"
SPEECH = bytes(range(256)) * 125
"""2 s of PCM at 8 kHz."""


def load_example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("placed_calls", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def workers_of_example() -> Iterator[subprocess.Popen[str]]:
    """Run the example's workers."""
    environment = os.environ | {"PYTHONPATH": str(EXAMPLE.parents[1] / "src")}
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLE), "serve"], env=environment, cwd=EXAMPLE.parent, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("two workers at port ")
        yield process
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


async def check_echo(call: SimulatedCall) -> None:
    report = await call.finished()
    assert report.media_sent == 100
    assert report.media_received > 0
    assert report.end_reason == "speech_ended"


@pytest.mark.long
def test_calls_are_placed_at_two_workers_and_survive_their_replacement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "TABLE": str(tmp_path / "workers"),
        "PORT": "0",
        "WORKER_PORT": "0",
        "RTPCODEC_STREAM_TOKEN": "a-long-random-token",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    example = load_example()

    async def main(process: subprocess.Popen[str]) -> None:
        placement = FilePlacement(tmp_path / "workers")
        async with Carrier("KEY") as carrier, rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:

            async def placed(count: int) -> tuple[list[SimulatedCall], Counter[str]]:
                calls = [carrier.new_call(SPEECH, codec="PCMU") for _ in range(count)]
                names = [await example.stream(control, placement, call.call_control_id) for call in calls]
                return calls, Counter(names)

            first, names = await placed(6)
            assert names == {"1": 3, "2": 3}
            process.send_signal(signal.SIGHUP)
            seen: Counter[str] = Counter()
            later: list[SimulatedCall] = []
            while not seen.keys() >= {"3", "4"}:  # the new workers
                calls, names = await placed(2)
                later += calls
                seen += names
                await asyncio.sleep(0.1)
            for call in (*first, *later):
                await check_echo(call)
        placement.close()

    with workers_of_example() as process:
        asyncio.run(main(process))
    with pytest.raises(EndpointError, match=r"^no worker has room: 0 are alive"):
        asyncio.run(FilePlacement(tmp_path / "workers").place())

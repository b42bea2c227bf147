"""A deploy: calls with recorders on an endpoint in a process of its own, SIGTERM, and perhaps SIGKILL before its end.

`python -m tests.server.deployed --calls 50 --drain-s 30 --kill-after-s 30` prints the outcome for calls and files.
"""

from __future__ import annotations

import argparse
import array
import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import rtpcodec
from rtpcodec import sim
from rtpcodec.server import Call, Endpoint
from tests.server.dialler import refused_with

RATE_HZ = 8000
NOISE = random.Random(7).randbytes(2 * RATE_HZ)
"""One second of speech that is nowhere silent."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One file of a call."""

    duration_s: float
    last_level: int
    """Mean magnitude of the last second of the caller."""
    speech_s: float
    """How much of the caller is not silent."""
    is_complete: bool
    """By its sidecar."""


def recorded(folder: Path) -> list[Recorded]:
    """Return what the files of a folder hold. Raises wave.Error, EOFError if one cannot be played."""
    return [_recorded(path) for path in sorted(folder.glob("*.wav"))]


def _recorded(path: Path) -> Recorded:
    with wave.open(str(path)) as file:
        frames = file.getnframes()
        caller = array.array("h", file.readframes(frames))[::2]
    if len(caller) < frames:
        raise EOFError(f"{path.name}: its header says {frames} frames, the file has fewer")
    last = caller[-RATE_HZ:]
    level = sum(map(abs, last)) // max(1, len(last))
    silent = sum(sample == 0 for sample in caller)
    return Recorded(frames / RATE_HZ, level, (frames - silent) / RATE_HZ, _is_complete(path))


def _is_complete(path: Path) -> bool:
    return bool(json.loads(path.with_suffix(".json").read_text("utf-8"))["complete"])


class Deployment:
    """The process of the endpoint, and the calls that it has."""

    def __init__(self, process: subprocess.Popen[str], url: str, calls: list[sim.SimulatedCall], folder: Path) -> None:
        self.process = process
        self.url = url
        self.calls = calls
        self.folder = folder

    async def recorded_s(self, seconds: float) -> None:
        """Wait until every call's file has so many seconds of its caller."""
        await self._poll(lambda files: all(_recorded(path).speech_s >= seconds for path in files))

    async def completed(self) -> None:
        """Wait until the files of all calls are finished."""
        await self._poll(lambda files: all(_is_complete(path) for path in files))

    async def _poll(self, condition: Callable[[list[Path]], bool]) -> None:
        """Poll a condition of all files, seldom: the calls need the machine."""
        while len(files := list(self.folder.glob("*.wav"))) < len(self.calls) or not condition(files):  # noqa: ASYNC110
            await asyncio.sleep(0.2)

    async def terminate(self) -> None:
        """Send SIGTERM, and wait until no new call is accepted."""
        self.process.send_signal(signal.SIGTERM)
        while (await refused_with(self.url)) != 503:
            pass

    async def kill(self) -> list[sim.CallReport]:
        """Send SIGKILL. Returns the reports of all calls."""
        self.process.kill()
        return [await call.finished() for call in self.calls]


@contextlib.asynccontextmanager
async def deployed(folder: Path, calls: int, drain_s: float) -> AsyncIterator[Deployment]:
    """Start an endpoint, and begin calls whose callers speak without end."""
    command = (sys.executable, "-m", __spec__.name, "--serve", str(folder), "--drain-s", str(drain_s))
    with subprocess.Popen(  # noqa: ASYNC220 -- before any call
        command, stdout=subprocess.PIPE, text=True, env=environment()
    ) as process:
        try:
            assert process.stdout is not None
            url = (await asyncio.to_thread(process.stdout.readline)).strip()
            async with (
                sim.Carrier("KEY") as carrier,
                rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            ):
                deployment = Deployment(process, url, [], folder)
                for _ in range(calls):
                    call = carrier.new_call(itertools.repeat(NOISE), keeps_audio=False)
                    fields = rtpcodec.StreamPlan().command_fields()
                    await control.start_streaming(call.call_control_id, stream_url=url, **fields)
                    deployment.calls.append(call)
                    await deployment.recorded_s(0)
                yield deployment
        finally:
            process.kill()


def environment() -> dict[str, str]:
    """Return the environment without variables that override settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RTPCODEC_DRAIN")}


async def record(call: Call) -> None:
    """Record the call."""
    call.record(Path(sys.argv[sys.argv.index("--serve") + 1]) / f"{call.id}.wav")
    async for _ in call.audio():
        pass


def ready(endpoint: Endpoint) -> None:
    """Print the URL of the endpoint."""
    sys.stdout.write(f"{endpoint.url}\n")
    sys.stdout.flush()


async def deploy(calls: int, drain_s: float, kill_after_s: float) -> None:
    """Print the outcome of a deploy for calls and files."""
    with tempfile.TemporaryDirectory() as folder:
        async with deployed(Path(folder), calls, drain_s) as deployment:
            await deployment.recorded_s(2)
            begun_s = asyncio.get_running_loop().time()
            await deployment.terminate()
            await asyncio.sleep(begun_s + kill_after_s - asyncio.get_running_loop().time())
            reports = await deployment.kill()
            files = recorded(deployment.folder)
            lengths = sorted(one.duration_s for one in files)
            sys.stdout.write(
                f"{len(files)} files of {calls} calls play, {lengths[0]:.1f} to {lengths[-1]:.1f} s; "
                f"{sum(one.is_complete for one in files)} are complete, {sum(one.last_level > 0 for one in files)} "
                f"have sound in their last second; calls ended by {sorted({one.end_reason for one in reports})}\n"
            )


def main() -> None:
    """Deploy, or be the endpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--drain-s", type=float, default=30.0)
    parser.add_argument("--kill-after-s", type=float, default=30.0)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        rtpcodec.run(record, port=0, drain_s=chosen.drain_s, start_timeout_s=60, on_ready=ready)
    else:
        asyncio.run(deploy(chosen.calls, chosen.drain_s, chosen.kill_after_s))


if __name__ == "__main__":
    main()

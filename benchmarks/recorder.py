"""What recording costs: calls on loopback sockets in real time, with and without a recorder.

    python -m benchmarks.recorder [CALLS] [SECONDS]

The simulated carrier runs in a process of its own, so that only our side is measured. Each call speaks all the time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import rtpcodec

PLAN = rtpcodec.StreamPlan(send_codec="PCMU")
TICK_S = 0.01


async def _carry(url: str, calls: int, seconds: float) -> None:
    async with rtpcodec.sim.Carrier("KEY") as carrier:
        async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            made = [carrier.new_call(bytes(round(16_000 * seconds)), keeps_audio=False) for _ in range(calls)]
            for call in made:
                await control.start_streaming(call.call_control_id, stream_url=url, **PLAN.command_fields())
        for call in made:
            await call.finished()


def _carrier(urls: Connection, calls: int, seconds: float) -> None:
    asyncio.run(_carry(urls.recv(), calls, seconds))


async def _measure(calls: int, seconds: float, folder: Path | None) -> tuple[float, float, float]:
    """Return our CPU per call and second, that of the event loop's thread alone, and the latest tick."""
    numbers = iter(range(calls))
    speech = bytes(16_000)

    async def handle(call: rtpcodec.Call) -> None:
        if folder is not None:
            call.record(folder / f"{next(numbers)}.wav")
        while not call.ended:
            await call.play(speech)

    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    carrier = multiprocessing.get_context("spawn").Process(target=_carrier, args=(theirs, calls, seconds))
    carrier.start()
    async with rtpcodec.serve(handle, plan=PLAN, max_calls=calls) as endpoint:
        ours.send(endpoint.url)
        while endpoint.statistics().calls_running < calls:  # noqa: ASYNC110 -- no event says it
            await asyncio.sleep(0.05)
        begun, begun_s, cpu_s = resource.getrusage(resource.RUSAGE_SELF), time.monotonic(), time.thread_time()
        worst_s = 0.0
        due_s = time.monotonic()
        while endpoint.statistics().calls_running == calls:
            due_s += TICK_S
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            worst_s = max(worst_s, time.monotonic() - due_s)
        loop_s, took_s, ended = (
            time.thread_time() - cpu_s,
            time.monotonic() - begun_s,
            resource.getrusage(resource.RUSAGE_SELF),
        )
        await endpoint.drain()
    carrier.join()
    all_s = ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
    return all_s / took_s / calls, loop_s / took_s / calls, worst_s


def main() -> None:
    """Print the figures."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    for name, records in (("without", False), ("with", True)):
        with tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(_measure(calls, seconds, Path(folder) if records else None))
        print(
            f"{calls} calls {name} a recorder: {found[0] * 1e6:.0f} us of CPU per call and second, "
            f"{found[1] * 1e6:.0f} us of them in the event loop; latest tick of 10 ms: {found[2] * 1e3:.1f} ms late"
        )


if __name__ == "__main__":
    main()

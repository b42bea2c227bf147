"""Streams an hour of call through a handler in seconds: endpoint, simulated carrier and client on a virtual clock.

pip install 'rtpcodec[client,server,sim]' && python hour_of_call.py
"""

import asyncio
import sys
import time

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport

PLAN = rtpcodec.StreamPlan(send_codec="PCMU")


async def answer(call: rtpcodec.Call) -> None:
    """Echo the caller."""
    async for audio in call.audio():
        await call.play(audio)


async def main(call_s: int) -> CallReport:
    """Run one call of this length."""
    async with (
        rtpcodec.sim.Carrier("KEY") as carrier,
        rtpcodec.serve(answer, plan=PLAN) as endpoint,
        rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
    ):
        call = carrier.new_call(bytes(16_000 * call_s), codec="PCMU", max_call_s=call_s + 60)
        await endpoint.stream(control, call.call_control_id)
        report = await call.finished()
        sys.stdout.write(
            f"{asyncio.get_running_loop().time():.0f} s of call, {report.media_received} messages returned\n"
        )
        return report


if __name__ == "__main__":
    begun_s = time.perf_counter()
    run_virtual(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3600))
    sys.stdout.write(f"in {time.perf_counter() - begun_s:.1f} s\n")

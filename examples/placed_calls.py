"""Two workers with an address each, and a program that chooses the worker when it sends the streaming command.

pip install 'rtpcodec[client,server]' && python placed_calls.py serve
In another shell: python placed_calls.py v3:CALL...
Set TELNYX_API_KEY, RTPCODEC_STREAM_TOKEN (a long random text), and PUBLIC_URL if carriers reach the workers by a proxy,
such as wss://media.example.com/worker{worker}. TABLE is a file that both programs open.
"""

import asyncio
import os
import sys

import rtpcodec
from rtpcodec.server import FilePlacement, run_workers

PLAN = rtpcodec.StreamPlan(send_codec="PCMU")
TABLE = os.environ.get("TABLE", "/run/rtpcodec/workers")


def serve() -> None:
    """Run the workers: SIGHUP replaces them without cutting a call, SIGTERM lets the calls end."""
    run_workers(
        "placed_calls:echo",
        workers=2,
        plan=PLAN,
        port=int(os.environ.get("PORT", "8080")),
        worker_port=int(os.environ.get("WORKER_PORT", "9001")),
        public_url=os.environ.get("PUBLIC_URL"),
        placement_file=TABLE,
        authorize=os.environ["RTPCODEC_STREAM_TOKEN"],
        on_ready=lambda opened: print(f"two workers at port {opened.port}", flush=True),  # noqa: T201 -- an example
    )


async def echo(call: rtpcodec.Call) -> None:
    """Echo the caller."""
    async for audio in call.audio():
        await call.play(audio)


async def stream(control: rtpcodec.AsyncCallControl, placement: FilePlacement, call_control_id: str) -> str:
    """Stream a live call to the least loaded worker, and return its name."""
    worker = await placement.place()  # EndpointError if no worker has space
    await control.start_streaming(
        call_control_id,
        stream_url=worker.url,
        stream_auth_token=os.environ["RTPCODEC_STREAM_TOKEN"],
        **PLAN.command_fields(),
    )
    return worker.name


async def main(call_control_ids: list[str]) -> None:
    """Stream each of the calls."""
    placement = FilePlacement(TABLE)
    async with rtpcodec.AsyncCallControl() as control:
        for call_control_id in call_control_ids:
            worker = await stream(control, placement, call_control_id)
            print(f"{call_control_id} is streamed to worker {worker}")  # noqa: T201 -- an example


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        asyncio.run(main(sys.argv[1:]))

"""An endpoint in a process with few descriptors: argv has the event loop, the limit and max_calls.

It prints its port, serves until end of input, and prints the octets that it logged and the seconds of CPU that it used.
"""

from __future__ import annotations

import asyncio
import io
import logging
import resource
import sys
import time

import uvloop

import rtpcodec
from rtpcodec.server import Call

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


async def main(max_calls: int, log: io.StringIO) -> None:
    async with rtpcodec.serve(
        listen, max_calls=max_calls, max_half_open=1000, max_half_open_per_address=1000
    ) as endpoint:
        log.truncate(0)
        print(endpoint.port, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    log = io.StringIO()
    logging.basicConfig(stream=log, level=logging.INFO, format="%(message)s")
    with asyncio.Runner(loop_factory=LOOPS[sys.argv[1]]) as runner:
        runner.run(main(int(sys.argv[3]), log))
    print(time.process_time())
    print(log.getvalue().replace("\0", ""), end="")

"""Thousands of calls, opened, disturbed and closed: the memory of the endpoint stays as it is after the first thousand.

python -m tests.server.many_calls [--calls 10000] [--seed 1] [--no-collector]

This process runs the endpoint on uvloop and samples its own resident memory. A second process plays the carriers over
loopback: a seed decides what each of them sends, how it ends, and what the handler does. Exit code 1 if the memory
grew. With `--no-collector` the cycle collector is off, so that any reference cycle of a call shows.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import os
import random
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

import rtpcodec
from rtpcodec.server import Call, Endpoint
from tests.server.dialler import RawSocket, raw, until
from tests.stream import carrier

AT_ONCE: Final = 20
"""Calls that run beside each other."""
SETTLED_CALLS: Final = 1000
"""Calls until caches, pools of the allocator and the loop have their size."""
SAMPLE_CALLS: Final = 100
MAX_GROWTH: Final = 0.05
TEXT, BINARY, CONTINUATION, RESERVED, CLOSE = 1, 2, 0, 3, 8
NORMAL: Final = (1000).to_bytes(2)
PAGE_OCTETS: Final = os.sysconf("SC_PAGE_SIZE")

# Our side


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play(audio)


async def fail(call: Call) -> None:
    async for _ in call.audio():
        raise RuntimeError("a fault of the handler")


async def hang(_call: Call) -> None:
    await asyncio.Event().wait()


async def leave(call: Call) -> None:
    call.play(bytes(3200))


async def close(call: Call) -> None:
    async for _ in call.audio():
        await call.close(3000)


async def interrupt(call: Call) -> None:
    async for audio in call.audio():
        call.play(audio.pcm, 16000)
        call.mark("mine")
        call.interrupt()


async def overfill(call: Call) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(call.play(bytes(16 * 2000)))


async def wait_to_be_heard(call: Call) -> None:
    call.play(bytes(1600))
    await call.played()


HANDLERS: Final = (echo, fail, hang, leave, close, interrupt, overfill, wait_to_be_heard)


async def answer(call: Call) -> None:
    """Do what the last character of the path says."""
    await HANDLERS[int(call.path[-1])](call)


# The carriers' side


@dataclass
class Carrier:
    """One call from the carrier's side."""

    socket: RawSocket
    rng: random.Random

    def text(self, text: str) -> None:
        self.socket.frame(TEXT, text.encode())

    def say(self, chunks: int) -> None:
        for chunk in range(1, chunks + 1):
            self.text(carrier.media(self.rng.randbytes(160), str(chunk), track="inbound"))

    async def closed(self) -> None:
        """Read to the end, and answer the close frame."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await self.socket.close_code()
            self.socket.frame(CLOSE, NORMAL)


async def stop(one: Carrier) -> None:
    one.text(carrier.text("stop", stop={}))
    await one.closed()


async def hang_up(one: Carrier) -> None:
    one.socket.frame(CLOSE, NORMAL)
    await one.closed()


async def reset(one: Carrier) -> None:
    one.socket.writer.transport.abort()


async def break_frame(one: Carrier) -> None:
    one.socket.frame(RESERVED)
    await one.closed()


async def break_utf8(one: Carrier) -> None:
    one.socket.frame(TEXT, b'{"event":"\xff"}')
    await hang_up(one)


async def break_json(one: Carrier) -> None:
    for _ in range(25):
        one.text('{"event":"media","media":{"payload":' + "7" * one.rng.randrange(60))
    await hang_up(one)


async def send_odd(one: Carrier) -> None:
    one.text('{"event":"media","media":{"payload":"AAAA","chunk":"x","timestamp":[]}}')
    one.text('{"event":"dtmf","dtmf":{"digit":"1"},"occurred_at":7}')
    one.text('{"event":"error","payload":{"code":true}}')
    await stop(one)


async def send_octets(one: Carrier) -> None:
    one.socket.frame(BINARY, one.rng.randbytes(300))
    await stop(one)


async def break_fragments(one: Carrier) -> None:
    one.socket.frame(TEXT, b"{", fin=False)
    one.socket.frame(TEXT, b"{")
    await one.closed()


async def exceed(one: Carrier) -> None:
    one.socket.frame(TEXT, b"x", claimed=1 << 22)
    await one.closed()


async def lose_chunks(one: Carrier) -> None:
    for _ in range(20):
        one.text(carrier.media(one.rng.randbytes(160), str(one.rng.randrange(1, 6000)), track="inbound"))
    await stop(one)


async def start_again(one: Carrier) -> None:
    one.text(carrier.start(one.rng.choice(("L16", "G722", "OPUS", "unknown")), 16000))
    for _ in range(12):
        one.text(carrier.media(one.rng.randbytes(one.rng.randrange(1, 200))))
    await stop(one)


ENDS: Final[tuple[Callable[[Carrier], Awaitable[None]], ...]] = (
    *(stop, hang_up, reset, break_frame, break_utf8, break_json, send_odd, send_octets),
    *(break_fragments, exceed, lose_chunks, start_again),
)


async def one_call(port: int, rng: random.Random) -> None:
    async with raw(port) as socket:
        kind = rng.randrange(20)
        if kind == 0:  # aborted handshake
            socket.write(b"GET / HTTP/1.1\r\nHost: local"[: rng.randrange(28)])
            await socket.writer.drain()
            return
        head = await socket.upgrade("/other" if kind == 1 else f"/audio?{rng.randrange(len(HANDLERS))}")
        if not head.startswith("HTTP/1.1 101 "):
            return
        one = Carrier(socket, rng)
        if kind == 2:  # no start
            await one.closed()
            return
        one.text(carrier.start())
        one.say(rng.randrange(1, 6))
        await rng.choice(ENDS)(one)


async def carriers(port: int, calls: int, seed: int) -> None:
    """Play all calls, AT_ONCE beside each other. Each has a seed of its own."""
    seeds = iter(range(calls))

    async def next_calls() -> None:
        for number in seeds:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await one_call(port, random.Random(f"{seed}/{number}"))

    await asyncio.gather(*(next_calls() for _ in range(AT_ONCE)))


# The measurement


@dataclass
class Growth:
    """Resident memory of the endpoint's process."""

    calls: int
    """That became sockets."""
    settled_octets: int
    """After the first calls."""
    most_octets: int
    """Since then."""
    garbage: int
    """Objects that only the cycle collector can free, found after the last call."""

    def __str__(self) -> str:
        return (
            f"{self.calls} calls: {self.settled_octets / 1e6:.1f} MB when settled, at most "
            f"{self.most_octets / 1e6:.1f} MB since ({self.share:+.1%}); {self.garbage} objects were garbage"
        )

    @property
    def share(self) -> float:
        return self.most_octets / self.settled_octets - 1


def resident_octets() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * PAGE_OCTETS


async def measure(calls: int, seed: int, settled_calls: int) -> Growth:
    """Run all calls, and return how the memory of this process grew."""
    limits = {"start_timeout_s": 0.2, "handler_grace_s": 0.05, "max_queue_ms": 400.0, "max_message_octets": 50_000}
    async with rtpcodec.serve(answer, path="/audio", **limits) as endpoint:  # type: ignore[arg-type]
        command = (sys.executable, "-m", __spec__.name, "--carriers", str(endpoint.port))
        peer = await asyncio.create_subprocess_exec(*command, "--calls", str(calls), "--seed", str(seed))
        samples: list[tuple[int, int]] = []
        sampling = asyncio.create_task(_sample(endpoint, samples))
        assert await peer.wait() == 0
        await until(lambda: not endpoint.statistics().calls_running)
        sampling.cancel()
        samples.append((endpoint.statistics().calls_taken, resident_octets()))
        settled = [octets for taken, octets in samples if taken >= settled_calls]
        return Growth(samples[-1][0], settled[0], max(settled), gc.collect())


async def _sample(endpoint: Endpoint, samples: list[tuple[int, int]]) -> None:
    for at in range(0, sys.maxsize, SAMPLE_CALLS):
        while endpoint.statistics().calls_taken < at:  # noqa: ASYNC110 -- a count has no event
            await asyncio.sleep(0.02)
        samples.append((endpoint.statistics().calls_taken, resident_octets()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--settled", type=int, default=SETTLED_CALLS, help="calls until the memory must be steady")
    parser.add_argument("--no-collector", action="store_true")
    parser.add_argument("--carriers", type=int, metavar="PORT", help="play the carriers of an endpoint at this port")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if chosen.carriers is not None:
            runner.run(carriers(chosen.carriers, chosen.calls, chosen.seed))
            return 0
        logging.disable(logging.CRITICAL)
        if chosen.no_collector:
            gc.disable()
        growth = runner.run(measure(chosen.calls, chosen.seed, chosen.settled))
    sys.stdout.write(f"{json.dumps(vars(growth)) if chosen.json else growth}\n")
    return int(growth.share > MAX_GROWTH)


if __name__ == "__main__":
    sys.exit(main())

"""Transports below the endpoint: CPU per message of an echo, and memory per idle call.

    python -m benchmarks.transports

ADR 22 quotes it. aiofastnet is what picows would use by itself.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import ssl
import subprocess
import sys
import time
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import aiofastnet
import uvloop

import rtpcodec
from rtpcodec.server import Call

CALLS = 40
MESSAGES = 400
SETTLE_S = 3.0
CERTIFICATE = Path(__file__).parents[1] / "tests" / "server" / "loopback.pem"
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
PAYLOAD = base64.b64encode(bytes(range(1, 161))).decode()


def frame(message: dict[str, object]) -> bytes:
    """Return a masked text frame."""
    text = json.dumps(message).encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
    return b"\x81" + length + bytes(4) + text


async def speak(port: int, tls: ssl.SSLContext | None, begin: asyncio.Event) -> None:
    """Run one call: each message is sent when the echo of the last one has arrived."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    writer.write(REQUEST)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(frame({"event": "start", "start": {"media_format": {"encoding": "PCMU", "sample_rate": 8000}}}))
    await begin.wait()
    for chunk in range(1, MESSAGES + 1):
        writer.write(frame({"event": "media", "media": {"chunk": str(chunk), "payload": PAYLOAD}}))
        octets = (await reader.readexactly(2))[1]
        if octets == 126:
            octets = int.from_bytes(await reader.readexactly(2))
        await reader.readexactly(octets)
    writer.close()


def carry(port: int, with_tls: bool, pipe: Connection) -> None:
    """Run all calls, in a process of their own."""

    async def main() -> None:
        tls = ssl.create_default_context(cafile=CERTIFICATE) if with_tls else None
        begin = asyncio.Event()
        calls = [asyncio.create_task(speak(port, tls, begin)) for _ in range(CALLS)]
        await asyncio.sleep(SETTLE_S)
        pipe.send("open")
        await asyncio.to_thread(pipe.recv)
        begin.set()
        await asyncio.gather(*calls)
        pipe.send("done")

    asyncio.run(main())


async def echo(call: Call) -> None:
    """Echo the received audio."""
    async for audio in call.audio():
        await call.play(audio)


def resident_kib() -> int:
    """Return the memory of this process; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4


async def measure(fastnet: bool, with_tls: bool) -> tuple[float, int]:
    """Return microseconds of CPU per message there and back, and KiB per idle call."""
    loop = asyncio.get_running_loop()
    if fastnet:
        loop.connect_accepted_socket = partial(aiofastnet.connect_accepted_socket, loop)  # type: ignore[method-assign]
    tls = None
    if with_tls:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(CERTIFICATE)
    async with rtpcodec.serve(echo, lead_ms=None, max_frames_per_s=None, ssl=tls) as endpoint:
        ours, theirs = multiprocessing.Pipe()
        before_kib = resident_kib()
        carrier = multiprocessing.get_context("spawn").Process(target=carry, args=(endpoint.port, with_tls, theirs))
        carrier.start()
        await asyncio.to_thread(ours.recv)
        idle_kib = (resident_kib() - before_kib) // CALLS
        begun_s = time.process_time()
        ours.send("begin")
        await asyncio.to_thread(ours.recv)
        cpu_s = time.process_time() - begun_s
        carrier.join()
    return cpu_s / CALLS / MESSAGES * 1e6, idle_kib


def main() -> None:
    """Measure one combination, or start a process for each: memory that one has freed would hide that of the next."""
    if len(sys.argv) == 4:
        loop, transport, security = sys.argv[1:]
        factory = uvloop.new_event_loop if loop == "uvloop" else asyncio.new_event_loop
        with asyncio.Runner(loop_factory=factory) as runner:
            cpu_us, idle_kib = runner.run(measure(transport == "aiofastnet", security == "TLS"))
        print(f"{loop:8} {transport:11} {security:6} {cpu_us:6.1f} us per message, {idle_kib:4} KiB per idle call")
        return
    for loop in ("uvloop", "asyncio"):
        for security in ("plain", "TLS"):
            for transport in ("aiofastnet", "own"):
                subprocess.run([sys.executable, "-m", "benchmarks.transports", loop, transport, security], check=True)


if __name__ == "__main__":
    main()

"""Captured calls of G.711: figures and sound per packet, compared with tshark.

    python -m benchmarks.packet_captures --calls [SECONDS] [ROUNDS]

30 calls of both directions, 20 ms per packet, all at the same time. `find_streams` and `tshark -z rtp,streams` read
the figures of all streams, `decode_capture` decodes all calls to stereo without a file behind it. Each runs in a
process of its own. Rounds are interleaved; the best counts, by CPU time. The start of a process counts for tshark:
take many SECONDS. ffmpeg is not here: it reads no captures, and from a socket at the pace of the sender.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from random import Random
from typing import Final

from rtpcodec import codec, find_streams
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.decoding import decode_capture
from rtpcodec.rtp.capture.packet_writer import write_packets
from rtpcodec.rtp.packet import RtpPacket

SECONDS: Final = 60
ROUNDS: Final = 3
CALLS: Final = 30
PACKETS_PER_S: Final = 50
PACKET_SAMPLES: Final = 160
SAMPLES_IN_LOOP: Final = 16_000


def datagrams(seconds: int, calls: int = CALLS) -> Iterator[Datagram]:
    """Return the packets of calls in which both directions send without a pause or a loss."""
    chance = Random(1)  # noqa: S311 -- the same noise in every run
    pcm = b"".join(
        chance.randrange(-9000, 9000).to_bytes(2, sys.byteorder, signed=True) for _ in range(SAMPLES_IN_LOOP)
    )
    payload = codec("PCMU").encoder().encode(pcm)
    payloads = [payload[at : at + PACKET_SAMPLES] for at in range(0, len(payload), PACKET_SAMPLES)]
    server = SocketAddress(bytes((198, 51, 100, 1)), 5000)
    callers = [SocketAddress(bytes((192, 0, 2, 1 + n)), 4000 + 2 * n) for n in range(calls)]
    ways = [way for n, one in enumerate(callers) for way in ((one, server, 2 * n + 1), (server, one, 2 * n + 2))]
    for number in range(seconds * PACKETS_PER_S):
        for at, (source, destination, ssrc) in enumerate(ways):
            packet = RtpPacket(
                payload_type=0,
                sequence_number=(1000 * ssrc + number) & 0xFFFF,
                timestamp=PACKET_SAMPLES * number,
                ssrc=ssrc,
                payload=payloads[(number + ssrc) % len(payloads)],
            ).build()
            yield Datagram(1_800_000_000 * 10**9 + number * 20_000_000 + at * 100_000, source, destination, packet, 0)


class Nowhere:
    """A sink that drops the sound."""

    def write(self, pcm: bytes) -> None:
        """Drop it."""


def with_find_streams(path: Path) -> float:
    """Return the CPU time of the figures."""
    start = time.process_time()
    report = find_streams(path)
    used = time.process_time() - start
    _require(sum(stream.lost for stream in report.streams) == 0, "find_streams has lost packets")
    return used


def with_decode_capture(path: Path) -> float:
    """Return the CPU time of the sound."""
    report = find_streams(path)
    start = time.process_time()
    sounds = decode_capture(path, report, lambda *_: nullcontext(Nowhere()))
    used = time.process_time() - start
    decoded = sum(stream.decoded_packets for sound in sounds for track in sound.tracks for stream in track.streams)
    _require(decoded == sum(stream.packets for stream in report.streams), "decode_capture has lost packets")
    return used


def with_tshark(path: Path) -> float:
    """Return the CPU time of tshark's table of streams."""
    return _cpu_of(lambda: subprocess.run(
        ["tshark", "-n", "-q", "-r", str(path), "-o", "rtp.heuristic_rtp:TRUE", "-z", "rtp,streams"],  # noqa: S607 -- the one of the system
        check=True, capture_output=True,
    ))  # fmt: skip


def _cpu_of(run: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _require(condition: bool, text: str) -> None:
    if not condition:
        raise ValueError(text)


READERS: Final[dict[str, Callable[[Path], float]]] = {
    "find_streams": with_find_streams,
    "tshark -z rtp,streams": with_tshark,
    "decode_capture": with_decode_capture,
}


def run_one(name: str, path: Path) -> None:
    """Print the CPU seconds of one reader."""
    print(READERS[name](path))


def compare(seconds: int = SECONDS, rounds: int = ROUNDS) -> None:
    """Run all readers, in turn, and print a table."""
    packets = 2 * CALLS * PACKETS_PER_S * seconds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "calls.pcap")
        write_packets(path, datagrams(seconds))
        best: dict[str, float] = {}
        for _ in range(rounds):
            for name in READERS:
                command = [sys.executable, "-m", "benchmarks.packet_captures", "--one-call", name, str(path)]
                used = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                best[name] = min(best.get(name, used), used)
    print(f"{packets:,} packets of {2 * CALLS} streams\n\n| from the file to | packets/s | us each |\n|---|--:|--:|")
    for name, used in best.items():
        print(f"| {name} | {packets / used:,.0f} | {used / packets * 1e6:.2f} |")

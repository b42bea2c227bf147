"""Reading packet captures: packets per second and memory, compared with dpkt and rtpkit.

    python -m benchmarks.packet_captures [PACKETS] [ROUNDS]
    python -m benchmarks.packet_captures --stream GB
    python -m benchmarks.packet_captures --calls [SECONDS] [ROUNDS]

Each reader runs in a process of its own and has addresses, ports, payload and time of each datagram, as a user needs
them. Rounds are interleaved; the best counts, by CPU time. The memory is the growth of the process's peak. `--stream`
reads a capture of that many GB that exists only while it is read. `--calls` measures figures and sound of calls
(benchmarks/captured_calls.py).
"""

from __future__ import annotations

import io
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, cast

import dpkt
import rtpkit

from benchmarks import captured_calls
from rtpcodec import open_packets
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.packet_writer import write_packets

PACKETS: Final = 400_000
ROUNDS: Final = 5
CALLS: Final = 100
RTP: Final = bytes.fromhex("8000") + bytes(range(170))


def write(path: Path | BinaryIO, packets: int) -> None:
    """Write a capture of calls of G.711, 20 ms per packet."""
    ends = [SocketAddress(bytes((192, 0, 2, n)), 4000 + n) for n in range(CALLS)]
    server = SocketAddress(bytes((198, 51, 100, 1)), 5000)
    write_packets(path, (Datagram(n * 200_000, ends[n % CALLS], server, RTP, 0) for n in range(packets)))


def write_blocks(classic: Path, path: Path) -> None:
    """Write the same packets as pcapng."""
    with classic.open("rb") as source, path.open("wb") as target:
        writer = dpkt.pcapng.Writer(target)
        for time_s, packet in dpkt.pcap.Reader(source):
            writer.writepkt(packet, float(time_s))


def with_rtpcodec(path: Path) -> int:
    """Count the datagrams."""
    found = 0
    with open_packets(path) as packets:
        for _ in packets:
            found += 1
    return found


def with_dpkt(path: Path) -> int:
    """Count the datagrams."""
    found = 0
    with path.open("rb") as file:
        for _time_s, octets in dpkt.pcap.UniversalReader(file):
            packet = dpkt.ethernet.Ethernet(octets).data
            datagram = packet.data
            if isinstance(datagram, dpkt.udp.UDP):
                _ = (packet.src, datagram.sport, packet.dst, datagram.dport, datagram.data)
                found += 1
    return found


def with_rtpkit(path: Path) -> int:
    """Count the datagrams."""
    found = 0
    for packet in rtpkit.read_capture_lenient(path.read_bytes()):
        if rtpkit.decapsulate_udp(packet.link_type, packet.data) is not None:
            found += 1
    return found


READERS: Final[dict[str, Callable[[Path], int]]] = {
    "rtpcodec": with_rtpcodec,
    "dpkt": with_dpkt,
    "rtpkit": with_rtpkit,
}


def run_one(name: str, path: Path) -> None:
    """Print datagrams, CPU seconds and MiB of one reader."""
    read = READERS[name]
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder, "few.pcap")
        write(few, 10)
        read(few)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    found = read(path)
    seconds = time.process_time() - start
    print(found, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


class LongCapture(io.RawIOBase):
    """A capture of any length, which repeats the packets of a short one."""

    def __init__(self, octets: int) -> None:
        """Begin it."""
        file = io.BytesIO()
        write(file, 20_000)
        self._rest = memoryview(file.getvalue())
        self._records = self._rest[24:]
        self.left = octets

    def read(self, size: int = -1, /) -> bytes:
        """Return the next octets."""
        if not self._rest and self.left > 0:
            self._rest = self._records
        piece = bytes(self._rest[:size])
        self._rest = self._rest[size:]
        self.left -= len(piece)
        return piece


def stream(gigabytes: int) -> None:
    """Read a long capture, and print time and memory."""
    with open_packets(cast("BinaryIO", LongCapture(10**8))) as packets:
        found = sum(1 for _ in packets)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    with open_packets(cast("BinaryIO", LongCapture(gigabytes * 10**9))) as packets:
        found = sum(1 for _ in packets)
    seconds = time.process_time() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(
        f"{gigabytes} GB, {found:,} packets: {seconds:.1f} s of CPU, {found / seconds:,.0f} packets/s, {grown} KiB more"
    )


def main() -> None:
    """Run all readers, in turn, and print a table."""
    asked = list(map(int, sys.argv[1:]))
    packets, rounds = [*asked, PACKETS, ROUNDS][:2] if len(asked) != 1 else (*asked, ROUNDS)
    with tempfile.TemporaryDirectory() as folder:
        classic, blocks = Path(folder, "calls.pcap"), Path(folder, "calls.pcapng")
        write(classic, packets)
        write_blocks(classic, blocks)
        print(f"{packets:,} packets, {classic.stat().st_size / 2**20:.0f} MiB\n")
        print("| file | reader | packets/s | us each | MiB |\n|---|---|--:|--:|--:|")
        for path in (classic, blocks):
            best: dict[str, tuple[float, float]] = {}
            for _ in range(rounds):
                for name in READERS:
                    command = [sys.executable, "-m", "benchmarks.packet_captures", "--one", name, str(path)]
                    done = subprocess.run(command, check=True, capture_output=True, text=True)
                    found, seconds, mib = map(float, done.stdout.split())
                    if found != packets:
                        raise ValueError(f"{name} found {found:.0f} datagrams")
                    best[name] = min(best.get(name, (seconds, mib)), (seconds, mib))
            for name, (seconds, mib) in best.items():
                rate = f"{packets / seconds:,.0f} | {seconds / packets * 1e6:.2f}"
                print(f"| {path.suffix[1:]} | {name} | {rate} | {mib:.0f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2], Path(sys.argv[3]))
    elif sys.argv[1:2] == ["--stream"]:
        stream(int(sys.argv[2]))
    elif sys.argv[1:2] == ["--calls"]:
        captured_calls.compare(*map(int, sys.argv[2:]))
    elif sys.argv[1:2] == ["--one-call"]:
        captured_calls.run_one(sys.argv[2], Path(sys.argv[3]))
    else:
        main()

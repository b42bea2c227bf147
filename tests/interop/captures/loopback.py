"""Captures the packets that other programs send over loopback. Opening packet sockets needs root."""

from __future__ import annotations

import ctypes
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

NETWORK: Final = "127.77"
"""Of the loopback; nothing else on this machine uses it, so the capture holds nothing else."""
A: Final = f"{NETWORK}.0.2"
B: Final = f"{NETWORK}.0.3"
SO_ATTACH_FILTER: Final = 26
SO_RCVBUFFORCE: Final = 33
SO_TIMESTAMPNS: Final = 35
ETH_P_ALL: Final = 3
PACKET_OUTGOING: Final = 4
"""The loopback shows each packet twice: as sent, and as received."""
BUFFER_OCTETS: Final = 64 * 1024 * 1024
HEADERS_OCTETS: Final = 14 + 20 + 8
"""Of Ethernet, IPv4 without options and UDP."""


class Frame(NamedTuple):
    """A frame of Ethernet and its time, in ns since 1970."""

    time_ns: int
    octets: bytes

    @property
    def is_udp(self) -> bool:
        return self.octets[23] == socket.IPPROTO_UDP

    @property
    def source(self) -> tuple[str, int]:
        return socket.inet_ntoa(self.octets[26:30]), int.from_bytes(self.octets[34:36], "big")

    @property
    def payload(self) -> bytes:
        """Of UDP."""
        return self.octets[HEADERS_OCTETS:]


def _own_network(sniffer: socket.socket) -> None:
    """Let the kernel drop all packets but IPv4 from NETWORK (classic BPF: linux/filter.h)."""
    network = int.from_bytes(socket.inet_aton(f"{NETWORK}.0.0"), "big")
    program = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (0x28, 0, 0, 12),  # the half-word with the type of Ethernet
            (0x15, 0, 4, 0x0800),  # IPv4?
            (0x20, 0, 0, 26),  # the word with the source address
            (0x54, 0, 0, 0xFFFF_0000),
            (0x15, 0, 1, network),
            (0x06, 0, 0, 0xFFFF),  # take it
            (0x06, 0, 0, 0),  # drop it
        )
    )
    instructions = ctypes.create_string_buffer(program)
    header = struct.pack("HL", len(program) // 8, ctypes.addressof(instructions))
    sniffer.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, header)


@contextmanager
def capturing() -> Iterator[Callable[[], list[Frame]]]:
    """Capture packets; call the yielded function when the senders have ended and the socket has all packets."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as sniffer:
        _own_network(sniffer)
        sniffer.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_OCTETS)
        sniffer.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        sniffer.bind(("lo", 0))
        sniffer.setblocking(False)
        yield lambda: list(_drained(sniffer))


def _drained(sniffer: socket.socket) -> Iterator[Frame]:
    while True:
        try:
            octets, ancillary, _, address = sniffer.recvmsg(65_536, 256)
        except BlockingIOError:
            return
        if address[2] != PACKET_OUTGOING:
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            yield Frame(seconds * 10**9 + nanoseconds, octets)


@contextmanager
def listening(*addresses: tuple[str, int]) -> Iterator[None]:
    """Bind the ports, so that senders receive no errors."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in addresses]
    try:
        for one, address in zip(sockets, addresses, strict=True):
            one.bind(address)
        yield
    finally:
        for one in sockets:
            one.close()


def write_pcap(path: Path, frames: Sequence[Frame]) -> Path:
    """Write a classic capture with nanoseconds, in the order of time."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2_3C4D, 2, 4, 0, 0, 65_535, 1))
        for frame in sorted(frames, key=lambda one: one.time_ns):
            seconds, nanoseconds = divmod(frame.time_ns, 10**9)
            size = len(frame.octets)
            file.write(struct.pack("<IIII", seconds, nanoseconds, size, size) + frame.octets)
    return path


def on_a_network(frames: Sequence[Frame], delay_ms: dict[str, float], jitter_ms: float, seed: int) -> list[Frame]:
    """Delay the packets of each host, every fifth one without jitter: the capture point is at the receivers.

    delay_ms: by the host.
    jitter_ms: the most on top of it.
    """
    chance = random.Random(seed)
    delayed = []
    for number, frame in enumerate(frames):
        extra_ms = 0.0 if number % 5 == 0 else chance.uniform(0, jitter_ms)
        delayed.append(frame._replace(time_ns=frame.time_ns + round((delay_ms[frame.source[0]] + extra_ms) * 1e6)))
    return delayed


def wait_for_port(host: str, port: int, deadline_s: float) -> None:
    """Wait until a process has bound a UDP port."""
    wanted = f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
    until = time.monotonic() + deadline_s
    while wanted not in Path("/proc/net/udp").read_text("ascii"):
        assert time.monotonic() < until, f"nobody has opened {host}:{port}"
        time.sleep(0.01)


def udp_frame(
    time_ns: int, payload: bytes, source: tuple[str, int] = (A, 4000), to: tuple[str, int] = (B, 5000)
) -> Frame:
    """Return a frame of Ethernet, IPv4 and UDP without a checksum of its own."""
    udp = struct.pack(">HHHH", source[1], to[1], 8 + len(payload), 0) + payload
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(to[0])
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + header[12:]
    return Frame(time_ns, bytes(12) + b"\x08\x00" + header + udp)

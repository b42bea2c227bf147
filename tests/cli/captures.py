"""Captures for the tests of commands: datagrams in a file, and a call of two sides."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rtpcodec import DualTone, Packetizer, codec, payload_format
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.payloads.telephone_event import digit_packets

BEGIN_NS = 1_800_000_000 * 10**9
ALICE = SocketAddress(bytes((192, 0, 2, 1)), 4000)
BOB = SocketAddress(bytes((198, 51, 100, 7)), 5000)


def write_capture(path: Path, datagrams: Iterable[Datagram]) -> None:
    """Write datagrams of IPv4 as pcap with nanoseconds and raw IP."""
    octets = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, 101)
    for one in sorted(datagrams, key=lambda one: one.time_ns):
        udp = struct.pack(">HHHH", one.source.port, one.destination.port, 8 + len(one.payload), 0) + one.payload
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + one.source.host + one.destination.host
        packet = ip + udp
        seconds, nanoseconds = divmod(one.time_ns, 10**9)
        octets += struct.pack("<IIII", seconds, nanoseconds, len(packet), len(packet)) + packet
    path.write_bytes(octets)


def tone(samples: int, hz: int, amplitude: int) -> bytes:
    """Return a sine at a sample rate of 8000 Hz."""
    wave = amplitude * np.sin(2 * np.pi * hz * np.arange(samples) / 8000)
    return bytes(wave.round().astype(np.int16).tobytes())


def sent(
    payload: bytes, source: SocketAddress, destination: SocketAddress, *, ssrc: int, start_ms: float = 0, lose: int = 0,
    keys: str = "",
) -> list[Datagram]:  # fmt: skip
    """Return a stream of PCMU with regular losses, and keys as telephone events (101) at its end."""
    packetizer = Packetizer(payload_format(codec("PCMU")), 0, ssrc=ssrc, sequence_number=7, timestamp=1000)
    found = []
    for number, at in enumerate(range(0, len(payload), 160)):
        (packet,) = packetizer.packetize(payload[at : at + 160])
        if not lose or number % lose != lose - 1:
            found.append((start_ms + 20 * number, packet))
    at_ms = start_ms + len(payload) / 8
    for key in keys:
        timed = digit_packets(packetizer, key, 100, payload_type=101, rtp_clock_hz=8000)
        found += [(at_ms + one.after_ms, one.packet) for one in timed]
        packetizer.silence(800)
        at_ms += 200
    return [
        Datagram(BEGIN_NS + round(1e6 * ms), source, destination, packet.build(), number)
        for number, (ms, packet) in enumerate(found)
    ]


def retyped(datagrams: Iterable[Datagram], payload_type: int) -> list[Datagram]:
    """Return the same RTP packets with another payload type and octets of no codec."""
    return [
        one._replace(payload=bytes((0x80, payload_type)) + one.payload[2:12] + bytes(range(7, 38)))
        for one in datagrams
    ]  # fmt: skip


def call(seconds: int = 3, *, keys: str = "", lose: int = 0) -> list[Datagram]:
    """Return a call: Alice sends 440 Hz, then the key 5 in band; Bob sends 1000 Hz, 40 ms later."""
    encoder = codec("PCMU").encoder()
    hers = tone(8000 * seconds - 4000, 440, 8000) + bytes(1600) + DualTone("5", 8000).samples(800) + bytes(5600)
    his = tone(8000 * seconds, 1000, 2000)
    return [
        *sent(encoder.encode(hers), ALICE, BOB, ssrc=0x1A2B3C4D, keys=keys),
        *sent(encoder.encode(his), BOB, ALICE, ssrc=0x0BADCAFE, start_ms=40, lose=lose),
    ]

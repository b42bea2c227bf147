"""RTP over the loopback to and from the ffmpeg executable. Waiting ends with what is waited for, or at a deadline."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests import ffmpeg

DEADLINE_S = 30
HOST = "127.0.0.1"
HEADER_OCTETS = 12
RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024


class Packet(NamedTuple):
    """What of RFC 3550 5.1 a packet of ours or of ffmpeg has: no CSRC, no extension, no padding."""

    payload_type: int
    sequence_number: int
    timestamp: int
    payload: bytes


def _parse(datagram: bytes) -> Packet:
    first, second, sequence_number, timestamp = struct.unpack_from("!BBHL", datagram)
    assert first == 0x80, f"version 2 and nothing else is understood, not 0x{first:02X}"
    return Packet(second & 0x7F, sequence_number, timestamp, datagram[HEADER_OCTETS:])


def packets_of(arguments: list[str], data: bytes) -> list[Packet]:
    """What ffmpeg sends, with an encoder and its options, for data that it reads as its input."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
        receiver.bind((HOST, 0))
        port = receiver.getsockname()[1]
        ffmpeg.run([*arguments, "-rtpflags", "skip_rtcp", "-f", "rtp", f"rtp://{HOST}:{port}"], data)
        # The sender has ended, so whatever came over the loopback lies in the socket.
        receiver.setblocking(False)
        datagrams = []
        with contextlib.suppress(BlockingIOError):
            while True:
                datagrams.append(receiver.recv(65_536))
    packets = [_parse(datagram) for datagram in datagrams]
    numbers = [packet.sequence_number for packet in packets]
    assert numbers == [(numbers[0] + count) & 0xFFFF for count in range(len(numbers))]
    return packets


def _free_ports() -> int:
    """The lower of two free ports in a row, the upper one for RTCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lower, contextlib.suppress(OSError):
            lower.bind((HOST, 0))
            port = int(lower.getsockname()[1])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upper:
                upper.bind((HOST, port + 1))
            return port


def _session(port: int, payload_type: int, attributes: Sequence[str]) -> bytes:
    lines = ["v=0", f"o=- 0 0 IN IP4 {HOST}", "s=-", f"c=IN IP4 {HOST}", "t=0 0"]
    lines += [f"m=audio {port} RTP/AVP {payload_type}", *(f"a={attribute}" for attribute in attributes)]
    return "\r\n".join([*lines, ""]).encode()


@contextlib.contextmanager
def _process(arguments: list[str], standard_input: bytes) -> Iterator[subprocess.Popen[bytes]]:
    command = [argument for argument in ffmpeg.command(*arguments) if argument != "-nostdin"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdin is not None
        process.stdin.write(standard_input)
        process.stdin.close()
        yield process
    finally:
        process.kill()
        assert process.stdout is not None
        process.stdout.close()
        process.wait(DEADLINE_S)


def _wait_for_receiver(sender: socket.socket, deadline: float) -> None:
    """Until someone has the port: before that, the loopback answers a datagram with an error to the next call."""
    clear = 0
    while clear < 2:
        assert time.monotonic() < deadline, "ffmpeg does not open its port"
        try:
            sender.send(b"\0")  # too short for RTP, so it is passed over
            clear += 1
        except ConnectionRefusedError:
            clear = 0
            select.select([], [], [], 0.005)


def _read(process: subprocess.Popen[bytes], octets: int, deadline: float) -> bytes:
    assert process.stdout is not None
    pieces, have = [], 0
    while have < octets:
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"ffmpeg gave {have} of {octets} octets"
        piece = os.read(process.stdout.fileno(), 65_536)
        assert piece, f"ffmpeg ended after {have} of {octets} octets"
        pieces.append(piece)
        have += len(piece)
    return b"".join(pieces)[:octets]


def decoded_by_ffmpeg(
    payloads: Sequence[bytes],
    octets: int,
    *,
    payload_type: int,
    ticks: int,
    attributes: Sequence[str] = (),
    decoder: str | None = None,
) -> bytes:
    """So many octets of 16-bit PCM of what ffmpeg decodes from our payloads, each of which lasts so many ticks."""
    port = _free_ports()
    deadline = time.monotonic() + DEADLINE_S
    arguments = ["-protocol_whitelist", "pipe,udp,rtp", "-analyzeduration", "0", "-probesize", "32"]
    arguments += ["-c:a", decoder] if decoder else []
    arguments += ["-f", "sdp", "-i", "pipe:0", "-flush_packets", "1", "-f", "s16le", "pipe:1"]
    with (
        _process(arguments, _session(port, payload_type, attributes)) as process,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        sender.connect((HOST, port))
        _wait_for_receiver(sender, deadline)
        for number, payload in enumerate(payloads):
            header = struct.pack("!BBHLL", 0x80, payload_type, number & 0xFFFF, ticks * number & 0xFFFFFFFF, 0x5EED)
            sender.send(header + payload)
        return _read(process, octets, deadline)

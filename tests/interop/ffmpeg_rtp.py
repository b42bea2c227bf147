"""RTP over loopback to and from the ffmpeg executable. Each wait has a condition and a deadline."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from rtpcodec import Packetizer, RtpPacket
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.rtp.sequence import sequence_distance
from tests import ffmpeg

DEADLINE_S = 30
HOST = "127.0.0.1"
RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024


def sent(payloads: Iterable[bytes], layout: PayloadFormat, payload_type: int) -> list[RtpPacket]:
    """Return payloads as packets of our stream, whose sequence numbers and timestamps wrap soon."""
    packetizer = Packetizer(layout, payload_type, sequence_number=65_530, timestamp=0xFFFFF000, ssrc=0x5EED)
    return [packet for payload in payloads for packet in packetizer.packetize(payload)]


def packets_of(arguments: list[str], data: bytes) -> list[RtpPacket]:
    """Return the packets that ffmpeg sends for input data, with an encoder and its options."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
        receiver.bind((HOST, 0))
        port = receiver.getsockname()[1]
        ffmpeg.run([*arguments, "-rtpflags", "skip_rtcp", "-f", "rtp", f"rtp://{HOST}:{port}"], data)
        # The sender has ended, so the socket has all packets that arrived over loopback.
        receiver.setblocking(False)
        datagrams = []
        with contextlib.suppress(BlockingIOError):
            while True:
                datagrams.append(receiver.recv(65_536))
    packets = list(map(RtpPacket.parse, datagrams))
    steps = (sequence_distance(one.sequence_number, two.sequence_number) for one, two in pairwise(packets))
    assert set(steps) <= {1}
    return packets


def _free_ports() -> int:
    """Return the lower of two consecutive free ports, of which the upper one is for RTCP."""
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
    """Wait until the port is bound: before that, loopback answers a datagram with an error in the next call."""
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
    packets: Sequence[RtpPacket],
    octets: int,
    *,
    attributes: Sequence[str] = (),
    decoder: str | None = None,
) -> bytes:
    """Return octets of 16-bit PCM that ffmpeg decodes from our packets."""
    port = _free_ports()
    deadline = time.monotonic() + DEADLINE_S
    arguments = ["-protocol_whitelist", "pipe,udp,rtp", "-analyzeduration", "0", "-probesize", "32"]
    arguments += ["-c:a", decoder] if decoder else []
    arguments += ["-f", "sdp", "-i", "pipe:0", "-flush_packets", "1", "-f", "s16le", "pipe:1"]
    with (
        _process(arguments, _session(port, packets[0].payload_type, attributes)) as process,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        sender.connect((HOST, port))
        _wait_for_receiver(sender, deadline)
        for packet in packets:
            sender.send(packet.build())
        return _read(process, octets, deadline)

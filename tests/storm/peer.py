"""The attacker's sockets: plain TCP with precomputed octets, so that one process is as fast as it can be."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import Iterable
from typing import Final

from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER

HOST: Final = "127.0.0.1"
SOURCE: Final = "127.0.0.2"
"""The attacker's address, another one than that of the good calls: also loopback."""
TIMEOUT_S: Final = 2.0
"""For one operation on a socket. An attacker does not wait longer; it opens another connection."""
MASK: Final = bytes.fromhex("37fa213d")
"""Masking key of all frames (RFC 6455 section 5.3), the one of the RFC's example."""
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
START: Final = (
    b'{"event":"start","sequence_number":"1","stream_id":"attack",'
    b'"start":{"call_control_id":"attack","media_format":{"encoding":"PCMU","sample_rate":8000,"channels":1}}}'
)


class Cut(OSError):
    """The endpoint ended a connection or refused a request."""


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, claimed: int | None = None) -> bytes:
    """Make a masked frame; `claimed` replaces the true length in its header."""
    octets = len(payload) if claimed is None else claimed
    first = opcode | (0x80 if fin else 0)
    if octets < 126:
        head = struct.pack("!BB", first, 0x80 | octets)
    elif octets < 65536:
        head = struct.pack("!BBH", first, 0x80 | 126, octets)
    else:
        head = struct.pack("!BBQ", first, 0x80 | 127, octets)
    key = (MASK * (len(payload) // 4 + 1))[: len(payload)]
    masked = (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(len(payload))
    return head + MASK + masked


def request(token: str, target: str = "/", extra: bytes = b"") -> bytes:
    """Make the request of a WebSocket."""
    key = base64.b64encode(bytes(16)).decode()
    head = (
        f"GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{TOKEN_HEADER}: {token}\r\n"
    )
    return head.encode() + extra + b"\r\n"


class Target:
    """The endpoint as the attacker sees it.

    port: where it listens.
    token: what good calls present.
    context: for TLS; None: plain TCP.
    """

    def __init__(self, port: int, token: str, context: ssl.SSLContext | None) -> None:
        self.port = port
        self.token = token
        self.context = context
        self.counts: Counter[str] = Counter()
        """The counters of the attack, for the report."""
        self._sockets: set[socket.socket] = set()

    def connect(self) -> socket.socket:
        """Open a TCP connection."""
        opened = socket.socket()
        self._sockets.add(opened)
        opened.settimeout(TIMEOUT_S)
        opened.bind((SOURCE, 0))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.connect((HOST, self.port))
        self.counts["connections"] += 1
        return opened

    def secure(self, plain: socket.socket) -> socket.socket:
        """Make the TLS handshake, where the endpoint speaks TLS."""
        if self.context is None:
            return plain
        self._sockets.discard(plain)
        secured = self.context.wrap_socket(plain, server_hostname=HOST)
        self._sockets.add(secured)
        return secured

    def upgrade(self, target: str = "/", extra: bytes = b"") -> socket.socket:
        """Open a WebSocket with the token."""
        opened = self.secure(self.connect())
        opened.sendall(request(self.token, target, extra))
        self.read_head(opened)
        return opened

    def call(self, target: str = "/") -> socket.socket:
        """Open a WebSocket, and start a stream of PCMU on it."""
        opened = self.upgrade(target)
        opened.sendall(frame(TEXT, START))
        self.counts["calls"] += 1
        return opened

    def read_head(self, opened: socket.socket) -> None:
        """Read the head of an answer. Raises Cut unless it is 101."""
        head = b""
        while b"\r\n\r\n" not in head:
            octets = opened.recv(4096)
            if not octets:
                raise Cut("the connection was closed before the answer")
            head += octets
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise Cut("the request was refused")

    def push(self, opened: socket.socket, octets: bytes) -> None:
        """Send everything, and discard what comes back meanwhile."""
        left = memoryview(octets)
        opened.setblocking(False)
        while left:
            readable, writable, _ = select.select([opened], [opened], [], TIMEOUT_S)
            if not readable and not writable:
                raise Cut("the endpoint does not read")
            if readable:
                self.discard(opened)
            if writable:
                with contextlib.suppress(BlockingIOError):
                    left = left[opened.send(left) :]
        self.counts["octets"] += len(octets)

    def discard(self, opened: socket.socket) -> None:
        """Read what is there. Raises Cut at the end of the connection."""
        with contextlib.suppress(BlockingIOError):
            if not opened.recv(1 << 18):
                raise Cut("the connection was closed")

    def alive(self, sockets: Iterable[socket.socket]) -> list[socket.socket]:
        """Return the connections that are still open, and close the others."""
        kept = []
        poll = select.poll()
        watched = {opened.fileno(): opened for opened in sockets}
        for number in watched:
            poll.register(number, select.POLLIN)
        ready = dict(poll.poll(0))
        for number, opened in watched.items():
            try:
                if number in ready:
                    opened.setblocking(False)
                    self.discard(opened)
            except OSError:
                self.close(opened)
            else:
                kept.append(opened)
        return kept

    def close(self, opened: socket.socket) -> None:
        """Close a connection."""
        self._sockets.discard(opened)
        opened.close()
        self.counts["ended"] += 1

    def reset(self, opened: socket.socket) -> None:
        """Close a connection with RST."""
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close(opened)

    def close_all(self) -> None:
        """Close all connections."""
        for opened in tuple(self._sockets):
            self.close(opened)


def pause(seconds: float) -> None:
    """Wait, so that an attack of a given rate keeps it."""
    time.sleep(seconds)

"""A carrier on loopback that fails once per attempt, and records which commands took effect.

It executes a command at most once per command_id (docs/carrier.md, rule C9). `prepare` sets the fault of the next
attempt; these tests call it in place of the client's sleep, so nothing has to wait.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

OK = b'{"data":{"result":"ok"}}'
ERROR = b'{"errors":[{"code":"10011","title":"Too many requests"}]}'
HUGE_OCTETS = (1 << 20) + 4096


@dataclass(frozen=True)
class Fault:
    """The fault of one attempt; `effect`: the command is executed before it."""

    name: str
    effect: bool = False
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cut: bool = False
    """Whether the body is shorter than its header says."""


@dataclass
class FaultyCarrier:
    """Serves one connection after the other; `effects` are the command_ids of executed commands."""

    command_ids: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = self._listening(0)
        self.port: int = self._listener.getsockname()[1]
        self._faults: Iterator[Fault] = iter(())
        self._serving: threading.Thread | None = None
        self._hung: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2"

    def plan(self, faults: list[Fault]) -> None:
        """Begin a run with these faults, one per attempt."""
        self.command_ids.clear()
        self.effects.clear()
        self._faults = iter(faults)

    def prepare(self) -> Fault:
        """Set up the next attempt: listen, or refuse connections. Returns its fault."""
        self.settle()
        fault = next(self._faults)
        if fault.name == "refuse":
            self._listener.close()
            return fault
        if self._listener.fileno() < 0:
            self._listener = self._listening(self.port)
        self._serving = threading.Thread(target=self._serve, args=(fault,))
        self._serving.start()
        return fault

    def settle(self) -> None:
        """Wait until this side has finished the previous attempt."""
        if self._serving is not None:
            self._serving.join()
            self._serving = None
        for hung in self._hung:
            hung.close()
        self._hung.clear()

    def close(self) -> None:
        self.settle()
        self._listener.close()

    def _listening(self, port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.settimeout(20)
        listener.bind(("127.0.0.1", port))
        listener.listen(8)
        return listener

    def _serve(self, fault: Fault) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(20)
        if fault.name == "drop early":
            # Not before the first octet: a reset within connect is a refusal to the client.
            connection.recv(1)
            _reset(connection)
            return
        head, _, body = _request(connection)
        self._judge(head, body, effect=fault.effect)
        if fault.name == "hang":
            self._hung.append(connection)
        elif fault.name == "drop":
            _reset(connection)
        else:
            # The client is allowed to close before it has read everything.
            with contextlib.suppress(OSError), connection:
                connection.sendall(_response(fault))

    def _judge(self, head: bytes, body: bytes, *, effect: bool) -> None:
        command_id = msgspec.json.decode(body)["command_id"]
        self.authorizations += [
            line for line in head.decode().split("\r\n") if line.lower().startswith("authorization:")
        ]
        self.command_ids.append(command_id)
        if effect and command_id not in self.effects:
            self.effects.append(command_id)


def _reset(connection: socket.socket) -> None:
    """Close with a reset, as a failing machine does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _request(connection: socket.socket) -> tuple[bytes, int, bytes]:
    octets = b""
    while b"\r\n\r\n" not in octets:
        octets += connection.recv(65536)
    head, _, body = octets.partition(b"\r\n\r\n")
    (length,) = (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return head, length, body


def _response(fault: Fault) -> bytes:
    length = len(fault.body) + (1000 if fault.cut else 0)
    headers = "".join(f"{name}: {value}\r\n" for name, value in fault.headers)
    head = f"HTTP/1.1 {fault.status} x\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
    return head.encode() + fault.body

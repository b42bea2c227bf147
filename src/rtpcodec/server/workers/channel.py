"""The socket between a supervisor and one worker: the `WorkerSpec`, then lines of JSON in both directions.

supervisor -> worker    {"path": [...], "number": 1, "listener": 5, "table": 6, "octets": 512}, then the pickled spec
{"do": "statistics"}, {"do": "leave"}, {"do": "drain"}, {"do": "close"}
worker -> supervisor    {"ready": {"grace_s": 25.0}}, {"failed": "..."}, {"draining": true}
{"statistics": {...}, "cpu_s": 1.5}
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any, Final

LONGEST_LINE_OCTETS: Final = 1 << 20
"""Limit on one line, which is a few KiB in practice."""
READ_OCTETS: Final = 1 << 16


def line(**members: Any) -> bytes:
    """Return a message as a line."""
    return json.dumps(members).encode() + b"\n"


class WorkerChannel:
    """The worker's end."""

    __slots__ = ("_buffer", "_socket")

    def __init__(self, opened: socket.socket) -> None:
        """Take over the socket, which blocks until `spec` has returned."""
        self._socket = opened
        self._buffer = b""

    def spec(self) -> tuple[dict[str, Any], bytes]:
        """Return the first message and the pickled spec. Raises EOFError if the supervisor has ended."""
        while b"\n" not in self._buffer:
            self._fill()
        text, _, self._buffer = self._buffer.partition(b"\n")
        first: dict[str, Any] = json.loads(text)
        while len(self._buffer) < first["octets"]:
            self._fill()
        spec, self._buffer = self._buffer[: first["octets"]], self._buffer[first["octets"] :]
        self._socket.setblocking(False)
        return first, spec

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return self._socket.fileno()

    def received(self) -> Iterator[dict[str, Any]]:
        """Yield the received messages. Raises EOFError if the supervisor has ended."""
        try:
            self._fill()
        except (BlockingIOError, InterruptedError):
            return
        while b"\n" in self._buffer:
            text, _, self._buffer = self._buffer.partition(b"\n")
            yield json.loads(text)

    def send(self, **members: Any) -> None:
        """Send a message. It is lost if the supervisor is gone or does not read."""
        try:
            self._socket.sendall(line(**members))
        except OSError:
            return

    def _fill(self) -> None:
        try:
            read = self._socket.recv(READ_OCTETS)
        except ConnectionError:
            read = b""
        if not read:
            raise EOFError("the supervisor has ended")
        self._buffer += read

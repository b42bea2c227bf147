"""What a contender is given by its process."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BACKLOG = 512
PICOWS: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "use_aiofastnet": False}
"""How picows listens: on uvloop's own transports. They cost no more, and aiofastnet 1.2 resets connections after
others were cut with unread data."""


@dataclass(frozen=True)
class Serving:
    """How to serve."""

    codec: str
    chunk_ms: int
    options: dict[str, Any]
    folder: Path
    """For files, which are deleted with the process."""
    version: str

    async def on(self, port: int) -> None:
        """Say where we listen, and never return."""
        print(json.dumps({"port": port, "version": self.version}), flush=True)
        await asyncio.Event().wait()


def bound_socket() -> socket.socket:
    """Return a listening socket on loopback."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    listening.setblocking(False)
    return listening


def port_of(listening: socket.socket) -> int:
    """Return where it listens."""
    port: int = listening.getsockname()[1]
    return port

"""A scripted TCP server on loopback: each connection is answered by a function of the test."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE_S = 30.0
"""A client that is still connected after this time has no deadline."""
CERTIFICATE = Path(__file__).parents[1] / "server" / "loopback.pem"

Answer = Callable[["Peer"], None]


@dataclass
class Peer:
    """One accepted connection; `released` ends its waits."""

    socket: socket.socket
    released: threading.Event

    def drip(self, octets: bytes, pause_s: float = 0.01) -> None:
        """Send `octets` again and again until the client leaves."""
        while not self.released.wait(pause_s):
            self.socket.sendall(octets)

    def hang(self) -> None:
        """Send nothing until the test ends."""
        self.released.wait(PATIENCE_S)

    def read_request(self) -> bytes:
        """Read until the end of a request's head."""
        head = b""
        while b"\r\n\r\n" not in head and (part := self.socket.recv(65536)):
            head += part
        return head


@dataclass
class ScriptedServer:
    """Accepts connections and gives each to `answer` in a thread of its own."""

    answer: Answer
    tls: bool = False
    accepted: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _listener: socket.socket = field(default_factory=socket.socket)

    @property
    def url(self) -> str:
        return f"http{'s' * self.tls}://127.0.0.1:{self._listener.getsockname()[1]}/v2"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.accepted += 1
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE_S)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self.tls:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(CERTIFICATE)
                connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
            self.answer(Peer(connection, self.released))

    def _start(self, act: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=act, args=args)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> ScriptedServer:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._start(self._accept)
        return self

    def __exit__(self, *failure: object) -> None:
        self.released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


@contextlib.contextmanager
def serving(answer: Answer, *, tls: bool = False) -> Iterator[ScriptedServer]:
    """Serve while the block runs."""
    with ScriptedServer(answer, tls) as server:
        yield server

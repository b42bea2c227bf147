"""A real HTTP server on loopback that records requests and answers as the test sets it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rtpcodec.client import transport

SUCCESS = b'{"data":{"result":"ok"}}'


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class RecordingCarrier(ThreadingHTTPServer):
    """`respond` writes one answer; `released` ends answers that hang."""

    daemon_threads = False

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.released = threading.Event()
        self.respond: Callable[[BaseHTTPRequestHandler], None] = lambda handler: write(handler, 200, SUCCESS)
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v2"

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.respond = lambda handler: write(handler, status, body, **headers)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing about clients that closed early, as some tests do."""


def write(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    named = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    handler.send_response(status)
    for name, value in named.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20
    server: RecordingCarrier

    def _record(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(self.command, self.path, headers, body))
        self.server.respond(self)

    def do_GET(self) -> None:
        self._record()

    def do_PUT(self) -> None:
        self._record()

    def do_POST(self) -> None:
        self._record()

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture(params=transport.LIBRARIES)
def http_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test with each HTTP library. One that is not installed fails: the test extra installs both."""
    name: str = request.param
    monkeypatch.setattr(transport, "LIBRARIES", (name,))
    return name


@pytest.fixture
def carrier(http_library: str) -> Iterator[RecordingCarrier]:
    with RecordingCarrier() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TELNYX_API_KEY", "TELNYX_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)

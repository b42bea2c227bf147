"""Opening WebSockets in memory: addresses, headers, refusals, servers and clients that fail."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Mapping
from typing import Any

import pytest

from rtpcodec.errors import HandshakeRefused, RtpcodecError
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import PRIVATE_PORTS
from rtpcodec.pump.memory_socket import MemorySocket
from tests.pump.recorder import Recorder, accept, keep, network, refuse, settle


def test_the_server_sees_target_and_headers() -> None:
    seen: list[tuple[str, Mapping[str, str]]] = []

    def admit(target: str, headers: Mapping[str, str]) -> type[Recorder]:
        seen.append((target, headers))
        return Recorder

    async def main() -> None:
        network().listen("voice.example", 443, admit)
        await network().connect("wss://Voice.Example/media?call=1", {"X-Token": "secret"}, Recorder)
        await network().connect("wss://voice.example", {}, Recorder)

    run_virtual(main())
    assert [target for target, _ in seen] == ["/media?call=1", "/"]
    headers = seen[0][1]
    assert headers["x-token"] == headers["X-TOKEN"] == "secret"
    assert "x-TOKEN" in headers
    assert "other" not in headers
    assert dict(headers) == {"X-Token": "secret"}
    assert len(headers) == 1
    assert repr(headers) == "Headers(X-Token)"


def test_dialling_yields_once_even_where_it_fails() -> None:
    """Code that relies on being alone until `connect` returns would fail on a real network."""

    async def main() -> list[str]:
        steps: list[str] = []
        asyncio.get_running_loop().call_soon(steps.append, "other")
        with pytest.raises(ConnectionRefusedError):
            await network().connect("ws://localhost:1/", {}, Recorder)
        steps.append("refused")
        return steps

    assert run_virtual(main()) == ["other", "refused"]


def test_an_address_without_a_listener_refuses_the_connection() -> None:
    async def main() -> None:
        with pytest.raises(ConnectionRefusedError, match="nothing serves localhost port 80") as refused:
            await network().connect("ws://127.0.0.1/", {}, Recorder)
        assert refused.value.errno == errno.ECONNREFUSED

    run_virtual(main())


def test_refusal_carries_status_and_body() -> None:
    async def main() -> None:
        listener = network().listen("localhost", 0, refuse(401))
        with pytest.raises(HandshakeRefused, match="refused the WebSocket with HTTP status 401") as refused:
            await network().connect(f"ws://localhost:{listener.port}/", {}, Recorder)
        assert (refused.value.status, refused.value.body) == (401, b"why")
        assert isinstance(refused.value, ConnectionError)
        assert isinstance(refused.value, RtpcodecError)

    run_virtual(main())


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("http://localhost/", "the URL has scheme 'http', 'ws' or 'wss' is needed"),
        ("localhost:80", "the URL has scheme 'localhost', 'ws' or 'wss' is needed"),
        ("ws:///path", "the URL has no host"),
        ("ws://localhost:99999/", "Port out of range"),
    ],
)
def test_urls_that_are_not_a_web_sockets(url: str, text: str) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match=text):
            await network().connect(url, {}, Recorder)

    run_virtual(main())


def test_free_ports_differ_and_are_not_reused_at_once() -> None:
    async def main() -> list[int]:
        ports = []
        for _ in range(3):
            listener = network().listen("localhost", 0, accept)
            ports.append(listener.port)
            listener.close()
        network().listen("localhost", PRIVATE_PORTS[3], accept)
        ports.append(network().listen("localhost", 0, accept).port)
        return ports

    assert run_virtual(main()) == [PRIVATE_PORTS[index] for index in (0, 1, 2, 4)]


def test_free_ports_run_out() -> None:
    async def main() -> None:
        for _ in PRIVATE_PORTS:
            network().listen("localhost", 0, accept)
        with pytest.raises(OSError, match="all 16384 private ports are in use"):
            network().listen("localhost", 0, accept)

    run_virtual(main())


@pytest.mark.parametrize(
    ("first", "second", "clashes"),
    [
        ("localhost", "localhost", True),
        ("localhost", "127.0.0.1", True),
        ("127.0.0.1", "::1", True),
        ("0.0.0.0", "voice.example", True),
        ("voice.example", "", True),
        ("::", "0.0.0.0", True),
        ("voice.example", "other.example", False),
    ],
)
def test_address_in_use(first: str, second: str, clashes: bool) -> None:
    async def main() -> None:
        listener = network().listen(first, 8080, accept)
        network().listen(first, 8081, accept)
        if clashes:
            with pytest.raises(OSError, match="port 8080 is in use") as used:
                network().listen(second, 8080, accept)
            assert used.value.errno == errno.EADDRINUSE
        listener.close()
        listener.close()
        network().listen(second, 8080, accept)

    run_virtual(main())


def test_a_listener_for_every_host_answers_for_each_name() -> None:
    async def main() -> int:
        listener = network().listen("0.0.0.0", 80, accept)
        for host in ("localhost", "voice.example", "[::1]"):
            await network().connect(f"ws://{host}/", {}, Recorder)
        listener.close()
        with pytest.raises(ConnectionRefusedError):
            await network().connect("ws://localhost/", {}, Recorder)
        return listener.port

    assert run_virtual(main()) == 80


@pytest.mark.parametrize("place", ["admit", "acceptor"])
def test_a_server_that_fails_refuses_with_500_and_reports_the_exception(place: str) -> None:
    def fail(*_: object) -> Any:
        raise ZeroDivisionError(place)

    async def main() -> list[str]:
        failures: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(str(context["exception"])))
        network().listen("localhost", 80, fail if place == "admit" else lambda _target, _headers: fail)
        with pytest.raises(HandshakeRefused) as refused:
            await network().connect("ws://localhost/", {}, Recorder)
        assert refused.value.status == 500
        return failures

    assert run_virtual(main()) == [place]


def test_a_client_that_fails_is_lost_to_the_server() -> None:
    recorders: list[Recorder] = []

    def serve(socket: MemorySocket) -> Recorder:
        recorders.append(Recorder(socket))
        socket.send("hello")
        return recorders[0]

    def fail(_socket: MemorySocket) -> Recorder:
        raise ZeroDivisionError

    async def main() -> None:
        network().listen("localhost", 80, lambda _target, _headers: serve)
        with pytest.raises(ZeroDivisionError):
            await network().connect("ws://localhost/", {}, fail)
        await settle()

    run_virtual(main())
    assert recorders[0].log == ["lost"]


def test_texts_that_are_sent_before_the_other_end_has_a_receiver_arrive() -> None:
    def greet(socket: MemorySocket) -> Recorder:
        recorder = Recorder(socket)
        socket.send("hello")
        return recorder

    async def main() -> list[str]:
        network().listen("localhost", 80, lambda _target, _headers: greet)
        clients, dial = keep()
        await network().connect("ws://localhost/", {}, dial)
        await settle()
        return clients[0].log

    assert run_virtual(main()) == ["hello"]

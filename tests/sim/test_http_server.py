"""The HTTP interface over real connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from rtpcodec.sim import Carrier, SimulatedCall
from rtpcodec.sim.commands import http_server
from rtpcodec.sim.commands.handler import MAX_BODY_OCTETS
from rtpcodec.sim.commands.http_server import HttpServer
from tests.server.dialler import until
from tests.sim.apps import App, command, listening, run

KEY = {"Authorization": "Bearer KEY_SIM"}
JSON = {"Content-Type": "application/json"}


def with_client(test: Callable[[Carrier, SimulatedCall, httpx.AsyncClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with (
            Carrier() as carrier,
            httpx.AsyncClient(base_url=carrier.base_url, trust_env=False, verify=False) as client,
        ):
            await test(carrier, carrier.new_call(b""), client)

    run(main)


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status", "code"),
    [
        ("POST", "/calls/{id}/actions/streaming_start", JSON, b"{}", 401, "10009"),
        ("POST", "/calls/{id}/actions/streaming_start", {"Authorization": "Bearer no"} | JSON, b"{}", 401, "10009"),
        ("POST", "/calls/{id}/actions/streaming_start", KEY, b"{}", 400, "10029"),
        ("POST", "/calls/{id}/actions/streaming_start", KEY | JSON, b"{", 400, "10023"),
        ("POST", "/calls/{id}/actions/streaming_start", KEY | JSON, b"[]", 400, "10015"),
        ("POST", "/calls/v3:none/actions/streaming_start", KEY | JSON, b"{}", 422, "90015"),
        ("POST", "/calls/{id}/actions/streaming_start", KEY | JSON, b"{}", 422, "10004"),
        ("POST", "/calls/{id}/actions/streaming_stop", KEY | JSON, b"{}", 422, "90048"),
        ("POST", "/calls/{id}/actions/streaming_begin", KEY | JSON, b"{}", 404, "10005"),
        ("GET", "/calls/{id}/actions/streaming_start", KEY, b"", 404, "10005"),
        ("GET", "/calls", KEY | JSON, b"", 404, "10005"),
        ("PUT", "/calls", KEY | JSON, b"{}", 404, "10005"),
        ("PUT", "/calls/{id}/actions/streaming_start", KEY | JSON, b"{}", 404, "10005"),
        ("POST", "/calls/{id}/actions/client_state_update", KEY | JSON, b"{}", 404, "10005"),
        ("PUT", "/calls/{id}/actions/client_state_update", KEY | JSON, b'{"client_state":"?"}', 422, "90017"),
        ("POST", "/calls/dial", KEY | JSON, b"{}", 404, "10005"),
        ("POST", "/../calls/{id}/actions/streaming_start", KEY | JSON, b"{}", 404, "10005"),
        ("POST", "/calls/{id}/actions/streaming_start", KEY | JSON, b" " * (MAX_BODY_OCTETS + 1), 413, "10015"),
    ],
)
def test_refusals(  # noqa: PLR0917 -- a table of requests and their answers
    method: str, path: str, headers: dict[str, str], content: bytes, status: int, code: str
) -> None:
    async def test(_carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        address = path.replace("{id}", call.call_control_id)
        response = await client.request(method, address, headers=headers, content=content)
        assert response.status_code == status
        assert response.headers["content-type"].startswith("application/json")
        (error,) = response.json()["errors"]
        assert error["code"] == code
        assert {"code", "title", "detail"} <= set(error)

    with_client(test)


def test_an_escaped_call_control_id_is_the_same() -> None:
    async def test(_carrier: Carrier, call: SimulatedCall, client: httpx.AsyncClient) -> None:
        escaped = call.call_control_id.replace(":", "%3A")
        response = await client.post(f"/calls/{escaped}/actions/streaming_stop", headers=KEY, json={})
        assert response.json()["errors"][0]["code"] == "90048"

    with_client(test)


def test_the_stream_begins_after_the_answer() -> None:
    """Even if the client is gone: the command was accepted."""

    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(b"")
            host, port = carrier.base_url.removeprefix("http://").removesuffix("/v2").split(":")
            body = f'{{"stream_url":"{app.url}"}}'
            lines = (
                f"POST /v2/calls/{call.call_control_id}/actions/streaming_start HTTP/1.1",
                f"Host: {host}",
                "Authorization: Bearer KEY_SIM",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
            )
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
            await writer.drain()
            writer.transport.abort()
            report = await call.finished()
        assert report.end_reason == "speech_ended"
        assert app.events == ["connected", "start", "stop"]

    run(main)


def test_a_repeated_command_has_no_second_effect() -> None:
    async def main() -> None:
        async with listening(App()) as app, Carrier() as carrier:
            call = carrier.new_call(bytes(3200))
            body: dict[str, Any] = {"stream_url": app.url, "command_id": "one"}
            answers = [await command(carrier, call, "streaming_start", **body) for _ in range(3)]
            await call.finished()
            answers.append(await command(carrier, call, "streaming_start", **body))
            assert [answer.json() for answer in answers] == [{"data": {"result": "ok"}}] * 4
        assert app.events.count("start") == 1

    run(main)


def test_a_client_that_disconnects_within_its_body_is_not_an_error(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Carrier() as carrier:
            host, port = "127.0.0.1", int(carrier.base_url.removesuffix("/v2").rpartition(":")[2])
            _, writer = await asyncio.open_connection(host, port)
            head = f"POST /v2/calls HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100\r\n\r\n"
            writer.write(head.encode() + b"{")
            server = carrier._http
            assert isinstance(server, HttpServer)
            await until(lambda: bool(server._serving))
            writer.transport.abort()
            await until(lambda: not server._serving)
        assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []

    run(main)


@pytest.mark.parametrize(
    "request_so_far", [b"", b"POST /v2/calls HTTP/1.1\r\n", b"POST /v2/calls HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_client_that_never_ends_its_request_does_not_hold_the_end(
    request_so_far: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "SHUTDOWN_TIMEOUT_S", 0.05)

    async def main() -> None:
        async with Carrier() as carrier:
            address = urlsplit(carrier.base_url)
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            writer.write(request_so_far)
            await writer.drain()
        with contextlib.suppress(ConnectionError):
            assert b"200" not in await reader.read()
        writer.close()

    run(main)

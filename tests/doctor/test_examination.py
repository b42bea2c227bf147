"""The doctor as a whole: simulator for the HTTP interface, real sockets of loopback for the rest."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

import rtpcodec
from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER
from rtpcodec.cli.app import main as main_of_cli
from rtpcodec.doctor.examination import examine
from rtpcodec.doctor.finding import Finding, exit_code
from rtpcodec.doctor.settings import DoctorSettings
from rtpcodec.sim import Carrier
from tests.doctor.authority import MIDDLE, client_context, files_of, issue, server_context
from tests.doctor.site import HIDDEN_PATH, KEY, found_by, free_port, results, site


def test_everything_that_is_there_is_ok() -> None:
    port, webhook_port = free_port(), free_port()

    async def main() -> list[Finding]:
        async with Carrier(KEY) as carrier:
            return await examine(
                DoctorSettings(
                    api_key=KEY,
                    base_url=carrier.base_url,
                    public_key=carrier.public_key,
                    stream_url=f"ws://127.0.0.1:{port}{HIDDEN_PATH}",
                    webhook_url=f"http://127.0.0.1:{webhook_port}{HIDDEN_PATH}",
                    port=port,
                    webhook_port=webhook_port,
                    limit_s=30.0,
                )
            )

    found = found_by(main)
    named = ("api key", "clock", "public key", "endpoint port", "stream url", "webhook port")
    assert results(found, *named) == ["ok"] * 6
    assert results(found, "stream endpoint", "stream token", "stream audio", "webhook endpoint") == ["ok"] * 4
    assert "chunks sent" in found["stream audio"].seen
    assert results(found, "stream dns") == ["warning"]
    assert exit_code(found.values()) == 0


def test_without_anything_the_checks_are_skipped_with_their_reason() -> None:
    found = found_by(lambda: examine(DoctorSettings(port=free_port())))
    assert found["api key"].seen == "no key is given"
    assert found["stream endpoint"].result == found["webhook endpoint"].result == "skipped"
    assert all(finding.seen for finding in found.values())
    assert exit_code(found.values()) == 0


def test_a_wrong_key_is_refused() -> None:
    async def main() -> list[Finding]:
        async with Carrier("KEY_other") as carrier:
            return await examine(DoctorSettings(api_key=KEY, base_url=carrier.base_url, port=free_port()))

    found = found_by(main)
    assert found["api key"].result == "failed"
    assert "refuses the key" in found["api key"].seen
    assert exit_code(found.values()) == 1


def test_an_interface_that_is_not_there() -> None:
    settings = DoctorSettings(api_key=KEY, base_url=f"http://127.0.0.1:{free_port()}/v2", port=free_port(), limit_s=5.0)
    found = found_by(lambda: examine(settings))
    assert found["api key"].result == "failed"
    assert "nothing was sent" in found["api key"].seen
    assert found["clock"].result == "skipped"


@pytest.mark.parametrize(
    ("url", "result", "seen"),
    [
        ("http://127.0.0.1:1/", "failed", "has the scheme http"),
        ("gopher://a.example/", "failed", "its scheme is 'gopher'"),
        ("wss:///x", "failed", "it names no host"),
        ("wss://a.example:99999/", "failed", "its host or port cannot be read"),
        ("wss://user:secret@a.invalid/", "failed", "has a user name"),
        ("wss://a.invalid/#x", "failed", "has a fragment"),
        (f"wss://a.invalid/{'x' * 2000}", "failed", "characters"),
        ("ws://a.invalid/", "warning", "ws://a.invalid is not encrypted"),
    ],
)
def test_the_form_of_the_url(url: str, result: str, seen: str) -> None:
    found = found_by(lambda: examine(DoctorSettings(stream_url=url, port=free_port())))
    assert found["stream url"].result == result
    assert seen in found["stream url"].seen
    assert found["stream endpoint"].result == "skipped"
    assert "secret" not in repr(found)


def test_a_name_that_does_not_exist() -> None:
    # The top-level domain `invalid` never resolves (RFC 6761 section 6.4).
    found = found_by(lambda: examine(DoctorSettings(stream_url="wss://media.invalid/", port=free_port(), limit_s=30.0)))
    assert found["stream dns"].result == "failed"
    assert "media.invalid does not exist" in found["stream dns"].seen
    assert found["stream endpoint"].result == "skipped"


def test_an_endpoint_with_its_own_certificate(tmp_path: Path) -> None:
    port = free_port()
    settings = DoctorSettings(
        stream_url=f"wss://localhost:{port}/",
        port=port,
        certificate=files_of(tmp_path, issue("leaf", MIDDLE), MIDDLE),
        limit_s=30.0,
    )
    found = found_by(lambda: examine(settings, client_context()))
    assert results(found, "certificate file", "stream tls", "stream endpoint", "stream audio") == ["ok"] * 4


def test_an_endpoint_whose_chain_is_not_whole(tmp_path: Path) -> None:
    port = free_port()
    settings = DoctorSettings(
        stream_url=f"wss://localhost:{port}/", port=port, certificate=files_of(tmp_path, issue("leaf", MIDDLE))
    )
    found = found_by(lambda: examine(settings, client_context()))
    assert found["stream tls"].result == "failed"
    assert found["stream endpoint"].result == "skipped"


PROXIES: list[tuple[int, str]] = [
    (502, "the proxy does not reach its target"),
    (302, "without a redirect"),
    (404, "have the proxy or tunnel pass this path"),
    (200, "have the proxy or tunnel pass this path"),
]


@pytest.mark.parametrize(("status", "remedy"), PROXIES)
def test_a_proxy_that_does_not_lead_here(status: int, remedy: str) -> None:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "/"} if status == 302 else None)

    async def main() -> list[Finding]:
        async with site(answer) as port:
            return await examine(DoctorSettings(stream_url=f"ws://127.0.0.1:{port}/", port=free_port()))

    found = found_by(main)["stream endpoint"]
    assert found.result == "failed"
    assert f"answers with {status}" in found.seen
    assert remedy in found.remedy


def passed_on(port: int, drop: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Make a proxy that drops some headers, and does not support WebSockets: it forwards a plain request."""

    async def answer(request: web.Request) -> web.StreamResponse:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        kept = {name: value for name, value in request.headers.items() if name.lower() not in drop}
        lines = [f"GET {request.path_qs} HTTP/1.1", *(f"{name}: {value}" for name, value in kept.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        status = (await reader.readline()).split()[1]
        writer.close()
        return web.Response(status=int(status) if int(status) > 199 else 500)

    return answer


@pytest.mark.parametrize(
    ("drop", "seen", "remedy"),
    [
        (TOKEN_HEADER, f"requests arrive without the header {TOKEN_HEADER}", "pass all request headers"),
        ("upgrade, connection", "requests arrive, but the upgrade was answered with", "pass WebSockets"),
    ],
)
def test_a_proxy_that_drops_headers(drop: str, seen: str, remedy: str) -> None:
    port = free_port()

    async def main() -> list[Finding]:
        async with site(passed_on(port, drop)) as public:
            return await examine(DoctorSettings(stream_url=f"ws://127.0.0.1:{public}/", port=port, limit_s=30.0))

    found = found_by(main)["stream endpoint"]
    assert found.result == "failed"
    assert seen in found.seen
    assert remedy in found.remedy


@pytest.mark.parametrize("use", ["stream", "webhook"])
def test_a_proxy_with_a_certificate_of_its_own(use: str, tmp_path: Path) -> None:
    async def main() -> list[Finding]:
        pem = files_of(tmp_path, issue("leaf"))
        server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=server_context(pem))
        async with server:
            where = f"localhost:{server.sockets[0].getsockname()[1]}/"
            stream_url = f"wss://{where}" if use == "stream" else None
            webhook_url = f"https://{where}" if use == "webhook" else None
            settings = DoctorSettings(stream_url=stream_url, webhook_url=webhook_url, port=free_port(), limit_s=30.0)
            return await examine(settings, client_context())

    found = found_by(main)
    assert found[f"{use} tls"].result == "failed"
    assert "is self-signed" in found[f"{use} tls"].seen
    assert found[f"{use} endpoint"].result == "skipped"


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main_of_cli(["doctor", "--json", "--port", str(free_port()), "--legs", "opposite"]) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert all(one.keys() == {"name", "result", "seen", "remedy"} for one in checks)
    assert {one["name"]: one["result"] for one in checks}["plan legs"] == "warning"


def test_the_command_prints_a_table_and_fails_with_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main_of_cli(["doctor", "--port", str(free_port()), "--url", "http://a.invalid/hidden-path"]) == 1
    out = capsys.readouterr().out
    assert "1 failed" in out
    assert "hidden-path" not in out


async def silent(call: rtpcodec.Call) -> None:
    async for _ in call.audio():
        pass


@pytest.mark.parametrize(
    ("given", "endpoint_result", "token_result"),
    [("token-of-the-endpoint", "ok", "ok"), ("another", "failed", "ok"), (None, "ok", "ok")],
)
def test_an_endpoint_that_runs_already(given: str | None, endpoint_result: str, token_result: str) -> None:
    async def main() -> list[Finding]:
        async with rtpcodec.serve(silent, authorize="token-of-the-endpoint") as endpoint:
            return await examine(DoctorSettings(stream_url=endpoint.url, port=endpoint.port, token=given, limit_s=30.0))

    found = found_by(main)
    assert results(found, "endpoint port", "stream endpoint", "stream token") == ["ok", endpoint_result, token_result]
    assert "in use by a server that answers /healthz with 200" in found["endpoint port"].seen


def test_an_endpoint_that_accepts_any_token() -> None:
    async def main() -> list[Finding]:
        async with rtpcodec.serve(silent) as endpoint:
            return await examine(DoctorSettings(stream_url=endpoint.url, port=endpoint.port, limit_s=30.0))

    assert results(found_by(main), "stream endpoint", "stream token") == ["ok", "warning"]


def test_a_port_that_another_program_holds() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        found = found_by(lambda: examine(DoctorSettings(port=port, limit_s=0.2)))["endpoint port"]
    assert found.result == "failed"
    assert "does not speak HTTP" in found.seen


def test_a_host_that_is_not_of_this_machine() -> None:
    found = found_by(lambda: examine(DoctorSettings(host="host.invalid", port=1)))["endpoint port"]
    assert (found.result, found.remedy) == ("failed", "correct --host")

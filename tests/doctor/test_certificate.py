"""The TLS check names each fault of a chain, on a real socket of loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from rtpcodec.doctor.checks.certificate import check_certificate
from rtpcodec.doctor.checks.certificate_file import check_certificate_file
from rtpcodec.doctor.finding import Finding
from rtpcodec.doctor.network.address import Address
from tests.doctor.authority import MIDDLE, ROOT, Issued, client_context, files_of, issue, server_context

LIMIT_S = 30.0


def checked(pem: Path, scheme: str = "wss") -> Finding:
    async def main() -> Finding:
        server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=server_context(pem))
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await check_certificate("stream", Address(scheme, "localhost", port, "/"), LIMIT_S, client_context())

    return asyncio.run(main())


@pytest.mark.parametrize("scheme", ["wss", "https"])
def test_a_valid_chain(tmp_path: Path, scheme: str) -> None:
    found = checked(files_of(tmp_path, issue("leaf", MIDDLE), MIDDLE), scheme)
    assert found.result == "ok"
    assert "the chain is valid for 90 more days" in found.seen


def test_a_chain_that_ends_soon_is_a_warning(tmp_path: Path) -> None:
    found = checked(files_of(tmp_path, issue("leaf", MIDDLE, days=5), MIDDLE))
    assert (found.result, found.remedy) == ("warning", "renew the certificate")
    assert "for 5 more days" in found.seen


FAULTS: list[tuple[Issued, tuple[Issued, ...], str, str]] = [
    (issue("leaf", MIDDLE, days=-1, begun_days=9), (MIDDLE,), "has expired", "renew it"),
    (issue("leaf", MIDDLE, begun_days=-1), (MIDDLE,), "is not valid yet", "clock"),
    (issue("leaf", MIDDLE, host="other.example"), (MIDDLE,), "is for another host", "names the host"),
    (issue("leaf"), (), "is self-signed", "public authority"),
    (issue("leaf", MIDDLE), (), "sends no intermediate certificate", "fullchain.pem"),
    (
        issue("leaf", root := issue("foreign", is_authority=True)),
        (root,),
        "a root that this machine does not trust",
        "public authority",
    ),
]


@pytest.mark.parametrize(("leaf", "chain", "seen", "remedy"), FAULTS, ids=[fault[2] for fault in FAULTS])
def test_a_fault_of_the_chain_is_named(
    tmp_path: Path, leaf: Issued, chain: tuple[Issued, ...], seen: str, remedy: str
) -> None:
    found = checked(files_of(tmp_path, leaf, *chain))
    assert found.result == "failed"
    assert seen in found.seen
    assert remedy in found.remedy


def test_a_server_without_tls() -> None:
    async def main() -> Finding:
        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello\r\n")
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            return await check_certificate("stream", Address("wss", "localhost", port, "/"), LIMIT_S)

    found = asyncio.run(main())
    assert found.result == "failed"
    assert "TLS" in found.seen + found.remedy


def test_a_server_that_never_answers_ends_with_the_limit() -> None:
    async def main() -> Finding:
        ends = asyncio.Event()

        async def hang(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await ends.wait()
            writer.close()

        server = await asyncio.start_server(hang, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            try:
                return await check_certificate("stream", Address("wss", "localhost", port, "/"), 0.05)
            finally:
                ends.set()

    assert asyncio.run(main()).result == "failed"


def test_the_root_itself_needs_no_chain(tmp_path: Path) -> None:
    assert checked(files_of(tmp_path, issue("leaf", ROOT))).result == "ok"


def test_the_files_of_an_endpoint(tmp_path: Path) -> None:
    pem = files_of(tmp_path, issue("leaf", ROOT))
    other = tmp_path / "other"
    other.mkdir()
    foreign_key = files_of(other, issue("other", ROOT))
    assert check_certificate_file(pem, None).result == "ok"
    assert "not a PEM pair" in check_certificate_file(pem, foreign_key).seen
    assert "No such file" in check_certificate_file(tmp_path / "none.pem", None).seen
    assert check_certificate_file(None, None).result == "skipped"

"""Certificates that are exchanged while calls run."""

from __future__ import annotations

import pickle
import ssl
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.errors import EndpointError
from rtpcodec.server import Call, TlsFiles
from tests.server.certificates import write_pair
from tests.server.dialler import LOOPS, call, refused_with, run
from tests.server.test_tls import server_context


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play(audio.pcm)


def trusting(path: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)


@pytest.mark.parametrize("loop", LOOPS)
def test_new_connections_get_the_new_certificate_and_calls_continue(tmp_path: Path, loop: str) -> None:
    path = tmp_path / "pair.pem"
    write_pair(path)
    old = trusting(path)

    async def main() -> None:
        async with (
            rtpcodec.serve(echo, ssl=TlsFiles(path)) as endpoint,
            call(endpoint.url, ssl=old) as carrier,
        ):
            assert endpoint.url.startswith("wss:")
            write_pair(path)
            assert await refused_with(endpoint.url, ssl=old) == 101, "nothing was read again yet"
            endpoint.reload_tls()
            with pytest.raises(ssl.SSLCertVerificationError):
                await refused_with(endpoint.url, ssl=old)
            assert await refused_with(endpoint.url, ssl=trusting(path)) == 101
            await carrier.media(b"\x12" * 160)
            assert await carrier.payload() == b"\x12" * 160

    run(main, loop)


def test_a_broken_pair_changes_nothing(tmp_path: Path) -> None:
    path, other = tmp_path / "pair.pem", tmp_path / "other.pem"
    write_pair(path)
    write_pair(other)
    good = trusting(path)
    halves = other.read_text("ascii").partition("-----BEGIN CERTIFICATE-----")

    async def main() -> None:
        async with rtpcodec.serve(echo, ssl=TlsFiles(path)) as endpoint:
            mixed = path.read_text("ascii").partition("-----BEGIN CERTIFICATE-----")[0] + "".join(halves[1:])
            for content in (mixed, "", "not PEM"):
                path.write_text(content, "ascii")
                with pytest.raises(EndpointError, match=r"pair\.pem and its key are not a PEM pair: "):
                    endpoint.reload_tls()
                assert await refused_with(endpoint.url, ssl=good) == 101
            path.unlink()
            with pytest.raises(FileNotFoundError):
                endpoint.reload_tls()
            assert await refused_with(endpoint.url, ssl=good) == 101

    run(main)


def test_an_encrypted_key_needs_its_password_and_never_asks_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "pair.pem"
    write_pair(path, b"open sesame")
    for password in (None, "wrong"):
        with pytest.raises(EndpointError, match="are not a PEM pair"):
            TlsFiles(path, password=password)
    files = TlsFiles(path, password="open sesame")
    assert "sesame" not in repr(files)


def test_files_are_pickled_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "pair.pem"
    write_pair(path)
    restored = pickle.loads(pickle.dumps(TlsFiles(path)))
    assert isinstance(restored.context, ssl.SSLContext)
    assert repr(restored) == f"<TlsFiles {str(path)!r}>"


@pytest.mark.parametrize("context", [None, server_context()], ids=["no TLS", "a context"])
def test_without_files_there_is_nothing_to_read_again(context: ssl.SSLContext | None) -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo, ssl=context) as endpoint:
            with pytest.raises(EndpointError, match=r"^ssl is not a TlsFiles, so there are no files to read again$"):
                endpoint.reload_tls()

    run(main)

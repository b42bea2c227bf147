"""wss:// with the certificate beside this file: self-signed, for loopback only, valid for 100 years."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from websockets.exceptions import InvalidMessage

import rtpcodec
from rtpcodec.server import Call
from tests.server.dialler import LOOPS, call, dial, raw, run

CERTIFICATE = Path(__file__).with_name("loopback.pem")


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play(audio.pcm)


def server_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=CERTIFICATE)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # the default of Python 3.13 and later
    return context


@pytest.mark.parametrize("loop", LOOPS)
def test_an_echo_works_over_tls(loop: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo, ssl=server_context()) as endpoint:
            assert endpoint.url == f"wss://127.0.0.1:{endpoint.port}/"
            async with call(endpoint.url, ssl=client_context()) as carrier:
                for _ in range(10):
                    await carrier.media(b"\x12" * 160)
                for _ in range(10):
                    assert await carrier.payload() == b"\x12" * 160
                await carrier.stop()
                assert await carrier.close_code() == 1000

    run(main, loop)


def test_failed_tls_handshakes_do_not_affect_other_calls() -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo, ssl=server_context()) as endpoint:
            with pytest.raises(ssl.SSLCertVerificationError):
                async with dial(endpoint.url, ssl=ssl.create_default_context()):
                    pass
            with pytest.raises(InvalidMessage):
                async with dial(f"ws://127.0.0.1:{endpoint.port}/"):
                    pass
            async with raw(endpoint.port) as socket:
                socket.write(b"not TLS at all\r\n\r\n")
                assert b"HTTP" not in await socket.reader.read()
            async with call(endpoint.url, ssl=client_context()) as carrier:
                await carrier.media()
                await carrier.payload()
            assert endpoint.statistics().calls_taken == 1

    run(main)

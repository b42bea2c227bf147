"""RFC 6455 octet by octet over a real socket: frames, close codes and handshakes that the endpoint refuses."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

import rtpcodec
from rtpcodec.server import Call
from tests.pump.frames import (
    BINARY,
    BROKEN,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    RSV1,
    TEXT,
    VALID_CODES,
    Broken,
    Frame,
    close,
    frames_to_end,
    next_frame,
)
from tests.server import dialler
from tests.server.dialler import RawSocket, pending_timers, raw, until
from tests.server.test_limits import DTMF, START, Listener
from tests.server.test_tls import client_context, server_context

TOKEN = "a token of the test"


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test, and wait for the timer by which picows cuts a connection 10 ms after a broken rule."""

    async def settled() -> None:
        await main()
        await until(lambda: len(pending_timers()) <= 1)  # the time limit of the test itself

    dialler.run(settled)


def write(socket: RawSocket, *frames: Frame) -> None:
    """Send frames in one piece, so that the endpoint finds them in one buffer."""
    socket.write(b"".join(frame.octets(from_client=True) for frame in frames))


async def exchange(frames: Sequence[Frame], **settings: Any) -> tuple[list[Frame], Listener]:
    """Begin a call, send frames, and return the answers up to the end of the connection."""
    listener = Listener()
    async with rtpcodec.serve(listener, **settings) as endpoint, raw(endpoint.port) as socket:
        assert (await socket.upgrade()).startswith("HTTP/1.1 101 ")
        write(socket, Frame(TEXT, START), Frame(PING, b"ready"))
        assert await next_frame(socket.reader) == Frame(PONG, b"ready")
        write(socket, *frames)
        answers: list[Frame] = []
        while not answers or answers[-1].opcode != CLOSE:
            answers.append(await next_frame(socket.reader))
        write(socket, Frame(CLOSE, answers[-1].payload[:2]))
        answers += await frames_to_end(socket.reader)
    return answers, listener


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_ends_the_connection_with_its_code(broken: Broken) -> None:
    async def main() -> None:
        answers, listener = await exchange(broken.frames)
        assert [(answer.opcode, answer.payload[:2]) for answer in answers] == [(CLOSE, broken.code.to_bytes(2))]
        assert listener.kinds == ["Started", "Malformed", "Stopped"]
        (malformed,) = listener.malformed
        assert malformed.rule == broken.rule
        assert broken.detail in malformed.detail

    run(main)


def test_frames_behind_a_broken_one_are_ignored() -> None:
    async def main() -> None:
        behind = (Frame(TEXT, DTMF), Frame(PING, b"behind"), Frame(TEXT, b"\xff"), Frame(BINARY, b"x"))
        answers, listener = await exchange((Frame(TEXT, DTMF, reserved=0x40), *behind))
        assert [(answer.opcode, answer.payload) for answer in answers] == [(CLOSE, (1002).to_bytes(2))]
        assert listener.kinds == ["Started", "Malformed", "Stopped"]

    run(main)


def test_frames_before_a_broken_one_count() -> None:
    async def main() -> None:
        for broken in (Frame(3), Frame(TEXT, DTMF, reserved=0x40)):
            answers, listener = await exchange((Frame(TEXT, DTMF), Frame(TEXT, DTMF), broken))
            assert [answer.payload[:2] for answer in answers] == [(1002).to_bytes(2)]
            assert listener.kinds == ["Started", "Dtmf", "Dtmf", "Malformed", "Stopped"]

    run(main)


def test_frames_behind_a_close_frame_are_ignored() -> None:
    async def main() -> None:
        answers, listener = await exchange((close(1000), Frame(TEXT, DTMF), Frame(PING, b"behind")))
        assert [(answer.opcode, answer.payload) for answer in answers] == [(CLOSE, (1000).to_bytes(2))]
        assert listener.kinds == ["Started", "Disconnected", "Stopped"]

    run(main)


@pytest.mark.parametrize("code", VALID_CODES)
def test_a_valid_close_code_is_echoed(code: int) -> None:
    async def main() -> None:
        answers, listener = await exchange((close(code, "Grüße".encode()),))
        assert [(answer.opcode, answer.payload) for answer in answers] == [(CLOSE, code.to_bytes(2))]
        assert listener.kinds == ["Started", "Disconnected", "Stopped"]

    run(main)


def test_a_close_frame_without_a_code_is_answered_with_1000() -> None:
    async def main() -> None:
        answers, listener = await exchange((Frame(CLOSE),))
        assert [(answer.opcode, answer.payload) for answer in answers] == [(CLOSE, (1000).to_bytes(2))]
        assert listener.kinds == ["Started", "Disconnected", "Stopped"]

    run(main)


@pytest.mark.parametrize("octets", [0, 1, 125])
def test_a_ping_is_answered_with_its_own_octets(octets: int) -> None:
    async def main() -> None:
        ping = Frame(PING, bytes(range(octets)))
        within = (Frame(TEXT, DTMF[:9], fin=False), ping, Frame(PONG), Frame(CONTINUATION, DTMF[9:]))
        answers, listener = await exchange((ping, *within, close(1000)))
        assert [answer.payload for answer in answers if answer.opcode == PONG] == [ping.payload] * 2
        assert listener.kinds == ["Started", "Dtmf", "Disconnected", "Stopped"]

    run(main)


def test_an_invalid_code_that_answers_our_close_frame_is_not_reported() -> None:
    """The stream has ended; the connection ends at once."""
    listener = Listener()

    async def leave(call: Call) -> None:
        await listener(call)

    async def main() -> None:
        async with rtpcodec.serve(leave) as endpoint, raw(endpoint.port) as socket:
            await socket.upgrade()
            write(socket, Frame(TEXT, START), Frame(TEXT, b'{"event":"stop"}'))
            assert await next_frame(socket.reader) == close(1000)
            write(socket, close(5000), close(1000), Frame(TEXT, DTMF))
            assert [frame.opcode for frame in await frames_to_end(socket.reader)] in ([], [CLOSE])
        assert listener.kinds == ["Started", "Stopped"]

    run(main)


KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
REQUEST = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
    "x-telnyx-streaming-auth-token": TOKEN,
}


async def answer_to(port: int, lines: Sequence[tuple[str, str]]) -> str:
    """Send a GET request, and return the head of the answer."""
    async with raw(port) as http:
        text = "".join(f"{name}: {value}\r\n" for name, value in lines)
        http.write(f"GET / HTTP/1.1\r\n{text}\r\n".encode())
        return (await http.reader.readuntil(b"\r\n\r\n")).decode()


def status_of(head: str) -> int:
    return int(head.split()[1])


@pytest.mark.parametrize("name", [*(name for name in REQUEST if name != "Connection"), "Origin", "Authorization"])
def test_a_repeated_header_of_the_handshake_is_refused(name: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener(), authorize=TOKEN) as endpoint:
            request = list(REQUEST.items())
            value = REQUEST.get(name, "https://example.com")
            for spelling in (name, name.lower(), name.upper()):
                twice = [*request, *([] if name in REQUEST else [(name, value)]), (spelling, value)]
                assert status_of(await answer_to(endpoint.port, twice)) == 400
            assert endpoint.statistics().calls_taken == 0

    run(main)


def test_headers_that_are_lists_may_be_repeated() -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener(), authorize=TOKEN) as endpoint:
            repeated = [
                ("Connection", "keep-alive"),
                *REQUEST.items(),
                ("Sec-WebSocket-Extensions", "permessage-deflate"),
                ("Sec-WebSocket-Extensions", "x-other"),
                ("X-Forwarded-For", "192.0.2.1"),
                ("X-Forwarded-For", "192.0.2.2"),
            ]
            head = await answer_to(endpoint.port, repeated)
            assert status_of(head) == 101
            assert "extensions" not in head.lower(), "no extension is offered"

    run(main)


def test_a_request_without_host_is_refused() -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener(), authorize=TOKEN) as endpoint:
            request = [(name, value) for name, value in REQUEST.items() if name != "Host"]
            assert status_of(await answer_to(endpoint.port, request)) == 400

    run(main)


@pytest.mark.parametrize("version", ["7", "8", "12", "14", "013", "13, 8", ""])
def test_another_version_is_answered_with_ours(version: str) -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener(), authorize=TOKEN) as endpoint:
            head = await answer_to(endpoint.port, list((REQUEST | {"Sec-WebSocket-Version": version}).items()))
            assert status_of(head) == 426
            assert "Sec-WebSocket-Version: 13\r\n" in head

    run(main)


@pytest.mark.parametrize(
    "changed",
    [
        {"Sec-WebSocket-Key": ""},
        {"Sec-WebSocket-Key": "AAAA"},
        {"Sec-WebSocket-Key": f"{KEY}, {KEY}"},
        {"Upgrade": "h2c"},
        {"Connection": "close"},
    ],
    ids=["no key", "a short key", "two keys in one header", "another protocol", "no upgrade"],
)
def test_a_handshake_that_is_not_for_a_websocket_is_refused(changed: dict[str, str]) -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener(), authorize=TOKEN) as endpoint:
            assert status_of(await answer_to(endpoint.port, list((REQUEST | changed).items()))) == 400

    run(main)


def over_tls(port: int, octets: bytes) -> ssl.SSLSocket:
    """Open a WebSocket and send octets, without reading anything but the answer to the request."""
    secured = client_context().wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
    secured.sendall(
        "\r\n".join(["GET / HTTP/1.1", *(f"{name}: {value}" for name, value in REQUEST.items()), "", ""]).encode()
    )
    secured.recv(4096)
    secured.sendall(octets)
    return secured


@pytest.mark.parametrize("loop", dialler.LOOPS)
@pytest.mark.parametrize(
    "broken",
    [Frame(3), Frame(TEXT, START, wrong_mask=True), Frame(TEXT, START, reserved=RSV1)],
    ids=["opcode", "mask", "bits"],
)
def test_a_peer_that_breaks_a_rule_and_never_ends_tls_loses_its_call(
    broken: Frame, loop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtpcodec.server.tcp_server.TLS_END_S", 0.1)
    monkeypatch.setattr("rtpcodec.stream.machine.CLOSE_TIMEOUT_MS", 100.0)

    async def main() -> None:
        async with rtpcodec.serve(Listener(), ssl=server_context()) as endpoint:
            octets = Frame(TEXT, START).octets(from_client=True) + broken.octets(from_client=True)
            with await asyncio.to_thread(over_tls, endpoint.port, octets):
                await until(lambda: endpoint.statistics().calls_taken == 1)
                async with asyncio.timeout(20):
                    await until(lambda: endpoint.statistics().calls_running == 0)
            assert endpoint.statistics().protocol_errors == 1

    dialler.run(main, loop)


def test_broken_rules_end_a_connection_over_tls() -> None:
    async def main() -> None:
        async with rtpcodec.serve(Listener(), ssl=server_context()) as endpoint:
            for broken in (Frame(TEXT, START, reserved=RSV1), close(5000), Frame(TEXT, b"\xff"), Frame(3)):
                reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port, ssl=client_context())
                peer = RawSocket(reader, writer)
                assert (await peer.upgrade()).startswith("HTTP/1.1 101 ")
                write(peer, broken)
                answer = await next_frame(reader)
                assert answer.payload[:2] == (1007 if broken.payload == b"\xff" else 1002).to_bytes(2)
                write(peer, Frame(CLOSE, answer.payload[:2]))
                assert await frames_to_end(reader) == []
                writer.close()
                await writer.wait_closed()

    run(main)

"""The doctor's own connections: every step ends within its limit, whatever the other side does."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from rtpcodec.doctor.network.address import Address, is_loopback, is_public
from rtpcodec.doctor.network.listener import HookListener
from rtpcodec.doctor.network.request import MAX_BODY_OCTETS, NotHttp, ResponseHead, ask
from rtpcodec.doctor.network.threads import in_thread


def asked(answer: bytes, limit_s: float = 30.0, *, hangs: bool = False) -> ResponseHead:
    """Send a request to a server that answers with these octets, and then closes or hangs."""

    async def main() -> ResponseHead:
        ends = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                writer.write(answer)
                await writer.drain()
                if hangs:
                    await ends.wait()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            try:
                return await ask(Address("http", "127.0.0.1", port, "/"), "GET", {}, limit_s=limit_s)
            finally:
                ends.set()

    return asyncio.run(main())


def test_an_answer() -> None:
    head = asked(b"HTTP/1.1 200 OK\r\nX-A:  b \r\nContent-Length: 2\r\n\r\nhi and more")
    assert (head.status, head.fields["x-a"], head.body) == (200, "b", b"hi")


def test_a_body_without_length_ends_with_the_connection_or_the_limit_on_octets() -> None:
    assert asked(b"HTTP/1.0 404 Not Found\r\n\r\nnothing").body == b"nothing"
    assert len(asked(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(2 * MAX_BODY_OCTETS)).body) == MAX_BODY_OCTETS


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 100_000])
def test_a_server_that_is_not_http(answer: bytes) -> None:
    with pytest.raises(NotHttp):
        asked(answer)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nA: b\r\n", b"HTTP/1.1 200 OK\r\n\r\nx"])
def test_a_server_that_sends_slowly_ends_with_the_limit(answer: bytes) -> None:
    with pytest.raises(TimeoutError):
        asked(answer, 0.05, hangs=True)


def test_a_lookup_without_end_is_abandoned() -> None:
    ends = threading.Event()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await in_thread(ends.wait, 0.05)

    asyncio.run(main())
    ends.set()


def test_an_error_of_the_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 // 0, 30.0))
    assert asyncio.run(in_thread(lambda: 7, 30.0)) == 7


def test_a_client_that_never_ends_its_request_does_not_hold_the_end() -> None:
    async def main() -> list[bytes]:
        taken: list[bytes] = []

        def take(_target: str, _fields: dict[str, str], body: bytes) -> bytes:
            taken.append(body)
            return b"nonce"

        async with HookListener("127.0.0.1", 0, take) as listener:
            _, slow = await asyncio.open_connection("127.0.0.1", listener.port)
            slow.write(b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
            address = Address("http", "127.0.0.1", listener.port, "/")
            assert (await ask(address, "POST", {}, b"whole", limit_s=30.0)).body == b"nonce"
        slow.close()
        return taken

    assert asyncio.run(main()) == [b"whole"]


@pytest.mark.parametrize(
    "request_head",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"\xff" * 70_000,
    ],
)
def test_a_broken_request_is_dropped(request_head: bytes) -> None:
    async def main() -> bytes:
        async with HookListener("127.0.0.1", 0, lambda _target, _fields, _body: b"ok") as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            writer.write(request_head)
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
            address = Address("http", "127.0.0.1", listener.port, "/")
            return (await ask(address, "GET", {}, limit_s=30.0)).body

    assert asyncio.run(main()) == b"ok"


def test_a_body_in_chunks() -> None:
    async def main() -> list[tuple[str, bytes]]:
        taken: list[tuple[str, bytes]] = []

        def take(target: str, _fields: dict[str, str], body: bytes) -> bytes:
            taken.append((target, body))
            return b""

        async with HookListener("127.0.0.1", 0, take) as listener:
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            head = b"POST /a?b=c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            writer.write(head + b"3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            await reader.read()
            writer.close()
        return taken

    assert asyncio.run(main()) == [("/a?b=c", b"abc0123456789")]


def test_which_addresses_are_public() -> None:
    assert is_public("8.8.8.8")
    assert not any(map(is_public, ("10.0.0.1", "127.0.0.1", "fe80::1%eth0", "192.0.2.1", "::1", "name")))
    assert all(map(is_loopback, ("127.0.0.1", "::1", "127.9.9.9")))
    assert not any(map(is_loopback, ("10.0.0.1", "name")))


def test_an_address_shows_no_path() -> None:
    address = Address.of("wss://media.example.com:8443/secret?token=x")
    assert (address.shown, address.target) == ("wss://media.example.com:8443", "/secret?token=x")
    assert Address.of("ws://[::1]/").shown == "ws://[::1]"

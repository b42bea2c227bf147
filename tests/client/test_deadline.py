"""Every attempt of a command ends by its deadline, whatever the other side does, in both clients."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rtpcodec.client import AsyncCallControl, CallControl, Command, Retry, transport
from rtpcodec.client.command import action, hangup
from rtpcodec.client.deadline import Deadline
from rtpcodec.client.deadline_transport import deadline_transport
from rtpcodec.errors import CommandError, CommandRefused, CommandUnreachable, OutcomeUnknown
from tests.client.scripted_server import CERTIFICATE, PATIENCE_S, Peer, serving

KEY = "KEY0123456789_abcdefghij"
TIMEOUT_S = 0.1
HEAD = b"HTTP/1.1 500 Oops\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n" + b'{"data":{"result":"ok"}}'


def blocking(command: Command[Any], settings: dict[str, Any]) -> CommandError:
    with CallControl(KEY, **settings) as control, pytest.raises(CommandError) as caught:
        control.send(command)
    return caught.value


def awaited(command: Command[Any], settings: dict[str, Any]) -> CommandError:
    async def main() -> CommandError:
        async with AsyncCallControl(KEY, **settings) as control:
            with pytest.raises(CommandError) as caught:
                await control.send(command)
        return caught.value

    return asyncio.run(main())


Client = Callable[[Command[Any], dict[str, Any]], CommandError]


@pytest.fixture(params=[blocking, awaited])
def fail(request: pytest.FixtureRequest) -> Callable[..., CommandError]:
    """Send a command that must fail, and fail long before the server's patience ends."""
    client: Client = request.param

    def send(url: str, command: Command[Any] | None = None, **settings: Any) -> CommandError:
        given = {"timeout_s": TIMEOUT_S, "retry": Retry(0), **settings, "base_url": url}
        before_s = time.monotonic()
        error = client(command or hangup("v3:x", command_id="once"), given)
        assert time.monotonic() - before_s < PATIENCE_S / 2
        return error

    return send


def dripping(start: bytes, drip: bytes, pause_s: float = 0.01) -> Callable[[Peer], None]:
    """Answer with `start` at once, and with `drip` for ever."""

    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.socket.sendall(start)
        peer.drip(drip, pause_s)

    return answer


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BEFORE_A_STATUS = {
    "silence": (b"", b""),
    "status line": (b"HTTP/1.1 500 ", b"a"),
    "header lines": (HEAD, b"X: y\r\n"),
    "one header": (HEAD + b"X: ", b"y"),
    "100": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
}
AFTER_A_STATUS = {
    "body": (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
    "body until the end": (HEAD + b"Connection: close\r\n\r\n", b" "),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "chunk extension": (CHUNKED + b"1;", b"x"),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n"),
}


@pytest.mark.parametrize("name", BEFORE_A_STATUS)
def test_an_answer_that_is_slow_before_its_status_leaves_the_outcome_unknown(
    fail: Callable[..., CommandError], name: str
) -> None:
    with serving(dripping(*BEFORE_A_STATUS[name])) as server:
        error = fail(server.url)
    assert isinstance(error, CommandUnreachable)
    assert error.command_id == "once"


@pytest.mark.parametrize("name", ["silence", "header lines", "103"])
def test_the_other_library_keeps_the_deadline_as_well(
    fail: Callable[..., CommandError], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LIBRARIES", transport.LIBRARIES[1:])
    with serving(dripping(*BEFORE_A_STATUS[name])) as server:
        assert isinstance(fail(server.url), CommandUnreachable)
        error = fail(server.url.replace("http:", "https:"))
    assert isinstance(error, CommandUnreachable)
    assert error.nothing_sent


@pytest.mark.parametrize("name", AFTER_A_STATUS)
def test_an_answer_that_is_slow_after_its_status_ends_with_it(fail: Callable[..., CommandError], name: str) -> None:
    with serving(dripping(*AFTER_A_STATUS[name])) as server:
        error = fail(server.url, timeout_s=0.2)
    assert isinstance(error, CommandRefused | CommandUnreachable)
    assert error.command_id == "once"


@pytest.mark.parametrize("drip", [BEFORE_A_STATUS["103"][1], b"X: y\r\n", b"\r\n"])
def test_an_answer_without_end_at_full_speed(fail: Callable[..., CommandError], drip: bytes) -> None:
    with serving(dripping(b"", drip * 1000, 0.0)) as server:
        assert isinstance(fail(server.url), CommandError)


def test_a_tls_peer_that_never_shakes_hands_got_nothing(fail: Callable[..., CommandError]) -> None:
    with serving(Peer.hang) as server:
        error = fail(server.url.replace("http:", "https:"))
    assert isinstance(error, CommandUnreachable)
    assert error.nothing_sent


def test_a_tls_handshake_that_is_slow(fail: Callable[..., CommandError]) -> None:
    def record_without_end(peer: Peer) -> None:
        peer.socket.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")
        peer.drip(b"\0")

    with serving(record_without_end) as server:
        error = fail(server.url.replace("http:", "https:"))
    assert isinstance(error, CommandUnreachable)
    assert error.nothing_sent


@pytest.mark.parametrize("name", ["103", "header lines"])
def test_an_answer_over_tls_that_is_slow(
    fail: Callable[..., CommandError], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with serving(dripping(*BEFORE_A_STATUS[name]), tls=True) as server:
        assert isinstance(fail(server.url), CommandUnreachable)


def test_a_peer_that_does_not_read(fail: Callable[..., CommandError]) -> None:
    with serving(Peer.hang) as server:
        error = fail(server.url, action("v3:x", "transfer", to="1" * (1 << 24)))
    assert isinstance(error, CommandUnreachable)


def test_a_peer_that_reads_octet_by_octet(fail: Callable[..., CommandError]) -> None:
    def read_slowly(peer: Peer) -> None:
        while not peer.released.wait(0.01) and peer.socket.recv(1):
            pass

    with serving(read_slowly) as server:
        error = fail(server.url, action("v3:x", "transfer", to="1" * (1 << 24)))
    assert isinstance(error, CommandUnreachable)


@contextlib.contextmanager
def full_backlog() -> Iterator[str]:
    """Yield a listener that answers no further SYN."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v2"


def test_a_connection_that_is_not_accepted_got_nothing(fail: Callable[..., CommandError]) -> None:
    with full_backlog() as url:
        error = fail(url, connect_timeout_s=60.0)
    assert isinstance(error, CommandUnreachable)
    assert error.nothing_sent


def test_each_attempt_has_the_deadline(fail: Callable[..., CommandError]) -> None:
    retry = Retry(2, random=lambda: 0.0)
    with serving(dripping(*BEFORE_A_STATUS["103"])) as server:
        error = fail(server.url, retry=retry, **no_sleep(fail))
        assert server.accepted == 3
    assert error.attempts == 3


def no_sleep(_fail: object) -> dict[str, Any]:
    class Slept:
        """Do nothing, with `await` or without."""

        def __await__(self) -> Iterator[None]:
            return iter(())

    return {"sleep": lambda _wait_s: Slept()}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["its answer", "after its answer"])
def test_a_proxy_that_sends_slowly(
    fail: Callable[..., CommandError], scheme: str, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(dripping(start, BEFORE_A_STATUS["103"][1])) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.url.removesuffix("/v2"))
        error = fail(f"{scheme}://carrier.invalid/v2")
        assert proxy.accepted
    assert isinstance(error, CommandUnreachable | CommandRefused | CommandError)


def test_a_kept_connection_has_the_deadline_of_its_next_command() -> None:
    def good_then_dripping(peer: Peer) -> None:
        peer.read_request()
        peer.socket.sendall(OK)
        peer.read_request()
        peer.drip(BEFORE_A_STATUS["103"][1])

    with (
        serving(good_then_dripping) as server,
        CallControl(KEY, base_url=server.url, timeout_s=1.0, retry=Retry(0)) as control,
    ):
        assert control.hangup("v3:x").result == "ok"
        with pytest.raises(OutcomeUnknown):
            control.hangup("v3:x")
        assert server.accepted == 1


def test_a_lookup_without_end_is_abandoned(http_library: str) -> None:
    """The system's resolver cannot be interrupted; a thread waits for it in place of the caller."""
    released = threading.Event()

    def look_up(_host: str, _port: int) -> list[str]:
        released.wait(PATIENCE_S)
        return []

    library = transport.http_library("test")
    deadline = Deadline()
    client = library.Client(transport=deadline_transport(library, deadline, None, look_up))
    with client, deadline.within(TIMEOUT_S), pytest.raises(library.ConnectTimeout, match="lookup of the host"):
        client.get("http://carrier.invalid/")
    released.set()


def test_addresses_that_do_not_answer_leave_time_for_the_others(http_library: str) -> None:
    library = transport.http_library("test")
    deadline = Deadline()

    def good(peer: Peer) -> None:
        peer.read_request()
        peer.socket.sendall(OK)

    with serving(good) as server:
        lookup = lambda _host, _port: ["127.0.0.2", "127.0.0.1"]  # noqa: E731 -- refused, then there
        client = library.Client(transport=deadline_transport(library, deadline, None, lookup))
        with client, deadline.within(PATIENCE_S):
            assert client.get(server.url.replace("127.0.0.1", "carrier.invalid")).status_code == 200


def test_a_host_without_an_address_is_not_connected(http_library: str) -> None:
    library = transport.http_library("test")
    deadline = Deadline()
    client = library.Client(transport=deadline_transport(library, deadline, None, lambda _host, _port: []))
    with client, deadline.within(PATIENCE_S), pytest.raises(library.ConnectError, match="has no address"):
        client.get("http://carrier.invalid/")


def test_a_deadline_belongs_to_its_thread_and_an_inner_one_only_shortens() -> None:
    deadline = Deadline()
    with deadline.within(10.0):
        with deadline.within(1000.0):
            assert deadline.left_s() <= 10.0
        with deadline.within(0.0), pytest.raises(TimeoutError, match="the deadline has passed"):
            deadline.left_s()
        others: list[float] = []
        thread = threading.Thread(target=lambda: others.append(deadline.left_s()))
        thread.start()
        thread.join()
        assert others == [float("inf")]
        assert deadline.left_s() <= 10.0

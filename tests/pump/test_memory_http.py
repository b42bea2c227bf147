"""HTTP in memory: requests, answers, and servers that fail."""

from __future__ import annotations

import asyncio
import errno
from contextvars import ContextVar

import pytest

from rtpcodec.errors import HandshakeRefused
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from tests.pump.recorder import Recorder, accept, network, refuse


async def mirror(request: MemoryRequest) -> MemoryAnswer:
    """Answer with the method, a header and the reversed body of the request."""
    return MemoryAnswer(200, {"X-Method": request.method, "X-Key": request.headers["x-key"]}, request.body[::-1])


def test_request_and_answer() -> None:
    seen: list[MemoryRequest] = []

    async def handle(request: MemoryRequest) -> MemoryAnswer:
        seen.append(request)
        return await mirror(request)

    async def main() -> MemoryAnswer:
        network().serve_http("https://api.example", handle)
        return await network().request("POST", "https://API.example/v2/calls?x=1", {"X-Key": "secret"}, b"abc")

    assert run_virtual(main()) == MemoryAnswer(200, {"X-Method": "POST", "X-Key": "secret"}, b"cba")
    assert seen[0].target == "/v2/calls?x=1"
    assert repr(seen[0]) == "MemoryRequest(method='POST')"


def test_nothing_serves_the_origin() -> None:
    async def main() -> None:
        listener = network().serve_http("http://api.example", mirror)
        listener.close()
        for url in ("http://api.example/", "https://api.example/"):
            with pytest.raises(ConnectionRefusedError, match=r"nothing serves api\.example port (80|443)"):
                await network().request("GET", url, {})

    run_virtual(main())


def test_origins_are_served_once_and_port_0_is_a_free_one() -> None:
    async def main() -> None:
        first = network().serve_http("http://localhost:0", mirror)
        second = network().serve_http("http://localhost:0", mirror)
        assert first.port != second.port
        with pytest.raises(OSError, match=f"localhost port {first.port} is in use") as used:
            network().serve_http(f"http://127.0.0.1:{first.port}", mirror)
        assert used.value.errno == errno.EADDRINUSE
        answer = await network().request("GET", f"http://localhost:{second.port}", {"x-key": "k"})
        assert answer.status == 200

    run_virtual(main())


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ws://localhost", "the URL has scheme 'ws', 'http' or 'https' is needed"),
        ("http://", "the URL has no host"),
    ],
)
def test_urls_that_are_not_https(url: str, text: str) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match=text):
            network().serve_http(url, mirror)
        with pytest.raises(ValueError, match=text):
            await network().request("GET", url, {})

    run_virtual(main())


def test_a_handler_that_fails_is_answered_with_500_and_reported() -> None:
    async def fail(_request: MemoryRequest) -> MemoryAnswer:
        raise ZeroDivisionError("of the handler")

    async def main() -> list[str]:
        failures: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(str(context["exception"])))
        network().serve_http("http://localhost", fail)
        assert await network().request("GET", "http://localhost/", {}) == MemoryAnswer(500)
        return failures

    assert run_virtual(main()) == ["of the handler"]


def test_a_handler_may_cut_the_connection() -> None:
    async def cut(_request: MemoryRequest) -> MemoryAnswer:
        raise ConnectionResetError("cut by the server")

    async def main() -> None:
        network().serve_http("http://localhost", cut)
        with pytest.raises(ConnectionResetError, match="cut by the server"):
            await network().request("GET", "http://localhost/", {})

    run_virtual(main())


@pytest.mark.parametrize("fails", [False, True])
def test_the_server_continues_if_the_client_is_cancelled(fails: bool) -> None:
    """A command may take effect although its answer is lost."""
    done: list[float] = []

    async def slow(_request: MemoryRequest) -> MemoryAnswer:
        await asyncio.sleep(10)
        done.append(asyncio.get_running_loop().time())
        if fails:
            raise ConnectionResetError
        return MemoryAnswer(200)

    async def main() -> None:
        network().serve_http("http://localhost", slow)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(network().request("GET", "http://localhost/", {}), 1)
        await asyncio.sleep(20)

    run_virtual(main())
    assert done == [10]


def test_handlers_run_in_a_copy_of_the_context_of_the_server() -> None:
    side: ContextVar[str] = ContextVar("side")

    async def look(_request: MemoryRequest) -> MemoryAnswer:
        before = side.get()
        side.set("changed by the handler")
        return MemoryAnswer(200, {}, before.encode())

    async def main() -> list[bytes]:
        side.set("server")
        network().serve_http("http://localhost", look)
        side.set("client")
        return [(await network().request("GET", "http://localhost/", {})).body for _ in range(2)]

    assert run_virtual(main()) == [b"server", b"server"]


def test_web_sockets_and_http_at_one_address() -> None:
    """An app takes webhooks and streams on the same port."""

    async def main() -> None:
        network().listen("app.example", 443, accept)
        network().serve_http("https://app.example", mirror)
        await network().connect("wss://app.example/media", {}, Recorder)
        assert (await network().request("POST", "https://app.example/hooks", {"x-key": ""}, b"ab")).body == b"ba"

    run_virtual(main())


def test_an_address_with_http_alone_refuses_web_sockets() -> None:
    async def main() -> None:
        network().serve_http("https://app.example", mirror)
        with pytest.raises(HandshakeRefused) as refused:
            await network().connect("wss://app.example/media", {}, Recorder)
        assert refused.value.status == 404

    run_virtual(main())


def test_an_address_with_web_sockets_alone_answers_as_such_a_server_does() -> None:
    """A health check is a GET that is answered instead of an upgrade."""

    async def main() -> list[int]:
        network().listen("localhost", 80, refuse(200))
        network().listen("localhost", 81, accept)
        return [
            (await network().request(method, url, {})).status
            for method, url in (
                ("GET", "http://localhost/healthz"),
                ("GET", "http://localhost:81/"),
                ("POST", "http://localhost:81/"),
            )
        ]

    assert run_virtual(main()) == [200, 426, 405]


def test_requests_take_no_time_and_may_overlap() -> None:
    async def wait(request: MemoryRequest) -> MemoryAnswer:
        await asyncio.sleep(int(request.body))
        return MemoryAnswer(200, {}, request.body)

    async def main() -> tuple[list[bytes], float]:
        network().serve_http("http://localhost", wait)
        answers = [network().request("POST", "http://localhost/", {}, str(number).encode()) for number in (3, 1, 2)]
        bodies = [(await answer).body for answer in asyncio.as_completed(answers)]
        return bodies, asyncio.get_running_loop().time()

    assert run_virtual(main()) == ([b"1", b"2", b"3"], 3)

"""`rtpcodec.adapters.starlette` and `rtpcodec.adapters.aiohttp` on real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed

from rtpcodec.adapters import aiohttp as aiohttp_adapter
from rtpcodec.adapters import starlette as starlette_adapter
from rtpcodec.errors import EndpointError
from rtpcodec.server import Call, SignedPaths
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS
from tests.adapters.web_hosts import EITHER, HOSTS, Serve, served_by_uvicorn
from tests.census import Census
from tests.server.dialler import call, dial, get, refused_with, run

CHUNK = b"\x55" * 160
TOKEN = "Zm9v-very-secret"
either = pytest.mark.parametrize("serve", EITHER.values(), ids=EITHER.keys())
every = pytest.mark.parametrize("serve", HOSTS.values(), ids=HOSTS.keys())


class Seen:
    """A handler that echoes, and keeps what it saw of its call."""

    def __init__(self) -> None:
        self.path = ""
        self.headers: Mapping[str, str] = {}
        self.events: list[str] = []
        self.end_reason: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    async def __call__(self, call: Call) -> None:
        self.path, self.headers = call.path, call.headers
        async for audio in call.audio():
            call.play(audio)
        self.end_reason.set_result(call.end_reason)


@every
def test_a_call_is_echoed_and_ends_with_its_stop(serve: Serve) -> None:
    async def main() -> None:
        seen = Seen()
        async with serve(seen, authorize=TOKEN) as url, call(f"{url}?leg=a%20b", token=TOKEN) as carrier:
            await carrier.media(CHUNK)
            assert await carrier.payload() == CHUNK
            await carrier.stop()
            assert await carrier.close_code() == 1000
            assert await seen.end_reason == "carrier_stop"
        assert seen.path == "/media?leg=a%20b"
        assert seen.headers["X-Telnyx-Streaming-Auth-Token"] == TOKEN

    run(main)


@every
@pytest.mark.parametrize("headers", [{}, {"x-telnyx-streaming-auth-token": "another"}], ids=["missing", "wrong"])
def test_a_wrong_token_is_refused_before_the_upgrade(serve: Serve, headers: dict[str, str]) -> None:
    async def main() -> None:
        async with serve(Seen(), authorize=TOKEN) as url:
            assert await refused_with(url, headers=headers) == 401

    run(main)


@either
def test_a_web_page_is_refused_if_nothing_authorizes(serve: Serve) -> None:
    async def main() -> None:
        async with serve(Seen()) as url:
            assert await refused_with(url, headers={"Origin": "https://page.example"}) == 403
            assert await refused_with(url) == 101

    run(main)


@either
def test_a_function_authorizes_by_headers_and_path(serve: Serve) -> None:
    async def main() -> None:
        async with serve(Seen(), authorize=lambda headers, path: headers["X-KEY"] + path == "1/media?a=1") as url:
            assert await refused_with(f"{url}?a=1", headers={"x-key": "1"}) == 101
            assert await refused_with(f"{url}?a=2", headers={"x-key": "1"}) == 401
            assert await refused_with(url) == 500

    run(main)


def test_a_route_takes_paths_that_cannot_be_guessed() -> None:
    """docs/fastapi.md: a path per call, for carriers that send no token."""

    async def main() -> None:
        paths = SignedPaths(bytes(32))
        route = starlette_adapter.media_route("/media/{rest:path}", Seen(), authorize=paths.authorize)
        async with served_by_uvicorn(Starlette(routes=[route])) as url:
            signed = url.removesuffix("/media") + SignedPaths(bytes(32)).new("/media/tenant-1")
            assert await refused_with(signed) == 101
            assert await refused_with(signed) == 401
            assert await refused_with(f"{url}/guessed") == 401

    run(main)


@either
def test_a_binary_frame_is_dropped_and_the_call_continues(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serve(Seen()) as url, call(url) as carrier:
            await carrier.socket.send(b"octets")
            await carrier.socket.send([b"octets ", b"in fragments"])
            await carrier.socket.ping()
            await carrier.media(CHUNK)
            assert await carrier.payload() == CHUNK

    run(main)
    assert "a binary frame, messages are text" in caplog.text


@either
@pytest.mark.parametrize(("ending", "reason"), [("abort", "socket_lost"), ("close", "socket_closed")])
def test_the_handler_learns_how_the_socket_ended(serve: Serve, ending: str, reason: str) -> None:
    async def main() -> None:
        seen = Seen()
        async with serve(seen) as url, call(url) as carrier:
            await carrier.media(CHUNK)
            await carrier.payload()
            if ending == "abort":
                carrier.socket.transport.abort()
            else:
                await carrier.socket.close()
            assert await seen.end_reason == reason

    run(main)


@either
def test_a_handler_that_fails_closes_the_socket_with_1011(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_call: Call) -> None:
        raise ValueError("broken")

    async def main() -> None:
        async with serve(fail) as url, call(url) as carrier:
            assert await carrier.close_code() == 1011

    run(main)
    assert "the handler failed" in caplog.text


@either
def test_a_handler_that_returns_closes_while_the_carrier_still_sends(serve: Serve) -> None:
    """The close frame must arrive, although the carrier's media are never read."""

    async def leave(call: Call) -> None:
        async for _ in call.audio():
            return

    async def main() -> None:
        async with serve(leave) as url, call(url) as carrier:
            for _ in range(200):
                await carrier.media(CHUNK)
            assert await carrier.close_code() == 1000

    run(main)


@either
def test_plain_functions_handle_audio_and_events(serve: Serve) -> None:
    kinds: list[str] = []

    async def main() -> None:
        async with (
            serve(
                on_audio=lambda call, audio: call.play(audio),
                on_event=lambda _, event: kinds.append(type(event).__name__),
            ) as url,
            call(url) as carrier,
        ):
            await carrier.media(CHUNK)
            assert await carrier.payload() == CHUNK
            await carrier.stop()
            await carrier.close_code()

    run(main)
    assert kinds[0] == "Started"
    assert kinds[-1] == "Stopped"


@either
def test_a_silent_peer_is_closed_by_the_idle_time_out(serve: Serve) -> None:
    async def main() -> None:
        seen = Seen()
        async with serve(seen, idle_timeout_s=0.1, ping_interval_s=None) as url, call(url) as carrier:
            assert await carrier.close_code() == 1008
            assert await seen.end_reason == "idle_timeout"

    run(main)


@either
def test_nothing_of_an_ended_call_lives(serve: Serve) -> None:
    async def main() -> None:
        async with serve(Seen()) as url:

            async def one() -> None:
                async with call(url) as carrier:
                    await carrier.media(CHUNK)
                    await carrier.next("media")
                    await carrier.stop()
                    await carrier.close_code()

            await one()
            with Census() as census:
                await one()
                assert await census.settled() == []

    run(main)


async def _never(_call: Call) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    "options",
    [{"authorize": ""}, {"on_handler_end": "hangup"}, {"max_queue_ms": 1.0}, {"max_calls": 1}, {"on_audio": print}],
    ids=lambda options: next(iter(options)),
)
def test_contradictions_are_found_before_the_first_call(options: dict[str, Any]) -> None:
    with pytest.raises(EndpointError):
        starlette_adapter.media_route("/media", _never, **options)
    with pytest.raises(EndpointError):
        aiohttp_adapter.media_handler(_never, **options)


def test_a_websocket_of_a_fastapi_function_is_served() -> None:
    async def main() -> None:
        app, seen = FastAPI(), Seen()

        @app.websocket("/media")
        async def media(websocket: WebSocket) -> None:
            await starlette_adapter.serve_websocket(websocket, seen, authorize=TOKEN)

        media.__annotations__ = {"websocket": WebSocket}
        async with served_by_uvicorn(app) as url:
            assert await refused_with(url) == 401
            async with call(url, token=TOKEN) as carrier:
                await carrier.media(CHUNK)
                assert await carrier.payload() == CHUNK

    run(main)


def test_a_server_that_cannot_send_another_status_answers_403() -> None:
    async def main() -> None:
        async def without_extension(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {}
            await route.app(scope, receive, send)

        route = starlette_adapter.media_route("/media", Seen(), authorize=TOKEN)
        async with served_by_uvicorn(without_extension) as url:
            assert await refused_with(url) == 403
            assert await refused_with(url, token=TOKEN) == 101

    run(main)


def test_aiohttp_pings_a_silent_peer_and_cuts_one_that_vanished() -> None:
    async def main() -> None:
        seen = Seen()
        async with EITHER["aiohttp"](seen, ping_interval_s=0.05) as url, dial(url) as carrier:
            await carrier.start()
            await carrier.media(CHUNK)
            await carrier.payload()
            carrier.socket.transport.pause_reading()  # no pong comes any more
            assert await seen.end_reason == "socket_lost"
            carrier.socket.transport.resume_reading()

    run(main)


def test_a_message_that_is_too_long_for_aiohttp_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with EITHER["aiohttp"](Seen()) as url, call(url) as carrier:
            with suppress(ConnectionClosed):
                await carrier.socket.send("x" * (MAX_MESSAGE_OCTETS + 1))
            assert await carrier.close_code() == 1009

    run(main)
    assert "malformed message (size)" in caplog.text


def test_a_request_that_is_not_an_upgrade_is_answered_400() -> None:
    async def main() -> None:
        async with EITHER["aiohttp"](Seen()) as url:
            port = int(url.split(":")[2].split("/")[0])
            assert (await get(port, "/media", Connection="close"))[0] == 400

    run(main)

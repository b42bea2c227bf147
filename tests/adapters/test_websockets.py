"""Calls on a server of `websockets`, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.server import serve

from rtpcodec import events
from rtpcodec.adapters.websockets import MediaCalls, media_handler, serve_websocket
from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER
from rtpcodec.server import Call
from tests.pump.frames import PING, PONG, RSV1, TEXT, Frame, close, frames_to_end, next_frame
from tests.server.dialler import CHUNK, call, dial, raw, refused_with, run, until
from tests.server.test_limits import START

TOKEN = "a token of the test"


@asynccontextmanager
async def served(handler: MediaCalls, **options: Any) -> AsyncIterator[str]:
    """Serve calls, and yield their URL."""
    async with serve(handler, "127.0.0.1", 0, **handler.serve_options | options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/media?caller=1"


def port_of(url: str) -> int:
    """Return the port of a URL."""
    return urlsplit(url).port or 0


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play_payload(audio.payload)


class Listener:
    """A handler that keeps the events, and how its call ended."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []
        self.calls: list[Call] = []
        self.end_reason: str | None = None

    async def __call__(self, call: Call) -> None:
        self.calls.append(call)
        self.events.extend([event async for event in call.events()])
        self.end_reason = call.end_reason

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    @property
    def malformed(self) -> list[events.Malformed]:
        return [event for event in self.events if isinstance(event, events.Malformed)]


def test_audio_is_echoed_and_a_stop_ends_the_call() -> None:
    async def main() -> None:
        async with served(media_handler(echo)) as url, call(url) as carrier:
            for shift in range(5):
                await carrier.media(CHUNK[shift:] + CHUNK[:shift])
            assert [await carrier.payload() for _ in range(5)] == [CHUNK[n:] + CHUNK[:n] for n in range(5)]
            await carrier.stop()
            assert await carrier.close_code() == 1000

    run(main)


def test_a_function_per_chunk_is_called_as_on_the_endpoint() -> None:
    async def main() -> None:
        answered = media_handler(on_audio=lambda call, audio: call.play_payload(audio.payload))
        async with served(answered) as url, call(url) as carrier:
            await carrier.media()
            assert await carrier.payload() == CHUNK

    run(main)


def test_a_wrong_token_is_answered_with_401_before_the_upgrade() -> None:
    async def main() -> None:
        listener = Listener()
        async with served(media_handler(listener, authorize=TOKEN)) as url:
            assert await refused_with(url) == 401
            assert await refused_with(url, token="wrong") == 401
            assert await refused_with(url, token=TOKEN) == 101
        assert listener.calls == []

    run(main)


def test_a_repeated_token_is_not_one_of_them() -> None:
    async def main() -> None:
        async with served(media_handler(echo, authorize=TOKEN)) as url, raw(port_of(url)) as socket:
            head = await socket.upgrade(**{TOKEN_HEADER: TOKEN, TOKEN_HEADER.upper(): TOKEN})
            assert head.startswith("HTTP/1.1 401 ")

    run(main)


def test_a_connection_whose_token_was_not_checked_does_not_become_a_call() -> None:
    async def main() -> None:
        listener = Listener()
        async with (
            served(media_handler(listener, authorize=TOKEN), process_request=None) as url,
            dial(url, token=TOKEN) as carrier,
        ):
            assert await carrier.close_code() == 1008
        assert listener.calls == []

    run(main)


def test_path_and_headers_of_the_request_are_those_of_the_call() -> None:
    async def main() -> None:
        listener = Listener()
        async with served(media_handler(listener, authorize=TOKEN)) as url:
            async with call(url, token=TOKEN) as carrier:
                await until(lambda: listener.calls)
                await carrier.stop()
                await carrier.close_code()
            assert listener.calls[0].path == "/media?caller=1"
            assert listener.calls[0].headers["X-Telnyx-Streaming-Auth-Token"] == TOKEN

    run(main)


def test_a_connection_of_a_handler_of_the_user_becomes_a_call() -> None:
    async def main() -> None:
        async with (
            serve(lambda connection: serve_websocket(connection, echo), "127.0.0.1", 0) as server,
            call(f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}") as carrier,
        ):
            await carrier.media()
            assert await carrier.payload() == CHUNK

    run(main)


def test_messages_that_are_not_text_are_reported_and_the_call_continues() -> None:
    async def main() -> None:
        listener = Listener()
        async with served(media_handler(listener)) as url, call(url) as carrier:
            await carrier.socket.send(b"octets")
            await carrier.socket.send("{")
            await carrier.stop()
            assert await carrier.close_code() == 1000
        assert listener.kinds == ["Started", "Malformed", "Malformed", "Stopped"]
        assert [each.rule for each in listener.malformed] == ["text", "json"]

    run(main)


@pytest.mark.parametrize(
    ("octets", "rule", "code"), [(b'{"\xff"}', "utf8", 1007), (b" " * 2000, "size", 1009)], ids=["text", "size"]
)
def test_a_protocol_violation_is_reported(octets: bytes, rule: str, code: int) -> None:
    async def main() -> None:
        listener = Listener()
        async with served(media_handler(listener), max_size=1000) as url, call(url) as carrier:
            await carrier.socket.send(octets, text=True)
            assert await carrier.close_code() == code
            await until(lambda: listener.end_reason)
        assert listener.kinds == ["Started", "Malformed", "Stopped"]
        assert [each.rule for each in listener.malformed] == [rule]

    run(main)


def test_a_peer_that_closes_without_a_stop_is_reported() -> None:
    async def main() -> None:
        listener = Listener()
        async with served(media_handler(listener)) as url:
            async with call(url):
                await until(lambda: listener.calls)
            await until(lambda: listener.end_reason)
        assert listener.end_reason == "socket_closed"
        assert listener.kinds == ["Started", "Disconnected", "Stopped"]

    run(main)


@pytest.mark.parametrize(
    ("end", "reason"),
    [(close(1000), "socket_closed"), (Frame(TEXT, b"{}", reserved=RSV1), "protocol_error")],
    ids=["close", "breach"],
)
def test_a_peer_that_has_ended_and_holds_the_connection_is_cut_at_the_next_text(end: Frame, reason: str) -> None:
    async def main() -> None:
        ended: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

        async def speak(call: Call) -> None:
            call.play(bytes(2 * 8000 * 20))
            async for _ in call.events():
                pass
            ended.set_result(call.end_reason)

        options: dict[str, Any] = {"ping_interval_s": None, "idle_timeout_s": None, "media_silence_s": None}
        async with (
            served(media_handler(speak, **options), ping_interval=None) as url,
            raw(port_of(url)) as socket,
        ):
            await socket.upgrade()
            socket.frame(TEXT, START)
            await next_frame(socket.reader)
            socket.write(end.octets(from_client=True))
            assert await ended == reason

    run(main, timeout_s=10)


def test_a_peer_that_stops_answering_pings_is_cut() -> None:
    async def main() -> None:
        listener = Listener()
        options: dict[str, Any] = {"ping_interval_s": 0.05, "idle_timeout_s": None, "media_silence_s": None}
        async with served(media_handler(listener, **options)) as url, raw(port_of(url)) as socket:
            await socket.upgrade()
            socket.frame(TEXT, START)
            for _ in range(2):
                ping = await next_frame(socket.reader)
                assert ping.opcode == PING
                socket.frame(PONG, ping.payload)
            await frames_to_end(socket.reader)
            await until(lambda: listener.end_reason)
        assert listener.end_reason == "socket_lost"
        assert listener.kinds == ["Started", "Disconnected", "Stopped"]

    run(main)


def test_the_file_of_the_page_answers_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/websockets.md, the first block."""
    page = (Path(__file__).parents[2] / "docs" / "websockets.md").read_text("utf-8")
    monkeypatch.setenv("RTPCODEC_STREAM_TOKEN", TOKEN)
    names: dict[str, Any] = {"__name__": "page"}
    exec(page.partition("```python\n")[2].partition("```")[0], names)

    async def main() -> None:
        async with served(names["answered"]) as url:
            assert await refused_with(url) == 401
            async with call(url, token=TOKEN) as carrier:
                await carrier.media()
                assert len(await carrier.payload()) == len(CHUNK)

    run(main)


@pytest.mark.parametrize("plain", [False, True], ids=["serve_options", "another connection class"])
def test_messages_stay_in_order_whichever_way_they_take(plain: bool) -> None:
    """Whole ASCII texts take the short way; fragments, other texts and octets the one of `recv`."""

    async def main() -> None:
        listener = Listener()
        options = {"create_connection": None} if plain else {}
        async with served(media_handler(listener), **options) as url, call(url) as carrier:
            for digit in range(8):
                await carrier.send(event="dtmf", dtmf={"digit": str(digit)})
                text = f'{{"event":"dtmf","dtmf":{{"digit":"{digit}"}},"é":1}}'
                await carrier.socket.send(text if digit % 2 else [text[:9], text[9:]])
            await carrier.stop()
            assert await carrier.close_code() == 1000
        digits = [each.digit for each in listener.events if isinstance(each, events.Dtmf)]
        assert digits == [str(digit) for digit in range(8) for _ in range(2)]

    run(main)

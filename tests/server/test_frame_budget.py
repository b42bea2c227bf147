"""Sockets that send as fast as they can: they lose their own call and keep no turn of the event loop."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import EndpointError
from rtpcodec.pump.frame_budget import BURST_S, TURN_FRAMES
from rtpcodec.server import Call, EndpointSettings, call_on
from rtpcodec.stream.events import Audio
from tests.server.dialler import LOOPS, RawSocket, call, raw, run, until
from tests.server.test_limits import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Listener, open_raw
from tests.server.test_tls import client_context, server_context

MEDIA = b'{"event":"media","media":{"payload":"/w=="}}'
FLOODS: dict[str, list[tuple[int, bytes, bool]]] = {
    "pongs": [(PONG, b"", True)],
    "pings": [(PING, b"", True)],
    "tiny media": [(TEXT, MEDIA, True)],
    "empty fragments": [(TEXT, MEDIA, False), *[(CONTINUATION, b"", False)] * 50, (CONTINUATION, b"", True)],
    "marks that were never sent": [(TEXT, b'{"event":"mark","mark":{"name":"a"}}', True)],
}


def flood(socket: RawSocket, frames: list[tuple[int, bytes, bool]], count: int) -> None:
    for at in range(count):
        opcode, payload, fin = frames[at % len(frames)]
        socket.frame(opcode, payload, fin=fin)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", FLOODS)
def test_more_frames_than_the_budget_end_only_their_own_call(kind: str, loop: str) -> None:
    async def main() -> None:
        broken, whole = Listener(), Listener()
        listeners = {"/broken": broken, "/whole": whole}

        async def listen(call: Call) -> None:
            await listeners[call.path](call)

        serving = rtpcodec.serve(listen, path=None, max_frames_per_s=20)
        async with serving as endpoint, call(f"{endpoint.url}whole") as good, raw(endpoint.port) as bad:
            assert (await bad.upgrade("/broken")).startswith("HTTP/1.1 101 ")
            bad.frame(TEXT, b'{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}')
            flood(bad, FLOODS[kind], 3 * round(20 * BURST_S))
            assert await bad.close_code() == 1008
            await good.media()
            await good.stop()
            assert await good.close_code() == 1000
            await until(lambda: not endpoint.calls)
        assert broken.rules == ["rate"]
        assert broken.seen[-1] == events.Stopped("closed_here")
        assert whole.kinds == ["Started", "Audio", "Stopped"]

    run(main, loop)


def test_more_octets_than_the_budget_end_the_call() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener, max_octets_per_s=1000) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            for _ in range(2):
                socket.frame(TEXT, json.dumps({"event": "unknown", "filler": "x" * 6000}).encode())
            assert await socket.close_code() == 1008
        assert listener.rules == ["rate"]

    run(main)


@pytest.mark.parametrize("kind", ["whole", "in fragments"])
def test_octets_of_binary_messages_count_as_well(kind: str) -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener, max_octets_per_s=1000) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            for _ in range(2):
                if kind == "whole":
                    socket.frame(BINARY, bytes(6000))
                else:
                    socket.frame(BINARY, bytes(3000), fin=False)
                    socket.frame(CONTINUATION, bytes(3000))
            assert await socket.close_code() == 1008
        assert listener.rules == ["text", "rate"]

    run(main)


def test_binary_messages_count_on_the_websocket_of_another_server() -> None:
    sent: list[int] = []

    async def ignore(_text: str) -> None:
        pass

    async def close(code: int) -> None:
        sent.append(code)

    async def main() -> None:
        listener = Listener()
        async with call_on(ignore, close, listener, max_frames_per_s=2) as receiver:
            receiver.received('{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}')
            for _ in range(round(2 * BURST_S) + 1):
                receiver.rejected("text", "a binary message")
            await until(lambda: sent)
        assert sent == [1008]
        assert listener.rules[-1] == "rate"

    run(main)


def test_a_burst_within_the_budget_passes_in_order() -> None:
    heard: list[int] = []

    async def listen(call: Call) -> None:
        heard.extend([audio.payload[0] async for audio in call.audio()])

    async def main() -> None:
        async with rtpcodec.serve(listen) as endpoint, call(endpoint.url) as carrier:
            for at in range(200):
                await carrier.media(bytes([at]) * 160)
            await carrier.stop()
            assert await carrier.close_code() == 1000
        assert heard == list(range(200))

    run(main)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_socket_gets_only_its_share_of_a_turn(loop: str, tls: bool) -> None:
    turns: list[int] = []

    async def main() -> None:
        running = asyncio.get_running_loop()
        turn = 0
        ticking = True

        def tick() -> None:
            nonlocal turn
            turn += 1
            if ticking:
                running.call_soon(tick)

        def take(_call: Call, _audio: Audio) -> None:
            turns.append(turn)

        context = server_context() if tls else None
        async with rtpcodec.serve(on_audio=take, ssl=context) as endpoint:
            options = {"ssl": client_context()} if tls else {}
            async with call(endpoint.url, **options) as carrier:
                tick()
                for _ in range(1000):
                    await carrier.media(b"\x12" * 160)
                await carrier.stop()
                assert await carrier.close_code() == 1000
                ticking = False

    run(main, loop)
    assert len(turns) == 1000
    # A read may end within a share, and the next one begin in the same turn.
    assert max(turns.count(turn) for turn in set(turns)) <= 2 * TURN_FRAMES


@pytest.mark.parametrize(
    ("frames", "limits"),
    [
        pytest.param(FLOODS["pongs"], {"max_frames_per_s": 20}, id="frames"),
        pytest.param([(TEXT, bytes(1000), True)], {"max_octets_per_s": 2000}, id="octets of texts"),
        pytest.param([(BINARY, bytes(1000), True)], {"max_octets_per_s": 2000}, id="octets of binary messages"),
    ],
)
def test_a_peer_that_sends_on_after_our_close_frame_is_cut(
    frames: list[tuple[int, bytes, bool]], limits: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtpcodec.stream.machine.CLOSE_TIMEOUT_MS", 3_600_000.0)

    async def leave(_call: Call) -> None:
        pass

    async def main() -> None:
        async with rtpcodec.serve(leave, **limits) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            assert await socket.close_code() == 1000
            flood(socket, frames, 100)
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await socket.reader.readexactly(1)
            await until(lambda: not endpoint.calls)

    run(main)


def test_a_broken_rule_after_the_close_frame_cuts_the_connection() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener, max_frames_per_s=20) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            socket.frame(CLOSE, (1000).to_bytes(2))
            flood(socket, FLOODS["pongs"], 1000)
            assert await socket.close_code() == 1000
            await until(lambda: "Stopped" in listener.kinds and not endpoint.calls)
        assert listener.kinds == ["Started", "Disconnected", "Stopped"]

    run(main)


def test_a_peer_that_breaks_the_protocol_again_and_again_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            with suppress(ConnectionError):
                while not socket.reader.at_eof():
                    flood(socket, [(3, b"x" * 1000, True)], 10)
                    await socket.writer.drain()
                    await asyncio.sleep(0)
            await until(lambda: "Stopped" in listener.kinds)
        timers = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
        await until(lambda: not any("WSTransport" in repr(timer) for timer in timers))  # picows sets one per error
        assert listener.rules == ["frame"]

    run(main)
    assert len([line for line in caplog.records if line.name != "asyncio" and line.levelno >= logging.WARNING]) == 1


def test_frames_that_wait_for_their_turn_are_handled_before_the_end_of_the_connection() -> None:
    async def main() -> None:
        listener = Listener()
        async with rtpcodec.serve(listener) as endpoint, raw(endpoint.port) as socket:
            await open_raw(endpoint, socket)
            flood(socket, FLOODS["tiny media"], 300)
            socket.frame(BINARY, b"\0")
            socket.writer.close()
            await until(lambda: "Stopped" in listener.kinds)
        assert listener.kinds.count("Audio") == 300
        assert listener.rules == ["text"]

    run(main)


@pytest.mark.parametrize("name", ["max_frames_per_s", "max_octets_per_s"])
def test_a_budget_must_be_above_zero(name: str) -> None:
    options: dict[str, Any] = {name: 0}
    with pytest.raises(EndpointError, match=f"^{name} is 0, more than 0 is needed; None disables it$"):
        EndpointSettings(**options)

"""An ended call is freed at once: with the cycle collector off, no object of it lives, however it has ended."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as websockets_serve
from websockets.exceptions import ConnectionClosed

import rtpcodec
from rtpcodec.errors import StreamEnded
from rtpcodec.server import Call, Endpoint, call_on
from rtpcodec.stream.events import Audio
from tests.census import Census
from tests.server.dialler import Dialler, call, dial, raw, refused_with, run, until
from tests.server.test_tls import client_context, server_context

Handler = Callable[[Call], Awaitable[None]]
Carry = Callable[[Dialler], Awaitable[object]]

BROKEN_FRAME = b"\x83\x80\0\0\0\0"
"""Of a reserved opcode (RFC 6455 section 5.2)."""


def live_calls() -> list[Call]:
    return [one for one in gc.get_objects() if type(one) is Call]


# Handlers


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play(audio)


async def listen(call: Call) -> None:
    async for _ in call.events():
        pass


async def leave(call: Call) -> None:
    call.play(bytes(3200))


async def fail(call: Call) -> None:
    async for _ in call.audio():
        raise RuntimeError("a fault of the handler")


async def hang(_call: Call) -> None:
    await asyncio.Event().wait()


async def close(call: Call) -> None:
    async for _ in call.audio():
        await call.close(1000)


async def wait_to_be_heard(call: Call) -> None:
    call.play(bytes(1600))
    await call.played()


async def play_more_than_fits(call: Call) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(call.play(bytes(16 * 2000)))


async def play_of_another_rate(call: Call) -> None:
    async for audio in call.audio():
        call.play(audio.pcm, 16000)
        call.flush()
        call.mark("mine")
        call.interrupt()


async def play_after_the_end(call: Call) -> None:
    async for _ in call.audio():
        pass
    try:
        call.play(bytes(320))
    except StreamEnded as error:
        raise ValueError("a fault after the end") from error


async def collect(call: Call) -> None:
    prompt = await call.say([bytes(16 * 300)])
    async with call.private("card"):
        await call.collect_dtmf(prompt, interrupt=False)


# Carriers


async def stop(carrier: Dialler) -> None:
    await carrier.stop()
    await carrier.close_code()


async def hang_up(carrier: Dialler) -> None:
    await carrier.socket.close()


async def lose(carrier: Dialler) -> None:
    carrier.socket.transport.abort()


async def wait(carrier: Dialler) -> None:
    await carrier.close_code()


async def break_a_frame(carrier: Dialler) -> None:
    carrier.socket.transport.write(BROKEN_FRAME)
    await carrier.close_code()


async def exceed_the_size(carrier: Dialler) -> None:
    await carrier.socket.send("x" * 100_000)
    await carrier.close_code()


async def send_octets(carrier: Dialler) -> None:
    await carrier.socket.send(b"octets")
    await carrier.socket.send(["{", "}"])
    await carrier.media(bytes(17), track="outbound", chunk=900)
    await stop(carrier)


async def press_and_lose(carrier: Dialler) -> None:
    for _ in range(2):
        await carrier.send(event="dtmf", dtmf={"digit": "1"}, occurred_at="2026-01-02T03:04:05.678901Z")
    await lose(carrier)


async def send_odd(carrier: Dialler) -> None:
    await carrier.send(event="media", media={"payload": "AAAA", "chunk": "x", "timestamp": []})
    await carrier.send(event="dtmf", dtmf={"digit": "1"}, occurred_at=7)
    await carrier.send(event="error", payload={"code": True})
    await carrier.send(event="mark")
    await stop(carrier)


async def lose_chunks(carrier: Dialler) -> None:
    for chunk in (10, 12, 11, 20, 5000, 5001, 3, 3, 5002):
        await carrier.media(chunk=chunk)
    await carrier.start("L16", 16000)
    await carrier.media(bytes(640), chunk=1)
    await stop(carrier)


ENDS: dict[str, tuple[Handler, Carry]] = {
    "the carrier stops": (echo, stop),
    "the carrier closes": (echo, hang_up),
    "the connection is lost": (echo, lose),
    "the handler returns": (leave, wait),
    "the handler raises": (fail, wait),
    "the handler closes": (close, wait),
    "the handler is cancelled": (hang, stop),
    "the handler is cancelled after a loss": (hang, lose),
    "lost while a mark is awaited": (wait_to_be_heard, lose),
    "lost while plays wait": (play_more_than_fits, lose),
    "stopped while plays wait": (play_more_than_fits, stop),
    "other rates, marks, interruptions": (play_of_another_rate, stop),
    "the handler plays after the end": (play_after_the_end, stop),
    "lost while keys are collected": (collect, press_and_lose),
    "stopped while keys are collected": (collect, stop),
    "a broken frame": (listen, break_a_frame),
    "too long a message": (listen, exceed_the_size),
    "binary, fragments and a misfit": (listen, send_octets),
    "odd and malformed messages": (listen, send_odd),
    "loss, new numbering, second start": (listen, lose_chunks),
}
OPTIONS: dict[str, Any] = {"handler_grace_s": 0.02, "max_queue_ms": 400.0, "max_message_octets": 50_000}


async def ended(endpoint: Endpoint) -> None:
    await until(lambda: not endpoint.statistics().calls_running)


async def one_call(endpoint: Endpoint, carry: Carry) -> None:
    secure = {"ssl": client_context()} if endpoint.url.startswith("wss:") else {}
    async with call(endpoint.url, **secure) as carrier:
        for _ in range(3):
            await carrier.media()
        await until(lambda: endpoint.statistics().messages_received >= 3)
        with suppress(ConnectionClosed):
            await carry(carrier)
    await ended(endpoint)


def freed(handler: Handler | None, carry: Carry, loop: str = "uvloop", **options: Any) -> list[str]:
    """Run two calls, and return what lives of the second one: the first one fills caches."""

    async def main() -> None:
        async with rtpcodec.serve(handler, **OPTIONS | options) as endpoint:
            await one_call(endpoint, carry)
            with Census() as census:
                await one_call(endpoint, carry)
                found.extend(await census.settled())

    found: list[str] = []
    run(main, loop)
    return found


@pytest.mark.parametrize("end", ENDS)
def test_nothing_of_a_call_lives_after(end: str) -> None:
    assert freed(*ENDS[end]) == []


def test_nothing_lives_after_on_the_loop_of_asyncio() -> None:
    assert freed(echo, stop, "asyncio") == []


@pytest.mark.parametrize(("receive_pcm_hz", "send_codec"), [(16000, "L16"), (None, "PCMA"), ("native", "G722")])
def test_nothing_lives_after_with_other_codecs_and_rates(receive_pcm_hz: Any, send_codec: str) -> None:
    plan = rtpcodec.StreamPlan(send_codec=send_codec)
    assert freed(play_of_another_rate, stop, plan=plan, receive_pcm_hz=receive_pcm_hz, conceal=True) == []


@pytest.mark.parametrize("end", ["the carrier stops", "the connection is lost", "the handler raises"])
def test_nothing_lives_after_over_tls(end: str) -> None:
    assert freed(*ENDS[end], ssl=server_context()) == []


def test_nothing_lives_after_with_opus(opus: object) -> None:
    assert freed(echo, stop, plan=rtpcodec.StreamPlan(send_codec="OPUS")) == []


@pytest.mark.parametrize("is_faulty", [False, True])
def test_nothing_lives_after_with_on_audio(is_faulty: bool) -> None:
    def on_audio(call: Call, audio: Audio) -> None:
        call.play(audio)
        if is_faulty:
            raise RuntimeError("a fault of on_audio")

    assert freed(None, wait if is_faulty else stop, on_audio=on_audio) == []


def test_nothing_lives_after_a_time_out() -> None:
    """1002 without a start, 1008 after silence."""

    async def main() -> None:
        limits: dict[str, Any] = {"start_timeout_s": 0.05, "idle_timeout_s": 0.05, "ping_interval_s": None}
        async with rtpcodec.serve(echo, **limits) as endpoint:

            async def both() -> None:
                async with dial(endpoint.url) as silent:
                    assert await silent.close_code() == 1002
                async with call(endpoint.url) as idle:
                    assert await idle.close_code() == 1008
                await ended(endpoint)

            await both()
            with Census() as census:
                await both()
                assert await census.settled() == []

    run(main, "uvloop")


def test_nothing_lives_after_a_refusal_or_an_aborted_handshake() -> None:
    async def main() -> None:
        async with rtpcodec.serve(echo, authorize="right", path="/audio") as endpoint:

            async def refusals() -> None:
                assert await refused_with(f"{endpoint.url}?a=1", token="wrong") == 401
                assert await refused_with(endpoint.url.replace("/audio", "/other"), token="right") == 404
                async with raw(endpoint.port) as silent:
                    silent.write(b"GET /audio HT")
                    await silent.writer.drain()
                async with raw(endpoint.port) as hasty:
                    await hasty.upgrade("/audio", x_telnyx_streaming_auth_token="right")
                    hasty.writer.transport.abort()
                await ended(endpoint)

            await refusals()
            with Census() as census:
                await refusals()
                assert await census.settled() == []

    run(main, "uvloop")


def test_nothing_lives_after_when_the_endpoint_closes_the_call() -> None:
    async def main() -> None:
        async def closed() -> None:
            async with rtpcodec.serve(hang) as endpoint, call(endpoint.url) as carrier:
                await carrier.media()
                await until(lambda: endpoint.calls)
                await endpoint.close(at_once=True)
                assert await carrier.close_code() == 1001

        await closed()
        with Census() as census:
            await closed()
            await census.settled({"Endpoint", "Gate", "Invitations", "EndpointSettings"})
            assert live_calls() == []

    run(main, "uvloop")


@pytest.mark.parametrize("end", ["the carrier stops", "the handler raises", "the connection is lost"])
def test_nothing_lives_after_on_a_socket_of_another_server(end: str) -> None:
    handler, carry = ENDS[end]
    sockets: list[int] = []

    async def accept(socket: ServerConnection) -> None:
        sockets.append(1)
        try:
            async with call_on(socket.send, socket.close, handler, handler_grace_s=0.02) as receiver:
                async for text in socket:
                    receiver.received(text)
        except ConnectionClosed:
            pass
        finally:
            sockets.pop()

    async def main() -> None:
        async with websockets_serve(accept, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

            async def one() -> None:
                async with call(url) as carrier:
                    await carrier.media()
                    with suppress(ConnectionClosed):
                        await carry(carrier)
                await until(lambda: not sockets)

            await one()
            with Census() as census:
                await one()
                assert await census.settled() == []

    run(main, "uvloop")


def test_who_holds_a_call_after_its_end_reads_its_facts() -> None:
    calls: list[Call] = []

    async def keep(call: Call) -> None:
        calls.append(call)
        await echo(call)

    async def main() -> None:
        async with rtpcodec.serve(keep) as endpoint:
            await one_call(endpoint, stop)

    run(main, "uvloop")
    (kept,) = calls
    assert kept.ended
    assert kept.started.call_control_id == "v3:control"
    assert kept.media_format.encoding == "PCMU"
    statistics = kept.statistics()
    assert (statistics.messages_received, statistics.media_received, statistics.octets_received) == (6, 3, 480)
    assert kept.describe() == "receive PCMU 8000 Hz; send PCMU 8000 Hz"
    assert (kept.queued_ms, kept.path, kept.plan.send_codec) == (0.0, "/", "PCMU")
    with pytest.raises(StreamEnded):
        kept.play(bytes(320))


def test_who_holds_a_call_after_its_end_keeps_neither_socket_nor_task() -> None:
    calls: list[Call] = []

    async def keep(call: Call) -> None:
        calls.append(call)
        await echo(call)

    async def main() -> None:
        async with rtpcodec.serve(keep) as endpoint:
            await one_call(endpoint, stop)
            calls.clear()
            with Census() as census:
                await one_call(endpoint, stop)
                await census.settled({"Call"})
                names = {line.partition(" ")[0] for line in census.left()}
                assert names & {"CallRunner", "HandlerTask", "PicowsSocket", "WSTransport", "CallLog"} == set()
                calls.clear()
                assert await census.settled() == []

    run(main, "uvloop")

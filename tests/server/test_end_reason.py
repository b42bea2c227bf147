"""`call.end_reason`: one word for each way in which a stream ends, None while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, get_args

import pytest

import rtpcodec
import rtpcodec.server
from rtpcodec import events
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, EndReason
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.session import MediaSession
from tests.listening.timed_messages import received
from tests.server.conversation import converse
from tests.server.dialler import Dialler, call, run, until

Carry = Callable[[Dialler], Awaitable[object]]


async def stop(carrier: Dialler) -> None:
    await carrier.stop()
    await carrier.close_code()


async def close(carrier: Dialler) -> None:
    await carrier.socket.close(1000)


async def break_off(carrier: Dialler) -> None:
    carrier.socket.transport.abort()


@pytest.mark.parametrize(
    ("carry", "reason"),
    [
        (stop, "carrier_stop"),
        (close, "socket_closed"),
        (break_off, "socket_lost"),
    ],
)
def test_what_the_other_side_ends(carry: Carry, reason: str) -> None:
    found: list[str | None] = []

    async def handle(call: Call) -> None:
        found.extend([call.end_reason async for event in call.events() if isinstance(event, events.Stopped)])
        found.append(call.end_reason)

    async def main() -> None:
        async with rtpcodec.serve(handle) as endpoint, call(endpoint.url) as carrier:
            await carry(carrier)
            await endpoint.drain()

    run(main)
    assert found == [reason, reason]


def of_handler(handle: Callable[[Call], Awaitable[object]] | None, **options: Any) -> str | None:
    """The end reason of a call whose carrier only waits."""
    calls: list[Call] = []

    async def noted(call: Call) -> None:
        calls.append(call)
        assert handle is not None
        await handle(call)

    def on_event(call: Call, _event: events.Event) -> None:
        calls.append(call)

    async def carry(carrier: Dialler) -> None:
        await carrier.media()
        await carrier.close_code()

    if handle is None:
        options = {"on_event": on_event} | options
    converse(noted if handle else None, carry, **options)  # type: ignore[arg-type]
    return calls[0].end_reason


async def returned(_call: Call) -> None:
    pass


async def failed(_call: Call) -> None:
    raise RuntimeError("a fault")


async def closed(call: Call) -> None:
    await call.close(1000)


async def cancelled_from_within(_call: Call) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1)


@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        (returned, "handler_returned"),
        (failed, "handler_failed"),
        (closed, "closed"),
        (cancelled_from_within, "handler_failed"),
    ],
)
def test_what_the_handler_ends(handle: Callable[[Call], Awaitable[object]], reason: str) -> None:
    assert of_handler(handle) == reason


def test_a_failing_on_audio_is_a_failing_handler() -> None:
    def fail(_call: Call, _audio: events.Audio) -> None:
        raise RuntimeError("a fault")

    assert of_handler(None, on_audio=fail) == "handler_failed"


def test_silence_ends_a_stream() -> None:
    found: list[str | None] = []

    async def handle(call: Call) -> None:
        assert [event async for event in call.events()]
        found.append(call.end_reason)

    received(handle, [], end_ms=9000, idle_timeout_s=5.0)
    assert found == ["idle_timeout"]


def test_a_carrier_that_makes_no_sense() -> None:
    found: list[str | None] = []

    async def handle(call: Call) -> None:
        assert call.end_reason is None
        assert [event async for event in call.events()]
        found.append(call.end_reason)

    received(handle, [(100.0 * at, {"event": 7}) for at in range(100)], end_ms=20_000)
    assert found == ["malformed"]


def test_the_endpoint_ends_a_stream() -> None:
    found: list[str | None] = []

    async def handle(call: Call) -> None:
        assert [event async for event in call.events()]
        found.append(call.end_reason)

    async def main() -> None:
        async with rtpcodec.serve(handle) as endpoint, call(endpoint.url):
            await until(lambda: endpoint.statistics().messages_received == 2)
            await endpoint.close()

    run(main)
    assert found == ["endpoint_closed"]


def test_a_frame_that_breaks_a_rule_ends_a_stream() -> None:
    calls: list[Call] = []

    async def main() -> None:
        async def handle(call: Call) -> None:
            calls.append(call)
            assert [event async for event in call.events()]

        async def nothing(_argument: object) -> None:
            pass

        async with rtpcodec.server.call_on(nothing, nothing, handle) as receiver:
            receiver.received('{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}')
            receiver.rejected("size", "a message of 2000 octets, at most 1000 are allowed", 1009)

    run_virtual(main())
    assert calls[0].end_reason == "protocol_error"


def test_a_cancelled_task_ends_its_call() -> None:
    calls: list[Call] = []

    async def main() -> None:
        async def handle(call: Call) -> None:
            calls.append(call)
            await asyncio.sleep(60)

        async def nothing(_argument: object) -> None:
            pass

        async def serve_one() -> None:
            async with rtpcodec.server.call_on(nothing, nothing, handle) as receiver:
                receiver.received('{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}')
                await asyncio.sleep(60)

        task = asyncio.create_task(serve_one())
        await asyncio.sleep(1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    run_virtual(main())
    assert calls[0].end_reason == "cancelled"


def test_without_a_start_the_machine_says_so() -> None:
    machine = CallMachine(MediaSession(), 0.0)
    machine.events(10_000.0)
    assert machine.end_reason == "start_timeout"


def test_the_first_cause_counts() -> None:
    machine = CallMachine(MediaSession(), 0.0)
    assert machine.end_reason is None
    machine.close(1000, 1.0, "closed")
    machine.peer_closed(1000, 2.0)
    machine.lost(3.0)
    machine.events(4.0)
    assert machine.end_reason == "closed"


def test_there_are_14_end_reasons() -> None:
    assert len(get_args(EndReason)) == 14

"""`call.webhook`: webhook events for a call that no endpoint feeds, such as one of `call_on`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket

import rtpcodec
from rtpcodec.errors import EndpointError, LocalProtocolError
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, TransferResult, call_on
from rtpcodec.sim import Carrier, Webhooks
from tests.server.conversation import L16
from tests.server.phone_webhooks import phone_event
from tests.server.transfers import AGENT
from tests.stream import carrier

ID, SESSION = "v3:caller", "session-1"
START = carrier.start(call_control_id=ID, call_session_id=SESSION)


class Commands:
    """A control that accepts each command about a call."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def command(self, _call_control_id: str, name: str, **fields: Any) -> None:
        self.sent.append((name, fields))


def on_other_server(handler: Callable[[Call], Awaitable[object]], **options: Any) -> list[str]:
    """Run one call of `call_on` whose caller stays, on the virtual clock. Returns what it sent; raises its error."""
    texts: list[str] = []
    errors: list[BaseException] = []
    done = asyncio.Event()

    async def handle(call: Call) -> None:
        try:
            await handler(call)
        except BaseException as error:
            errors.append(error)
            raise
        finally:
            done.set()

    async def send(text: str) -> None:
        texts.append(text)

    async def close(_code: int) -> None:
        pass

    async def main() -> None:
        async with call_on(send, close, handle, **options) as receiver:
            receiver.received(START)
            await done.wait()

    run_virtual(main())
    for error in errors:
        raise error
    return texts


async def kinds_of(call: Call) -> list[str]:
    return [type(event).__name__ async for event in call.events()]


def test_hold_and_unhold_reach_the_handler() -> None:
    async def handle(call: Call) -> None:
        reading = asyncio.create_task(kinds_of(call))
        await asyncio.sleep(0)
        assert call.webhook(phone_event("call.hold", ID, second=1))
        assert call.webhook(phone_event("call.unhold", ID, second=2))
        await asyncio.sleep(0.1)
        call.close()
        assert [kind for kind in await reading if "eld" in kind] == ["Held", "Unheld"]

    on_other_server(handle)


def test_the_verdict_ends_the_wait_for_it() -> None:
    async def handle(call: Call) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(1, call.webhook, phone_event("call.machine.detection.ended", ID, result="human"))
        assert await call.verdict() == "human"
        assert loop.time() == pytest.approx(1)

    on_other_server(handle, await_verdict_s=20.0)


def test_a_verdict_that_nobody_waits_for_is_known_later() -> None:
    async def handle(call: Call) -> None:
        call.webhook(phone_event("call.machine.premium.detection.ended", ID, result="machine"))
        assert await call.verdict() == "machine"

    on_other_server(handle)


def test_a_call_that_turns_out_to_be_incoming_does_not_wait_for_a_verdict() -> None:
    async def handle(call: Call) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(1, call.webhook, phone_event("call.initiated", ID, direction="incoming"))
        assert await call.verdict() is None
        assert loop.time() == pytest.approx(1)

    on_other_server(handle, await_verdict_s=20.0, first_words_after_ms=5000)


def test_phone_state_follows_the_events_of_this_call_only() -> None:
    async def handle(call: Call) -> None:
        assert not call.webhook(phone_event("call.hangup", "v3:another"))
        ended = phone_event("call.hangup", ID, second=2)
        states = [call.phone_state]
        for event in (phone_event("call.bridged", ID, second=1), ended):
            assert call.webhook(event)
            states.append(call.phone_state)
        assert states == ["up", "bridged", "ended"]
        assert not call.webhook(ended), "an event that is delivered again is not new"

    on_other_server(handle)


def test_a_transfer_has_its_result() -> None:
    control, found = Commands(), list[TransferResult]()

    async def handle(call: Call) -> None:
        with pytest.raises(EndpointError, match=r"or to call\.webhook\(\) if another server owns the WebSocket$"):
            await call.transfer(AGENT)
        # Any event shows that events are handed over.
        assert not call.webhook(phone_event("call.answered", "v3:another"))
        transfer = await call.transfer(AGENT, timeout_s=20)
        leg = {"call_session_id": SESSION, "client_state": control.sent[0][1]["target_leg_client_state"]}
        for second, event_type in enumerate(("call.answered", "call.bridged"), 1):
            assert call.webhook(phone_event(event_type, "v3:agent", second=second, **leg))
        found.append(await transfer.result())
        assert call.phone_state == "bridged"

    on_other_server(handle, control=control)
    assert found == [TransferResult("bridged")]
    assert [name for name, _ in control.sent] == ["transfer"]


def test_other_threads_are_refused() -> None:
    async def handle(call: Call) -> None:
        with ThreadPoolExecutor(1) as pool:
            refused = pool.submit(call.webhook, phone_event("call.hold", ID)).exception()
        assert isinstance(refused, LocalProtocolError)
        assert str(refused).startswith("webhook() was called outside the event loop's thread")

    on_other_server(handle)


def test_what_an_endpoint_has_delivered_is_not_new() -> None:
    async def handle(call: Call) -> None:
        event = phone_event("call.bridged", call.started.call_control_id or "", second=1)
        assert endpoints[0].webhook(event)
        assert not call.webhook(event)
        assert call.phone_state == "bridged"
        seen.append(True)

    endpoints: list[rtpcodec.Endpoint] = []
    seen: list[bool] = []

    async def main() -> None:
        async with (
            Carrier("KEY") as simulated,
            rtpcodec.AsyncCallControl("KEY", base_url=simulated.base_url) as control,
            rtpcodec.serve(handle, plan=L16) as endpoint,
        ):
            endpoints.append(endpoint)
            await endpoint.stream(control, simulated.new_call(bytes(16_000)).call_control_id)
            await endpoint.drain(5)

    run_virtual(main())
    assert seen == [True]


def test_a_call_of_fastapi_transfers_with_the_webhooks_of_its_app() -> None:
    """Real sockets: FastAPI takes the call and its webhooks, the simulator is the carrier."""
    app, running, found = FastAPI(), set[Call](), list[TransferResult]()
    parts: dict[str, Any] = {}

    async def answer(call: Call) -> None:
        running.add(call)
        try:
            await parts["hooked"].wait()
            transfer = await call.transfer(AGENT, timeout_s=20)
            found.append(await transfer.result())
        finally:
            running.discard(call)
            parts["done"].set()

    async def hooks(request: Request) -> None:
        event = rtpcodec.verify_webhook(await request.body(), request.headers, parts["carrier"].public_key)
        for call in running:
            call.webhook(event)
        if event.event_type == "streaming.started":
            parts["hooked"].set()

    async def media(websocket: WebSocket) -> None:
        await websocket.accept()
        async with call_on(websocket.send_text, websocket.close, answer, plan=L16, control=parts["control"]) as call:
            while (message := await websocket.receive())["type"] == "websocket.receive":
                call.received(message["text"])

    hooks.__annotations__["request"], media.__annotations__["websocket"] = Request, WebSocket
    app.add_api_route("/hooks", hooks, methods=["POST"])
    app.add_api_websocket_route("/media", media)

    async def main() -> None:
        parts["hooked"], parts["done"] = asyncio.Event(), asyncio.Event()
        async with (
            served(app) as host,
            Carrier("KEY") as simulated,
            rtpcodec.AsyncCallControl("KEY", base_url=simulated.base_url) as control,
        ):
            parts["carrier"], parts["control"] = simulated, control
            simulated.phone(AGENT, bytes(160_000), answers_after_s=0.1)
            simulated.send_webhooks(Webhooks(url=f"http://{host}/hooks"))
            caller = simulated.new_call(bytes(160_000))
            fields = L16.command_fields()
            await control.start_streaming(caller.call_control_id, stream_url=f"ws://{host}/media", **fields)
            async with asyncio.timeout(50):
                await parts["done"].wait()

    asyncio.run(main())
    assert found == [TransferResult("bridged")]


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Serve an app with uvicorn; yields host and port."""
    config = uvicorn.Config(app, log_level="error", lifespan="off", ws="websockets-sansio")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving

"""A handler that crashes on a bridged call, on real sockets: signed webhooks, commands over HTTP, both legs heard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

import rtpcodec
from rtpcodec.client.webhook_events import WebhookEvent
from rtpcodec.server import Call, Endpoint
from rtpcodec.sim import Carrier, SimulatedCall, Webhooks
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import tone
from tests.server.dialler import run, until
from tests.sim.webhook_app import WebhookApp, serving_webhooks

PLAN = StreamPlan(send_codec="L16", send_rate_hz=8000)


class Feeding(WebhookApp):
    """Hands each verified webhook to an endpoint."""

    def __init__(self) -> None:
        super().__init__()
        self.endpoint: Endpoint | None = None

    async def take(self, request: web.Request) -> web.Response:
        answer = await super().take(request)
        event: WebhookEvent = self.events[-1]
        if self.endpoint is not None:
            self.endpoint.webhook(event)
        return answer


async def is_heard(control: rtpcodec.AsyncCallControl, leg: SimulatedCall, said: bytes) -> None:
    """Wait until a second endpoint hears this on a leg."""
    heard = bytearray()

    async def listen(call: Call) -> None:
        async for audio in call.audio():
            heard.extend(audio.pcm)

    async with rtpcodec.serve(listen, plan=PLAN) as endpoint:
        await control.start_streaming(leg.call_control_id, stream_url=endpoint.url, **PLAN.command_fields())
        await until(lambda: said in heard)


@pytest.mark.parametrize("choice", ["keep", "hangup"])
def test_both_people_stay_in_the_call(choice: Any) -> None:
    crash = asyncio.Event()

    async def crashing(_call: Call) -> None:
        await crash.wait()
        raise RuntimeError("a fault of the handler")

    async def main() -> None:
        hook = Feeding()
        async with (
            serving_webhooks(hook),
            Carrier("KEY") as carrier,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(crashing, plan=PLAN, control=control, on_handler_end=choice) as endpoint,
        ):
            hook.public_key, hook.endpoint = carrier.public_key, endpoint
            carrier.send_webhooks(Webhooks(url=hook.url))
            caller, colleague = (
                carrier.new_call(tone(first, 480_000), codec="L16", sample_rate_hz=8000) for first in (1, 5001)
            )
            # 1. The handler has put a colleague through.
            await endpoint.stream(control, caller.call_control_id)
            await control.command(caller.call_control_id, "bridge", call_control_id=colleague.call_control_id)
            await until(lambda: endpoint.calls[0].phone_state == "bridged")
            # 2. It crashes.
            crash.set()
            report = await caller.finished()
            assert (report.end_reason, report.close_code) == ("app_closed", 1011)
            await endpoint.drain()
            # 3. Nobody was hung up, and both are heard.
            assert (caller.state, colleague.state) == ("bridged", "bridged")
            assert "hangup" not in [action for action, _ in caller.commands]
            await is_heard(control, colleague, tone(5001, 1600))
            await is_heard(control, caller, tone(9001, 1600))

    run(main)

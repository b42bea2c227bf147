"""A phone call of the simulator on the virtual clock. The endpoint can send commands about it and receives webhooks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.server import Endpoint
from rtpcodec.sim import CallReport, Carrier, SimulatedCall, Webhooks
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import L16

STILL_UP = "the phone call is still up, on_handler_end can end it"
"""The state of the phone call in the log record of a failed handler."""


@dataclass
class PhoneScene:
    """The parts of a test: the carrier, its call, and the endpoint."""

    carrier: Carrier
    endpoint: Endpoint
    control: rtpcodec.AsyncCallControl
    phone: SimulatedCall
    plan: StreamPlan
    options: dict[str, Any] = field(default_factory=dict)

    async def stream(self, phone: SimulatedCall | None = None) -> None:
        """Have the call streamed to the endpoint by a command."""
        of = phone or self.phone
        fields = self.plan.command_fields()
        await self.control.start_streaming(of.call_control_id, stream_url=self.endpoint.url, **fields)


def on_phone(
    script: Callable[[PhoneScene], Awaitable[object]],
    handler: Callable[[rtpcodec.Call], Awaitable[object]] | None = None,
    *,
    plan: StreamPlan = L16,
    webhooks: bool = False,
    speech: bytes = bytes(16 * 60_000),
    **options: Any,
) -> CallReport:
    """Run one call and return the report of its last stream.

    script: the test, once everything is there; afterwards the call is hung up.
    handler, options: for `serve`.
    webhooks: whether the endpoint gets the carrier's webhooks.
    speech: what the phone says, at 8000 Hz.
    """

    async def main() -> CallReport:
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(handler, plan=plan, **{"control": control} | options) as endpoint,
        ):
            if webhooks:
                feed(endpoint, carrier)
            phone = carrier.new_call(speech, codec="L16" if plan.send_codec == "L16" else "PCMU", sample_rate_hz=8000)
            await script(PhoneScene(carrier, endpoint, control, phone, plan))
            phone.hang_up()
            await endpoint.drain()
            return await phone.finished()

    return run_virtual(main())


def feed(endpoint: Endpoint, carrier: Carrier) -> None:
    """Hand the carrier's webhooks to an endpoint, over the network in memory."""
    loop = endpoint._thread.loop
    assert isinstance(loop, VirtualEventLoop)

    async def hook(request: MemoryRequest) -> MemoryAnswer:
        endpoint.webhook(rtpcodec.verify_webhook(request.body, request.headers, carrier.public_key))
        return MemoryAnswer(200, {}, b"")

    loop.network.serve_http("https://app.example", hook)
    carrier.send_webhooks(Webhooks(url="https://app.example/hooks"))


def actions(phone: SimulatedCall) -> list[str]:
    """Return the names of the commands that were carried out on a call."""
    return [action for action, _body in phone.commands]


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the texts of the endpoint's error records, without the call's ids."""
    return [record.getMessage().partition("): ")[2] for record in caplog.records if record.levelno >= logging.ERROR]

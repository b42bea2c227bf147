"""One call on the virtual clock that its handler transfers, with the simulator's webhooks in a chosen order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import rtpcodec
from rtpcodec import webhook_events
from rtpcodec.pump import run_virtual
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.server.endpoint import Endpoint
from rtpcodec.sim import CallReport, Carrier, SimulatedCall, Webhooks
from tests.server.conversation import L16

AGENT: Final = "+15550100077"
SECOND: Final = "sip:second@example.com"
FOREVER_MS: Final = 3_600_000.0

Deliver = Callable[[webhook_events.WebhookEvent, int], Iterable[float]]
"""Takes an event and its number; returns the delays in s of its deliveries, none: it is lost."""


def at_once(_event: webhook_events.WebhookEvent, _number: int) -> Iterable[float]:
    return (0.0,)


def hooks_at(take: Callable[[MemoryRequest], Awaitable[MemoryAnswer]]) -> Webhooks:
    """Serve webhooks on the network of the running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualEventLoop)
    return Webhooks(url=f"http://127.0.0.1:{loop.network.serve_http('http://127.0.0.1:0', take).port}/hook")


@dataclass
class Scene:
    """A call, its phones, and the delivered webhooks."""

    carrier: Carrier
    endpoint: Endpoint
    control: rtpcodec.AsyncCallControl
    call: SimulatedCall
    deliver: Deliver = at_once
    events: list[webhook_events.WebhookEvent] = field(default_factory=list)
    """In the order in which they occurred."""
    alter: Callable[[webhook_events.WebhookEvent], webhook_events.WebhookEvent] = lambda event: event
    """The text of another carrier."""
    calls: list[SimulatedCall] = field(default_factory=list)
    """Those that `leg` has seen: the carrier drops them when it closes."""

    async def take(self, request: MemoryRequest) -> MemoryAnswer:
        event = self.alter(webhook_events.read(request.body))
        number = len(self.events)
        self.events.append(event)
        for delay_s in self.deliver(event, number):
            asyncio.get_running_loop().call_later(delay_s, self.endpoint.webhook, event)
        return MemoryAnswer(200)

    def leg(self, to: str = AGENT) -> SimulatedCall:
        """The newest leg to a number."""
        self.calls += [call for call in self.carrier.calls if call not in self.calls]
        return [call for call in self.calls if call.to_number == to][-1]


Handle = Callable[[rtpcodec.Call, Scene], Awaitable[object]]


def transferring(
    handle: Handle,
    *,
    agent: dict[str, Any] | None = None,
    deliver: Deliver = at_once,
    phone: dict[str, Any] | None = None,
    speech: bytes = b"",
    **options: Any,
) -> tuple[Scene, CallReport]:
    """Run one call whose caller does not hang up, and return it with the report of its stream.

    handle: our side; its error is raised here.
    agent: options of the phone that AGENT calls.
    deliver: when each webhook is delivered.
    phone: options of the caller's call.
    speech: what the caller says, at 8000 Hz.
    options: keywords of `serve`.
    """
    errors: list[BaseException] = []
    scenes: list[Scene] = []

    async def handler(call: rtpcodec.Call) -> None:
        try:
            await asyncio.sleep(0.1)  # for the webhook of the stream
            await handle(call, scenes[0])
        except BaseException as error:
            errors.append(error)
            raise

    async def main() -> CallReport:
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(handler, plan=L16, **{"control": control} | options) as endpoint,
        ):
            for number in (AGENT, SECOND):
                carrier.phone(number, b"", **{"tail_ms": FOREVER_MS} | (agent or {}))
            live = carrier.new_call(speech, tail_ms=FOREVER_MS, **phone or {})
            scenes.append(scene := Scene(carrier, endpoint, control, live, deliver))
            carrier.send_webhooks(hooks_at(scene.take))
            await control.start_streaming(live.call_control_id, stream_url=endpoint.url, **L16.command_fields())
            report = await live.finished()
            await endpoint.drain(60)
            scene.calls = list(carrier.calls)
        return report

    report = run_virtual(main())
    if errors:
        raise errors[0]
    return scenes[0], report

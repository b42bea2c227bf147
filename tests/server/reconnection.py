"""One call whose WebSocket is lost in the middle of a reply, as both sides see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web

import rtpcodec
from rtpcodec import events
from rtpcodec.pump.memory import MemoryAnswer, MemoryRequest
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.server import Call, Endpoint
from rtpcodec.sim import CallReport, Carrier, LossHabits, SimulatedCall, Variations, Webhooks
from tests.server.conversation import L16, tone

SPEECH = bytes(16 * 60_000)
HOOK_ORIGIN = "https://app.example"
REPLY = tone(1, 160_000)
"""20 s at 8000 Hz, in which each sample shows its position, modulo 4.096 s."""
PERIOD = 32_768
FADE_SAMPLES = 160
AT_ONCE = LossHabits()
"""The carrier notices at once that the socket is lost."""


@dataclass(frozen=True)
class EndOfCall:
    """The webhook about the end of the phone call, as an endpoint reads it."""

    call_control_id: str = "v3:control"
    event_type: str = "call.hangup"


@dataclass
class Seen:
    """The observations of both sides; times are in s of the loop."""

    events: list[tuple[float, events.Event]] = field(default_factory=list)
    webhooks: list[tuple[float, str]] = field(default_factory=list)
    error: BaseException | None = None
    call: Call | None = None

    def at(self, kind: type[Any], number: int = 0) -> float:
        """When an event of this kind was read."""
        return [at for at, event in self.events if type(event) is kind][number]

    def one(self, kind: type[Any]) -> Any:
        """The only event of this kind."""
        (found,) = [event for _, event in self.events if type(event) is kind]
        return found

    @property
    def kinds(self) -> list[str]:
        """The kinds of all events but audio."""
        return [type(event).__name__ for _, event in self.events if type(event) is not events.Audio]


@dataclass
class Scene:
    """Carrier, endpoint and control of one call."""

    carrier: Carrier
    endpoint: Endpoint
    control: rtpcodec.AsyncCallControl
    live: SimulatedCall
    seen: Seen

    async def stream(self, **fields: Any) -> Call:
        """Begin the stream."""
        self.seen.call = await self.endpoint.stream(self.control, self.live.call_control_id, **fields)
        return self.seen.call

    def commands(self, action: str) -> list[dict[str, Any]]:
        """The bodies of the commands of one kind that were carried out."""
        return [body for name, body in self.live.commands if name == action]


@asynccontextmanager
async def scene(
    handler: Callable[[Call], Awaitable[object]] | None = None,
    *,
    losses: LossHabits = AT_ONCE,
    phone: dict[str, Any] | None = None,
    webhooks: bool = True,
    **options: Any,
) -> AsyncIterator[Scene]:
    """Open carrier, endpoint and control, with webhooks that reach the endpoint, on the network of the running loop."""
    seen, loop = Seen(), asyncio.get_running_loop()
    carrier = Carrier("KEY")

    def tell(body: bytes, headers: Any) -> None:
        event = rtpcodec.verify_webhook(body, headers, carrier.public_key)
        seen.webhooks.append((loop.time(), event.event_type))
        endpoint.webhook(event)

    async with (
        carrier,
        rtpcodec.serve(handler, **{"plan": L16} | options) as endpoint,
        rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
        _hook(tell) as url,
    ):
        if webhooks:
            carrier.send_webhooks(Webhooks(url=url))
        variations = Variations(losses=losses)
        settings: dict[str, Any] = {"speech": SPEECH, "variations": variations} | (phone or {})
        live = carrier.new_call(**settings)
        yield Scene(carrier, endpoint, control, live, seen)


@asynccontextmanager
async def _hook(tell: Callable[[bytes, Any], None]) -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualEventLoop):

        async def take(request: MemoryRequest) -> MemoryAnswer:
            tell(request.body, request.headers)
            return MemoryAnswer(200)

        listener = loop.network.serve_http(HOOK_ORIGIN, take)
        yield f"{HOOK_ORIGIN}/hooks"
        listener.close()
        return

    async def post(request: web.Request) -> web.Response:
        tell(await request.read(), request.headers)
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks", post)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    finally:
        await runner.cleanup()


@dataclass
class Heard:
    """The positions in REPLY that the caller heard on one stream, without a gap from the first to the end."""

    first: int
    end: int
    at: int
    """The sample of the stream at which it begins."""


def heard(report: CallReport, near: int) -> Heard:
    """Return what of REPLY the caller heard on one stream.

    report: of the stream. If its play-out ran dry, because the machine was busy, silence between samples is not a gap.
    near: a position in REPLY which the first one is near to.
    """
    pcm = np.frombuffer(report.heard_pcm, np.int16).astype(int)
    at = int(np.flatnonzero(pcm)[0])
    # A reply that continues fades in.
    values = pcm[pcm != 0][FADE_SAMPLES:]
    steps = np.diff(values) % PERIOD
    assert set(steps.tolist()) <= {1, 2}, "a gap, or a sample twice"
    assert (values[:-1][steps == 2] == PERIOD - 1).all(), "position 0 is silence, any other one is missing"
    if not report.dry_count:
        assert len(np.trim_zeros(pcm)) == FADE_SAMPLES + steps.sum() + 1, "silence in the middle"
    first = int(values[0]) - 1 - FADE_SAMPLES
    first += PERIOD * round((near - first) / PERIOD)
    return Heard(first, first + FADE_SAMPLES + int(steps.sum()) + 1, at)

"""One call on the virtual clock that `endpoint.stream` has requested, with an endpoint that gets webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, Endpoint
from rtpcodec.sim import CallReport, Carrier
from tests.server.conversation import L16
from tests.server.phone_webhooks import phone_event

Script = Callable[[Callable[..., None]], Awaitable[object]]
"""Lets webhooks arrive: `tell(event_type, **payload)` passes one about the call to the endpoint."""


def requested(
    handler: Callable[[Call], Awaitable[object]] | None,
    script: Script | None = None,
    *,
    before: list[tuple[str, dict[str, Any]]] | None = None,
    speech: bytes = bytes(16 * 3000),
    plan: Any = L16,
    **options: Any,
) -> CallReport:
    """Run one call and return its report; raises the handler's error.

    handler: our side; None: `on_event` is among the options.
    before: webhooks about the call that arrive before its stream: type and payload.
    """
    errors: list[BaseException] = []

    async def handle(call: Call) -> None:
        assert handler is not None
        try:
            await handler(call)
        except BaseException as error:
            errors.append(error)
            raise

    async def main() -> CallReport:
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
            rtpcodec.serve(handle if handler else None, plan=plan, **options) as endpoint,
        ):
            phone = carrier.new_call(speech)

            def tell(event_type: str, *, to: str | None = None, **payload: Any) -> None:
                _tell(endpoint, event_type, to or phone.call_control_id, payload)

            for event_type, payload in before or []:
                tell(event_type, **payload)
            await endpoint.stream(control, phone.call_control_id)
            telling = asyncio.ensure_future(_script(script, tell))
            report = await phone.finished()
            await telling
            return report

    report = run_virtual(main())
    for error in errors:
        raise error
    return report


async def _script(script: Script | None, tell: Callable[..., None]) -> None:
    if script is not None:
        await script(tell)


def _tell(endpoint: Endpoint, event_type: str, call_control_id: str, payload: dict[str, Any]) -> None:
    endpoint.webhook(phone_event(event_type, call_control_id, **payload))


def begins_ms(report: CallReport) -> float | None:
    """When the caller heard the first sample that is not silence, in ms since the start; None: never."""
    samples = memoryview(report.heard_pcm).cast("h")
    return next((at / 8 for at, sample in enumerate(samples) if sample), None)

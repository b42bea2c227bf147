"""One call on the virtual clock, between a handler and the simulator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.sim import CallReport, Carrier
from rtpcodec.stream.plan import StreamPlan
from tests.server.conversation import L16

Handler = Callable[[rtpcodec.Call], Awaitable[object]]


def carried(
    handler: Handler | None,
    *,
    speech_ms: int = 3000,
    speech: bytes | None = None,
    plan: StreamPlan = L16,
    phone: dict[str, Any] | None = None,
    **options: Any,
) -> CallReport:
    """Run one call whose caller is silent for so long and then hangs up, and return its report.

    speech: what the caller says instead, at 8000 Hz.
    handler: our side, whose error is raised here; None: `on_audio` is among the options.
    phone: options of Carrier.new_call.
    options: keywords of `serve`.
    """
    errors: list[BaseException] = []

    async def handle(call: rtpcodec.Call) -> None:
        assert handler is not None
        try:
            await handler(call)
        except BaseException as error:
            errors.append(error)
            raise

    async def main() -> CallReport:
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.serve(handle if handler else None, plan=plan, **options) as endpoint,
        ):
            call = carrier.new_call(bytes(16 * speech_ms) if speech is None else speech, **phone or {})
            async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **plan.command_fields())
            return await call.finished()

    report = run_virtual(main())
    for error in errors:
        raise error
    return report


def positions(report: CallReport) -> list[int]:
    """Return the samples other than 0 that the caller heard."""
    return [sample for sample in memoryview(report.heard_pcm).cast("h") if sample]

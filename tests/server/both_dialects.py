"""One conversation on the wires of both carriers, on the virtual clock: everything but the texts must be the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import Carrier, SimulatedCall
from rtpcodec.sim.wires.ids import DIALECTS, DialectName
from rtpcodec.stream.plan import StreamPlan

PCMU: Final = StreamPlan()
_OF_ONE_CARRIER: Final = ("call_control_id", "stream_id")
"""Fields of the report that must differ."""

Note = Callable[..., None]
Handler = Callable[[Call, Note], Awaitable[object]]
Phone = Callable[[SimulatedCall], Awaitable[object]]


def conversation(
    dialect: DialectName,
    handler: Handler,
    *,
    phone: Phone | None = None,
    speech: bytes = bytes(16 * 1500),
    stream: dict[str, Any] | None = None,
    serve: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[list[Any], dict[str, Any]]:
    """Carry one call, and return the notes of its handler, each with its time, and the carrier's report.

    handler: our side, which gets a function to note what it finds.
    phone: acts on the simulated call beside it.
    speech: what the caller says, at 8000 Hz.
    stream, serve, options: keywords of `stream_to`, of `serve` and of `new_call`.
    """
    notes: list[Any] = []
    errors: list[BaseException] = []

    async def main() -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        began: list[float] = []

        def note(*found: object) -> None:
            notes.append((round((loop.time() - began[0]) * 1000, 3), *found))

        async def handle(call: Call) -> None:
            began.append(loop.time())
            try:
                await handler(call, note)
            except BaseException as error:
                errors.append(error)
                raise

        async with Carrier(dialect=dialect) as carrier, rtpcodec.serve(handle, plan=PCMU, **serve or {}) as endpoint:
            call = carrier.new_call(speech, **options)
            call.stream_to(endpoint.url, PCMU, **stream or {})
            if phone is not None:
                await phone(call)
            return asdict(await call.finished())

    report = run_virtual(main())
    for error in errors:
        raise error
    return notes, {name: value for name, value in report.items() if name not in _OF_ONE_CARRIER}


def same_on_both(handler: Handler, **options: Any) -> tuple[list[Any], dict[str, Any]]:
    """Carry the same call on both wires, require the same result, and return it."""
    telnyx, twilio = (conversation(dialect, handler, **options) for dialect in DIALECTS)
    assert twilio[0] == telnyx[0], "the handlers found different things"
    assert twilio[1] == telnyx[1], "the callers had different calls"
    assert telnyx[1]["errors_sent"] == 0
    assert twilio[1]["warnings"] == ()
    return twilio

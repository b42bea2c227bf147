"""The end of a stream does not end the phone call, whatever ended the stream; the end of the call ends the stream."""

from __future__ import annotations

from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call
from rtpcodec.sim import Carrier, SimulatedCall

NEVER = 3_600_000.0


async def returns(call: Call) -> None:
    await call.play(bytes(3200))


async def raises(_call: Call) -> None:
    raise ValueError("a fault of the handler")


async def closes(call: Call) -> None:
    await call.close(1000)


async def waits(call: Call) -> None:
    async for _ in call.audio():
        pass


async def ended_call(carrier: Carrier, phone: SimulatedCall, handler: Any) -> Call:
    """Stream a call until its stream has ended; `waits` is ended by the endpoint's own close."""
    async with (
        rtpcodec.serve(handler) as endpoint,
        rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
    ):
        call = await endpoint.stream(control, phone.call_control_id)
        if handler is not waits:
            await endpoint.drain()
    assert call.ended
    return call


@pytest.mark.parametrize("handler", [returns, raises, closes, waits])
def test_the_call_stays_up_and_can_be_streamed_again(handler: Any) -> None:
    async def main() -> None:
        async with Carrier("KEY") as carrier:
            phone = carrier.new_call(b"", tail_ms=NEVER)
            await ended_call(carrier, phone, handler)
            assert phone.state == "answered"
            await ended_call(carrier, phone, returns)
            assert phone.state == "answered"

    run_virtual(main())


@pytest.mark.parametrize("side", ["command", "phone"])
def test_the_end_of_the_call_ends_the_stream_and_the_handlers_loop(side: str) -> None:
    ended: list[str] = []

    async def listen(call: Call) -> None:
        last = [event async for event in call.events()][-1]
        assert isinstance(last, rtpcodec.events.Stopped)
        ended.append(last.reason)

    async def main() -> None:
        async with (
            Carrier("KEY") as carrier,
            rtpcodec.serve(listen) as endpoint,
            rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control,
        ):
            phone = carrier.new_call(b"", tail_ms=NEVER)
            await endpoint.stream(control, phone.call_control_id)
            if side == "command":
                await control.hangup(phone.call_control_id)
            else:
                phone.hang_up()
            await phone.finished()
            await endpoint.drain()
            assert phone.state == "ended"
            assert endpoint.statistics().calls_failed == 0

    run_virtual(main())
    assert ended == ["stop"]

"""Reconnections by controls that are missing, incomplete or without an answer, and of calls that others started."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

import rtpcodec
from rtpcodec import events
from rtpcodec.errors import EndpointError, StreamNotStarted
from rtpcodec.pump import run_virtual
from rtpcodec.server import Call, call_on
from tests.server.conversation import L16
from tests.server.reconnection import scene


class Mute:
    """Sends by a real control, until it falls silent: commands get no answer then, or one that does nothing."""

    def __init__(self, control: rtpcodec.AsyncCallControl, silent: set[str], idle: set[str]) -> None:
        self._control = control
        self._silent = silent
        self._idle = idle
        self.falls_silent = False

    async def start_streaming(self, call_control_id: str, **fields: Any) -> object:
        return await self._send("start_streaming", call_control_id, fields)

    async def stop_streaming(self, call_control_id: str, **fields: Any) -> object:
        return await self._send("stop_streaming", call_control_id, fields)

    async def _send(self, name: str, call_control_id: str, fields: dict[str, Any]) -> object:
        if self.falls_silent and name in self._silent:
            await asyncio.Event().wait()
        if self.falls_silent and name in self._idle:
            return None
        return await getattr(self._control, name)(call_control_id, **fields)


def took_s(silent: set[str], idle: set[str] = frozenset()) -> tuple[float, str]:  # type: ignore[assignment]
    """Lose a socket with such a control. Returns how long the attempt took, and its reason; "" for success."""
    found: list[tuple[float, str]] = []

    async def main() -> None:
        async with scene() as it:
            control = Mute(it.control, silent, idle)
            call = await it.endpoint.stream(control, it.live.call_control_id)
            control.falls_silent = True
            it.live.lose_socket("rst")
            await asyncio.sleep(0.1)
            begun = asyncio.get_running_loop().time()
            reason = ""
            try:
                await call.reconnect()
            except StreamNotStarted as error:
                reason = error.reason
            found.append((round(asyncio.get_running_loop().time() - begun, 2), reason))
            assert call.ended == bool(reason)
            if not call.ended:
                await call.close()

    run_virtual(main())
    return found[0]


def test_commands_without_an_answer_end_the_stream_in_time() -> None:
    assert took_s({"stop_streaming"}) == (5, "")
    assert took_s({"stop_streaming", "start_streaming"}) == (15, "timeout")


def test_the_end_of_the_phone_call_ends_the_wait_for_the_stop() -> None:
    async def main() -> None:
        async with scene() as it:
            control = Mute(it.control, {"stop_streaming"}, set())
            call = await it.endpoint.stream(control, it.live.call_control_id)
            control.falls_silent = True
            it.live.lose_socket("rst")
            await asyncio.sleep(0.1)
            waiting = asyncio.create_task(call.reconnect())
            await asyncio.sleep(0.1)
            it.live.hang_up()
            with pytest.raises(StreamNotStarted, match="the call has ended"):
                await asyncio.wait_for(waiting, 0.1)

    run_virtual(main())


def test_without_a_socket_the_attempt_times_out() -> None:
    assert took_s(set(), {"start_streaming"}) == (10, "timeout")


def test_without_a_control_nothing_is_held() -> None:
    async def main() -> None:
        refused: list[str] = []

        async def handler(call: Call) -> None:
            with pytest.raises(EndpointError) as why:
                await call.reconnect()
            refused.append(str(why.value))
            async for _ in call.events():
                pass

        async with scene(handler) as it:
            await it.control.start_streaming(
                it.live.call_control_id, stream_url=it.endpoint.url, **L16.command_fields()
            )
            await asyncio.sleep(0.5)
            (call,) = it.endpoint.calls
            it.live.lose_socket("rst")
            await asyncio.sleep(0.001)
            assert call.ended
        assert refused == [
            (
                "reconnect() sends a command about the phone call and there is no control: "
                "pass control=CallControl(...) to `serve`"
            )
        ]

    run_virtual(main())


def test_a_stream_that_was_started_elsewhere_is_reconnected_by_the_control_of_the_endpoint() -> None:
    async def handler(call: Call) -> None:
        async for event in call.events():
            if type(event) is events.Disconnected:
                await call.reconnect(stream_track="both_tracks")

    async def main() -> None:
        later: list[Any] = []

        class Control:
            """Sends by a control that exists once the endpoint does."""

            async def start_streaming(self, call_control_id: str, **fields: Any) -> object:
                return await later[0].start_streaming(call_control_id, **fields)

            async def stop_streaming(self, call_control_id: str, **fields: Any) -> object:
                return await later[0].stop_streaming(call_control_id, **fields)

        async with scene(handler, control=Control()) as it:
            later.append(it.control)
            await it.control.start_streaming(
                it.live.call_control_id, stream_url=it.endpoint.url, **L16.command_fields()
            )
            await asyncio.sleep(0.5)
            (call,) = it.endpoint.calls
            it.live.lose_socket("rst")
            await asyncio.sleep(1)
            assert it.live.streaming
            assert not call.ended
            again = it.commands("streaming_start")[1]
            assert again["stream_track"] == "both_tracks"
            assert again["stream_bidirectional_codec"] == "L16"
            assert re.fullmatch(rf"{re.escape(it.endpoint.url)}[\w-]{{32}}", again["stream_url"])

    run_virtual(main())


def test_an_endpoint_that_carriers_cannot_dial_holds_nothing() -> None:
    async def main() -> None:
        class Control:
            start_streaming = stop_streaming = None

        async def handler(call: Call) -> None:
            with pytest.raises(EndpointError, match=r"cannot dial host '0\.0\.0\.0': pass public_url"):
                await call.reconnect()

        async with rtpcodec.serve(handler, host="0.0.0.0", authorize="t", control=Control(), plan=L16) as endpoint:  # type: ignore[arg-type]
            async with rtpcodec.sim.Carrier("KEY") as carrier:
                live = carrier.new_call(bytes(16_000))
                async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
                    await control.start_streaming(
                        live.call_control_id,
                        stream_url=f"ws://127.0.0.1:{endpoint.port}/",
                        stream_auth_token="t",
                        **L16.command_fields(),
                    )
                    await live.finished()
            assert endpoint.statistics().calls_failed == 0

    run_virtual(main())


def test_a_control_without_stop_streaming_is_refused() -> None:
    async def main() -> None:
        async with scene() as it:

            class Starts:
                start_streaming = it.control.start_streaming

            call = await it.endpoint.stream(Starts(), it.live.call_control_id)
            with pytest.raises(EndpointError, match="that of type Starts has none"):
                await call.reconnect()
            call.close()

    run_virtual(main())


def test_a_call_on_another_server_says_that_it_has_no_endpoint() -> None:
    async def main() -> None:
        async def handler(call: Call) -> None:
            with pytest.raises(EndpointError, match="on that of another server: use `serve`"):
                await call.reconnect()

        async def send(_text: str) -> None:
            pass

        async def close(_code: int) -> None:
            pass

        async with call_on(send, close, handler) as receiver:
            receiver.received('{"event":"connected","version":"1.0.0"}')
            receiver.received(
                '{"event":"start","stream_id":"s","start":{"call_control_id":"v3:a","media_format":'
                '{"encoding":"PCMU","sample_rate":8000,"channels":1}}}'
            )
            await asyncio.sleep(0.1)

    run_virtual(main())

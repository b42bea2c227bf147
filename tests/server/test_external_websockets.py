"""`call_on`: a call on a WebSocket of another server, and how its block may end. Virtual time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec.errors import EndpointError
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import Call, call_on
from tests.stream import carrier


class OtherSocket:
    """The two functions of a WebSocket."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.close_codes: list[int] = []

    async def send_text(self, text: str) -> None:
        self.texts.append(text)

    async def close(self, code: int) -> None:
        self.close_codes.append(code)


class SlowEnd:
    """A handler that needs a while after the end of the stream; `steps` says how far it came."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    async def __call__(self, call: Call) -> None:
        self.steps.append("began")
        try:
            async for _ in call.audio():
                pass
            await asyncio.sleep(1)
            self.steps.append("ended")
        except asyncio.CancelledError:
            self.steps.append("cancelled")
            raise


def test_a_block_that_ends_waits_for_the_handler() -> None:
    async def main() -> None:
        socket, handler = OtherSocket(), SlowEnd()
        async with call_on(socket.send_text, socket.close, handler) as call:
            call.received(carrier.start())
            await asyncio.sleep(0.1)
        assert handler.steps == ["began", "ended"]

    run_virtual(main())


def test_a_block_that_raises_waits_for_the_handler_as_well() -> None:
    """Some servers report the end of a WebSocket by an exception."""

    async def main() -> None:
        socket, handler = OtherSocket(), SlowEnd()

        async def serve() -> None:
            async with call_on(socket.send_text, socket.close, handler) as call:
                call.received(carrier.start())
                await asyncio.sleep(0.1)
                raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            await serve()
        assert handler.steps == ["began", "ended"]

    run_virtual(main())


def test_a_block_that_is_cancelled_cancels_the_handler() -> None:
    async def main() -> None:
        socket, handler = OtherSocket(), SlowEnd()
        loop = asyncio.get_running_loop()

        async def serve() -> None:
            async with call_on(socket.send_text, socket.close, handler) as call:
                call.received(carrier.start())
                await asyncio.sleep(100)

        serving = asyncio.create_task(serve())
        await asyncio.sleep(0.1)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert handler.steps == ["began", "cancelled"]
        assert loop.time() < 0.2

    run_virtual(main())


def test_a_task_that_is_cancelled_while_it_waits_for_the_handler_cancels_it() -> None:
    async def main() -> None:
        socket, handler = OtherSocket(), SlowEnd()

        async def serve() -> None:
            async with call_on(socket.send_text, socket.close, handler) as call:
                call.received(carrier.start())
                await asyncio.sleep(0.1)

        serving = asyncio.create_task(serve())
        await asyncio.sleep(0.5)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert handler.steps == ["began", "cancelled"]

    run_virtual(main())


@pytest.mark.parametrize(
    "options",
    [{"authorize": "token"}, {"max_message_octets": 100}, {"path": "/media"}, {"max_calls": 1}],
    ids=lambda options: next(iter(options)),
)
def test_settings_of_the_server_are_refused_instead_of_ignored(options: dict[str, Any]) -> None:
    async def main() -> None:
        socket = OtherSocket()
        with pytest.raises(EndpointError, match=f"^{next(iter(options))}: call_on cannot apply it"):
            async with call_on(socket.send_text, socket.close, SlowEnd(), **options):
                pass

    run_virtual(main())


def test_pongs_of_another_server_that_answer_nothing_only_count() -> None:
    async def main() -> None:
        socket, handler = OtherSocket(), SlowEnd()
        async with call_on(socket.send_text, socket.close, handler, max_frames_per_s=20) as call:
            call.received(carrier.start())
            call.ponged(b"")
            call.ponged(b"wrong")
            await asyncio.sleep(0.1)
            assert socket.close_codes == []
            for _ in range(1000):
                call.ponged(b"flood")
            await asyncio.sleep(0.1)
            assert socket.close_codes == [1008]
        assert handler.steps == ["began", "ended"]

    run_virtual(main())


def test_a_call_of_another_server_has_a_budget_too() -> None:
    async def main() -> None:
        socket, handler = OtherSocket(), SlowEnd()
        async with call_on(socket.send_text, socket.close, handler, max_frames_per_s=20) as call:
            call.received(carrier.start())
            for _ in range(1000):
                call.touched()
            await asyncio.sleep(0.1)
            assert socket.close_codes == [1008]
        assert handler.steps == ["began", "ended"]

    run_virtual(main())


def test_a_silent_peer_is_pinged_and_a_vanished_one_is_lost() -> None:
    """With the server's function for pings; its pongs are reported by the block."""

    async def main() -> None:
        socket, kinds, pings = OtherSocket(), list[str](), list[tuple[float, bytes]]()
        loop = asyncio.get_running_loop()

        async def ping(payload: bytes) -> None:
            pings.append((loop.time(), payload))
            if len(pings) < 4:
                call.ponged(payload)

        async def handle(call: Call) -> None:
            kinds.extend([type(event).__name__ async for event in call.events()])
            assert call.end_reason == "socket_lost"
            ended.append(loop.time())

        ended: list[float] = []
        async with call_on(socket.send_text, socket.close, handle, ping=ping, media_silence_s=None) as call:
            call.received(carrier.start())
            await asyncio.sleep(60)
        assert [at_s for at_s, _ in pings] == pytest.approx([5.0, 10.0, 15.0, 20.0], abs=0.01)
        assert ended == pytest.approx([25.0], abs=0.01)
        assert kinds == ["Started", "Disconnected", "Stopped"]

    run_virtual(main())


def test_without_a_function_for_pings_silence_ends_a_call_by_the_idle_time_out() -> None:
    async def main() -> None:
        socket, reasons = OtherSocket(), list[str | None]()

        async def handle(call: Call) -> None:
            async for _ in call.events():
                pass
            reasons.append(call.end_reason)

        async with call_on(socket.send_text, socket.close, handle) as call:
            call.received(carrier.start())
            await asyncio.sleep(60)
        assert reasons == ["idle_timeout"]

    run_virtual(main())


def test_headers_of_a_dict_are_found_in_any_case() -> None:
    async def main() -> None:
        socket, found = OtherSocket(), list[str]()

        async def handle(call: Call) -> None:
            found.extend([call.headers["X-Account"], call.headers["x-account"]])

        async with call_on(socket.send_text, socket.close, handle, headers={"x-ACCOUNT": "7"}) as call:
            call.received(carrier.start())
            await asyncio.sleep(0.1)
        assert found == ["7", "7"]

    run_virtual(main())

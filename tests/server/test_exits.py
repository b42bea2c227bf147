"""Handlers that raise a BaseException: only the call ends, unless the program was interrupted."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import rtpcodec
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import Call, call_on
from tests.server.dialler import LOOPS, call, refused_with, run, until
from tests.stream import carrier as wire


class Abort(BaseException):
    """An exception of the user's own."""


STRANGE: list[Callable[[], BaseException]] = [
    SystemExit,
    GeneratorExit,
    lambda: BaseExceptionGroup("two", [SystemExit(), ValueError()]),
    Abort,
]
NAMES = ["SystemExit", "GeneratorExit", "group", "own"]


async def listen(call: Call) -> None:
    async for _ in call.audio():
        pass


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("make", STRANGE, ids=NAMES)
def test_a_handler_that_exits_ends_its_call_alone(
    make: Callable[[], BaseException], loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def answer(call: Call) -> None:
        async for audio in call.audio():
            if call.path == "/exits":
                raise make()
            call.play(audio)

    async def main() -> None:
        async with rtpcodec.serve(answer, path=None) as endpoint:
            async with call(f"{endpoint.url}good") as good, call(f"{endpoint.url}exits") as bad:
                await bad.media()
                assert await bad.close_code() == 1011
                await good.media()
                await good.payload()
            await until(lambda: not endpoint.calls)
            assert endpoint.statistics().calls_failed == 1

    run(main, loop)
    assert "the handler" in caplog.text


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("make", [*STRANGE, asyncio.CancelledError], ids=[*NAMES, "CancelledError"])
def test_a_function_that_exits_ends_its_call_alone(make: Callable[[], BaseException], loop: str) -> None:
    heard: list[str] = []

    def hear(call: Call, _audio: rtpcodec.Audio) -> None:
        heard.append(call.path)
        if call.path == "/exits":
            raise make()

    async def main() -> None:
        async with rtpcodec.serve(on_audio=hear, path=None) as endpoint:
            async with call(f"{endpoint.url}good") as good, call(f"{endpoint.url}exits") as bad:
                await bad.media()
                assert await bad.close_code() == 1011
                await good.media()
                await until(lambda: "/good" in heard)
            await until(lambda: not endpoint.calls)
            assert endpoint.statistics().calls_failed == 1

    run(main, loop)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("make", [*STRANGE, asyncio.CancelledError], ids=[*NAMES, "CancelledError"])
def test_an_authorize_that_exits_refuses_the_call(make: Callable[[], BaseException], loop: str) -> None:
    def authorize(_headers: Mapping[str, str], path: str) -> bool:
        if path == "/exits":
            raise make()
        return True

    async def main() -> None:
        async with rtpcodec.serve(listen, path=None, authorize=authorize) as endpoint:
            assert await refused_with(f"{endpoint.url}exits") == 500
            assert await refused_with(f"{endpoint.url}good") == 101

    run(main, loop)


@pytest.mark.parametrize("by", ["handler", "on_audio", "authorize"])
@pytest.mark.parametrize("loop", LOOPS)
def test_an_interrupt_from_the_keyboard_still_ends_the_program(by: str, loop: str) -> None:
    def interrupt(*_arguments: object) -> Any:
        raise KeyboardInterrupt

    async def handler(_call: Call) -> None:
        interrupt()

    answers: dict[str, dict[str, Any]] = {
        "handler": {"handler": handler},
        "on_audio": {"on_audio": interrupt},
        "authorize": {"handler": handler, "authorize": interrupt},
    }

    async def main() -> None:
        async with rtpcodec.serve(**answers[by]) as endpoint, call(endpoint.url) as carrier:
            await carrier.media()
            await carrier.close_code()

    with pytest.raises(KeyboardInterrupt):
        run(main, loop)


def test_a_handler_that_exits_on_another_server_ends_its_call_alone() -> None:
    codes: list[int] = []

    async def nothing(_text: str) -> None:
        pass

    async def close(code: int) -> None:
        codes.append(code)

    async def exit_at_once(_call: Call) -> None:
        sys.exit(1)

    async def main() -> None:
        async with call_on(nothing, close, exit_at_once) as receiver:
            receiver.received(wire.start())
            await asyncio.sleep(0.1)
        assert codes == [1011]

    run_virtual(main())

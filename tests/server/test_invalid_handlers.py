"""Invalid handlers and keywords are refused at once; faults that only a call shows raise a clear error there."""

from __future__ import annotations

import asyncio
import functools
import logging
import types
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest

import rtpcodec
from rtpcodec.adapters import aiohttp, starlette, websockets
from rtpcodec.errors import EndpointError
from rtpcodec.pump.virtual import run_virtual
from rtpcodec.server import call_on
from tests.stream import carrier

MAKERS: dict[str, Callable[..., object]] = {
    "serve": rtpcodec.serve,
    "media_route": functools.partial(starlette.media_route, "/media"),
    "media_handler of aiohttp": aiohttp.media_handler,
    "media_handler of websockets": websockets.media_handler,
}
every_maker = pytest.mark.parametrize("name", MAKERS)


async def answer(_call: object) -> None: ...


async def yields(_call: object) -> AsyncIterator[int]:
    yield 1


def yields_in_turn(_call: object) -> Iterator[int]:
    yield 1


class YieldingObject:
    async def __call__(self, _call: object) -> AsyncIterator[int]:
        yield 1


class AsyncObject:
    async def __call__(self, _call: object) -> None: ...


@types.coroutine
def old_coroutine(_call: object) -> Generator[None, None, None]:
    yield


async def call_once(handler: Any) -> list[int]:
    """Return the codes of close frames of a call with this handler."""
    codes: list[int] = []

    async def send(_text: str) -> None: ...

    async def close(code: int) -> None:
        codes.append(code)

    async with call_on(send, close, handler) as receiver:
        receiver.received(carrier.start())
        await asyncio.sleep(0.1)
    return codes


@every_maker
@pytest.mark.parametrize("handler", [yields, yields_in_turn, YieldingObject(), functools.partial(yields)])
def test_a_generator_is_refused_when_it_is_given(name: str, handler: Any) -> None:
    with pytest.raises(EndpointError, match=r"^handler is a generator function, a coroutine function is needed"):
        MAKERS[name](handler)


@pytest.mark.parametrize(
    "handler", [answer, AsyncObject(), functools.partial(answer), lambda _call: asyncio.sleep(0), old_coroutine]
)
def test_whatever_returns_an_awaitable_is_a_handler(handler: Any) -> None:
    assert run_virtual(call_once(handler)) == [1000]


def test_a_handler_that_returns_none_is_named_at_its_call(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert run_virtual(call_once(lambda _call: None)) == [1011]
    assert "the handler returned a value of type NoneType, a coroutine function is needed" in caplog.text


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "serve"])
def test_an_adapter_needs_something_that_answers(name: str) -> None:
    """`serve` without any accepts the calls of `Endpoint.stream`, which an adapter does not have."""
    with pytest.raises(EndpointError, match=r"^none of handler, on_audio and on_event is given"):
        MAKERS[name]()


def test_call_on_needs_something_that_answers() -> None:
    with pytest.raises(EndpointError, match=r"^none of handler, on_audio and on_event is given"):
        run_virtual(call_once(None))


@every_maker
def test_an_unknown_keyword_is_named_with_the_function_and_the_closest_one(name: str) -> None:
    with pytest.raises(TypeError) as caught:
        MAKERS[name](answer, authorise="TOKEN")
    function = name.partition(" ")[0]
    assert str(caught.value) == f"{function}() got an unexpected keyword argument 'authorise'; 'authorize' is one"


def test_an_unknown_keyword_of_run_and_call_on() -> None:
    with pytest.raises(TypeError, match=r"^run\(\) got an unexpected keyword argument 'prot'; 'port' is one$"):
        rtpcodec.run(answer, prot=8080)  # type: ignore[call-arg]

    async def main() -> None:
        async with call_on(answer, answer, answer, zzz=1):  # type: ignore[call-arg]
            pass

    with pytest.raises(TypeError, match=r"^call_on\(\) got an unexpected keyword argument 'zzz'$"):
        run_virtual(main())

"""A handler that somebody has cancelled is not followed by `on_handler_end`, and the log does not say that it is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtpcodec.server import Call
from tests.server.phone import PhoneScene, errors, on_phone


async def cancel_the_task(_call: Call) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(1)


@pytest.mark.parametrize("choice", ["keep", "hangup"])
def test_the_phone_call_stays_up(choice: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        await scene.endpoint.drain()
        assert scene.phone.state == "answered"

    on_phone(script, cancel_the_task, on_handler_end=choice)
    hint = ", on_handler_end can end it" if choice == "keep" else ""
    assert errors(caplog) == [f"the handler was cancelled from within; the phone call is still up{hint}"]


def test_a_handler_that_outlives_its_stream_is_cancelled_and_not_followed() -> None:
    acted: list[object] = []

    async def ending(call: Call, _error: BaseException | None) -> None:
        acted.append(call)

    async def hang(call: Call) -> None:
        await call.close()
        await asyncio.Event().wait()

    async def script(scene: PhoneScene) -> None:
        await scene.stream()
        await scene.phone.finished()
        await scene.endpoint.drain()
        assert scene.phone.state == "answered"

    on_phone(script, hang, on_handler_end=ending)
    assert acted == []

"""examples/goodbye.py on simulated calls: a key, a menu, a caller who hangs up, and a handler that fails."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from rtpcodec.sim import SimulatedCall
from rtpcodec.stream.plan import StreamPlan
from tests.server.phone import PhoneScene, actions, errors, on_phone

PATH = Path(__file__).parents[2] / "examples" / "goodbye.py"


def example() -> Any:
    spec = importlib.util.spec_from_file_location("goodbye", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def called(keys: str, module: Any = None, *, hangs_up: bool = False) -> SimulatedCall:
    """Run a call whose caller presses a key after 2 s, or hangs up."""
    module = module or example()
    phones: list[SimulatedCall] = []

    async def script(scene: PhoneScene) -> None:
        phones.append(scene.phone)
        await scene.stream()
        await asyncio.sleep(2)
        if keys:
            scene.phone.press(keys)
        if hangs_up:
            scene.phone.hang_up()
        await scene.phone.finished()
        await scene.endpoint.drain()
        assert scene.phone.state == "ended"

    on_phone(script, module.take_order, plan=StreamPlan(), on_handler_end=module.after)
    return phones[0]


@pytest.mark.parametrize(("keys", "sent"), [("1", []), ("0", ["send_dtmf"])])
def test_it_says_goodbye_and_hangs_up(keys: str, sent: list[str], caplog: pytest.LogCaptureFixture) -> None:
    assert actions(called(keys)) == ["streaming_start", *sent, "hangup"]
    assert errors(caplog) == []


def test_a_caller_who_hangs_up_first(caplog: pytest.LogCaptureFixture) -> None:
    assert actions(called("", hangs_up=True)) == ["streaming_start"]
    assert errors(caplog) == []


def test_a_handler_that_fails_is_followed_by_an_apology(caplog: pytest.LogCaptureFixture) -> None:
    module = example()
    speak = module.speak

    def failing(words: str) -> bytes:
        if words.startswith("Thank you"):
            raise RuntimeError("the speech engine is down")
        pcm: bytes = speak(words)
        return pcm

    module.speak = failing
    assert actions(called("1", module)) == ["streaming_start", "hangup"]
    assert errors(caplog) == ["the handler failed; on_handler_end decides about the phone call"]

"""Our handles are asyncio's in all that a program or a tool can see of them."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import Any

import pytest

from rtpcodec.pump import VirtualEventLoop
from rtpcodec.pump.handles import ReadyHandle, Timer


def slots(handle: asyncio.Handle) -> dict[str, Any]:
    """Every attribute of a handle."""
    names = [name for kind in type(handle).__mro__ for name in vars(kind).get("__slots__", ())]
    return {name: getattr(handle, name) for name in names if name != "__weakref__"}


@pytest.fixture
def loop() -> Any:
    loop = VirtualEventLoop()
    yield loop
    loop.close()


def test_ready_handle_has_the_attributes_of_asyncio(loop: VirtualEventLoop) -> None:
    context = copy_context()
    ours = ReadyHandle(print, (1,), loop, context)
    assert slots(ours) == slots(asyncio.Handle(print, (1,), loop, context))
    assert repr(ours).startswith("<ReadyHandle print(")
    ours.cancel()
    assert ours.cancelled()


def test_timer_has_the_attributes_of_asyncio(loop: VirtualEventLoop) -> None:
    context = copy_context()
    ours = loop.call_at(2.5, print, 1, context=context)
    assert isinstance(ours, Timer)
    theirs = asyncio.TimerHandle(2.5, print, (1,), loop, context)
    assert slots(ours) == slots(theirs) | {"_scheduled": True}
    assert ours.when() == 2.5
    assert repr(ours).startswith("<Timer when=2.5 print(")


def test_timer_drops_its_callback_when_it_is_cancelled(loop: VirtualEventLoop) -> None:
    timer = loop.call_at(2.5, print, 1)
    timer.cancel()
    timer.cancel()
    assert timer.cancelled()
    assert "print" not in repr(timer)


@pytest.mark.parametrize("with_context", [False, True])
def test_handles_run_in_the_context_that_is_given_or_current(loop: VirtualEventLoop, with_context: bool) -> None:
    context = copy_context() if with_context else None
    for handle in (loop.call_soon(int, context=context), loop.call_at(1, int, context=context)):
        found = slots(handle)["_context"]
        assert (found is context) if with_context else (found == copy_context())

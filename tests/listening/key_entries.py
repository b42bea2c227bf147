"""Calls whose caller presses keys, on the virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from rtpcodec.server import Call, Digits
from tests.server.conversation import tone
from tests.server.virtual_call import carried

PROMPT = tone(1, 8 * 1000)
"""1 s."""


def entered(
    handler: Callable[[Call], Awaitable[Any]], *keys: tuple[float, str], speech_ms: int = 30_000, **phone: Any
) -> list[tuple[Any, float]]:
    """Run a call whose caller presses keys at these ms. Returns what the handler returns, and the ms of its end."""
    found: list[tuple[Any, float]] = []

    async def handle(call: Call) -> None:
        found.append((await handler(call), round(asyncio.get_running_loop().time() * 1000 - call.started.monotonic_ms)))

    carried(handle, speech_ms=speech_ms, phone={"dtmf": keys, **phone})
    return found


def typed(text: str, from_ms: float, step_ms: float = 300.0) -> list[tuple[float, str]]:
    return [(from_ms + at * step_ms, digit) for at, digit in enumerate(text)]


def is_about(found_ms: float, expected_ms: float) -> bool:
    """A key is reported 150 ms after its message, a reply's end some ms after it was heard."""
    return -5 <= found_ms - expected_ms <= 160


async def prompted(call: Call, **options: Any) -> tuple[Digits, str, float]:
    reply = await call.say([PROMPT])
    digits = await call.collect_dtmf(reply, **options)
    return digits, reply.state, reply.played_ms

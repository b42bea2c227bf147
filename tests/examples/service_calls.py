"""Runs an example's handler for one simulated call on the virtual clock, beside a stand-in of its service."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import rtpcodec
from rtpcodec.sim import CallReport, Carrier, Link, Timing

EXAMPLES = Path(__file__).parents[2] / "examples"
DELAYS = Timing(to_app=Link(delay_ms=40), from_app=Link(delay_ms=40))
MAX_LINES = 60


def example(name: str) -> ModuleType:
    """Import an example by its name."""
    path = EXAMPLES / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines_of(name: str) -> int:
    """How many lines of an example are not empty."""
    return len([line for line in (EXAMPLES / f"{name}.py").read_text().splitlines() if line.strip()])


def speech(*parts: tuple[int, int], rate_hz: int = 8000) -> bytes:
    """PCM: pairs of silence and of a loud tone of 700 Hz behind it, in ms."""
    pieces = [np.zeros(0)]
    for silent_ms, loud_ms in parts:
        pieces.append(np.zeros(silent_ms * rate_hz // 1000))
        pieces.append(12000 * np.sin(np.arange(loud_ms * rate_hz // 1000) * 2 * np.pi * 700 / rate_hz))
    return np.concatenate(pieces).astype(np.int16).tobytes()


async def call_to(
    handler: Callable[[rtpcodec.Call], Awaitable[None]],
    plan: rtpcodec.StreamPlan,
    said: bytes,
    service: AbstractAsyncContextManager[Any],
    *,
    options: dict[str, Any] | None = None,
    timing: Timing = DELAYS,
    **phone: Any,
) -> CallReport:
    """Run one call.

    handler, plan, options: for `serve`.
    said: what the caller says.
    service: what the handler connects to.
    timing, phone: options of the caller.
    """
    async with service, Carrier("KEY") as carrier, rtpcodec.serve(handler, plan=plan, **(options or {})) as endpoint:
        call = carrier.new_call(said, timing=timing, playout_delay_ms=60, **phone)
        async with rtpcodec.AsyncCallControl("KEY", base_url=carrier.base_url) as control:
            await control.start_streaming(call.call_control_id, stream_url=endpoint.url, **plan.command_fields())
        report = await call.finished()
        await endpoint.drain()
        return report


def errors_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The messages of our warnings and errors."""
    ours = [record for record in caplog.records if record.name.startswith("rtpcodec")]
    return [record.getMessage() for record in ours if record.levelname in ("WARNING", "ERROR")]

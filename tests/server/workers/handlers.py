"""Handlers for the workers of tests. Workers import only this module, so that they start fast."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rtpcodec.server import Call

HANDLERS = "tests.server.workers.handlers"
FORMAT = "%(processName)s: %(message)s"


async def echo(call: Call) -> None:
    async for audio in call.audio():
        await call.play(audio)


def logs_and_takes_few_calls(number: int) -> Mapping[str, Any]:
    """Be the `configure` of workers that log like the supervisor."""
    logging.basicConfig(level=logging.INFO, format=FORMAT)
    return {"max_calls": 100 + number}


def fails_if_asked(_number: int) -> Mapping[str, Any]:
    """Be a `configure` that fails once there is a file of the name in FAIL_FILE."""
    if Path(os.environ["FAIL_FILE"]).exists():
        raise RuntimeError("the database is gone")
    return {}


def hangs(_number: int) -> Mapping[str, Any]:
    """Be a `configure` that never returns."""
    signal.pause()
    return {}

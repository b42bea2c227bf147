"""Messages of a carrier at exact moments of the virtual clock, for `call_on`."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import rtpcodec.server
from rtpcodec.pump import run_virtual

Message = tuple[float, dict[str, Any]]
"""The time of arrival in ms after `start`, and the message."""


def media(at_ms: float, chunk: int, payload: bytes, *, timestamp: int | None = None, track: str = "inbound") -> Message:
    """Return a chunk of audio."""
    body = {"track": track, "chunk": str(chunk), "payload": b64encode(payload).decode()}
    if timestamp is not None:
        body["timestamp"] = str(timestamp)
    return at_ms, {"event": "media", "media": body}


def received(
    handler: Callable[[rtpcodec.Call], Awaitable[object]] | None,
    messages: Iterable[Message],
    *,
    encoding: str = "PCMU",
    rate_hz: int = 8000,
    end_ms: float,
    **options: Any,
) -> None:
    """Let a handler receive messages, and then the carrier's `stop`.

    handler: our side, whose error is raised here; None: `on_audio` or `on_event` is among the options.
    encoding, rate_hz: the format that `start` names.
    end_ms: when the stream stops.
    options: keywords of `call_on`.
    """
    errors: list[BaseException] = []

    async def handle(call: rtpcodec.Call) -> None:
        assert handler is not None
        try:
            await handler(call)
        except BaseException as error:
            errors.append(error)
            raise

    async def main() -> None:
        async def nothing(_argument: object) -> None:
            pass

        loop = asyncio.get_running_loop()
        async with rtpcodec.server.call_on(nothing, nothing, handle if handler else None, **options) as receiver:
            begun_s = loop.time()
            start = {"media_format": {"encoding": encoding, "sample_rate": rate_hz, "channels": 1}}
            receiver.received(json.dumps({"event": "start", "start": start}))
            for at_ms, message in (*messages, (end_ms, {"event": "stop", "stop": {}})):
                await asyncio.sleep(begun_s + at_ms / 1000 - loop.time())
                receiver.received(json.dumps(message))

    run_virtual(main())
    for error in errors:
        raise error

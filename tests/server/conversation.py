"""Runs one call between a handler on our side and a script on the carrier's."""

from __future__ import annotations

import array
from collections.abc import Awaitable, Callable

import rtpcodec
from rtpcodec.server import Call
from rtpcodec.stream.plan import StreamPlan
from tests.server.dialler import Dialler, call, run

L16 = StreamPlan(send_codec="L16", send_rate_hz=8000)


def tone(first: int, samples: int) -> bytes:
    """Return PCM that counts up from `first`, so that each sample shows its position."""
    return array.array("h", ((first + at) % 32768 for at in range(samples))).tobytes()


def converse(
    handler: Callable[[Call], Awaitable[None]], carry: Callable[[Dialler], Awaitable[None]], **options: object
) -> None:
    """Run one call.

    handler: our side.
    carry: the carrier's side.
    options: keywords of `serve`.
    """

    async def main() -> None:
        async with rtpcodec.serve(handler, **options) as endpoint, call(endpoint.url) as carrier:  # type: ignore[arg-type]
            await carry(carrier)

    run(main)

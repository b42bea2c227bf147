"""One call of a handler on our side and a script on the carrier's."""

from __future__ import annotations

import array
from collections.abc import Awaitable, Callable

import rtpcodec
from rtpcodec.server import Call
from rtpcodec.stream.plan import StreamPlan
from tests.server.dialler import Dialler, call, run

L16 = StreamPlan(send_codec="L16", send_rate_hz=8000)


def tone(first: int, samples: int) -> bytes:
    """PCM whose samples count on, so that each has its place."""
    return array.array("h", ((first + at) % 32768 for at in range(samples))).tobytes()


def converse(
    handler: Callable[[Call], Awaitable[None]], carry: Callable[[Dialler], Awaitable[None]], **options: object
) -> None:
    """One call: a handler on our side, a script on the carrier's."""

    async def main() -> None:
        async with rtpcodec.serve(handler, **options) as endpoint, call(endpoint.url) as carrier:  # type: ignore[arg-type]
            await carry(carrier)

    run(main)

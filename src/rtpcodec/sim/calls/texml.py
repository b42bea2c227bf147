"""Executes a TeXML document on a call: verb after verb, and hangs up after the last one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol

from rtpcodec.carriers.telnyx import texml
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.commands.error_answers import Refused
from rtpcodec.sim.commands.texml import Step


class DocumentCall(Protocol):
    """A call as its document sees it."""

    @property
    def streaming(self) -> bool:
        """Whether a stream runs, or its socket is being opened."""

    def begin(self, settings: StreamSettings) -> Callable[[], None]:
        """Reserve the call for a stream; the function that is returned makes it dial."""

    def cease(self, stream_id: str | None) -> None:
        """Stop the stream."""

    async def stream_over(self) -> None:
        """Return at the end of the stream."""

    def leave(self, reason: Literal["hang_up"], *, by_us: bool) -> None:
        """End the call."""


async def execute(steps: list[Step], call: DocumentCall) -> None:
    """Execute all steps, and hang up. The end of the call cancels this. A stream that is refused ends the document."""
    try:
        for step in steps:
            if step.stream is not None:
                call.begin(step.stream)()
                if step.verb == texml.CONNECT:
                    await call.stream_over()
            elif step.verb == texml.STOP and call.streaming:
                call.cease(None)
                await call.stream_over()
            elif step.verb == texml.PAUSE:
                await asyncio.sleep(step.pause_s)
            elif step.verb == texml.HANGUP:
                break
    except Refused:
        pass
    call.leave("hang_up", by_us=True)

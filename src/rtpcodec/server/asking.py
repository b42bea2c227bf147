"""Has the carrier stream a call to this endpoint: the command, and the wait for what comes of it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from rtpcodec.errors import CommandError
from rtpcodec.server.call import Call
from rtpcodec.server.invitations import Invitation


class StreamingControl(Protocol):
    """What `Endpoint.stream` needs of a CallControl or an AsyncCallControl."""

    @property
    def start_streaming(self) -> Callable[..., Any]:
        """Send the command: with the call_control_id and the body's fields as keywords."""


async def ask(control: StreamingControl, invitation: Invitation, fields: Mapping[str, Any], timeout_s: float) -> Call:
    """Send the command and wait for the call. StreamNotStarted."""
    command = asyncio.ensure_future(_send(control, invitation, fields))
    doubt: CommandError | None = None
    try:
        async with asyncio.timeout(timeout_s):
            # The stream may begin before the command is answered.
            await asyncio.wait((command, invitation.call), return_when=asyncio.FIRST_COMPLETED)
            if invitation.wanted:
                doubt = _doubt(command, invitation)
            return await invitation.call
    except TimeoutError:
        what = (
            "no socket came" if doubt is None else f"no socket came, and what became of the command is unknown: {doubt}"
        )
        raise invitation.not_started("timeout", f"{what} within {timeout_s:g} s") from doubt
    finally:
        command.cancel()
        await asyncio.gather(command, return_exceptions=True)


async def _send(control: StreamingControl, invitation: Invitation, fields: Mapping[str, Any]) -> None:
    start = control.start_streaming
    body = {**fields, "stream_url": invitation.url, "stream_auth_token": invitation.token}
    if inspect.iscoroutinefunction(start):
        await start(invitation.call_control_id, **body)
    else:
        # A blocking client; it goes on by itself where nobody waits any more.
        await asyncio.to_thread(start, invitation.call_control_id, **body)


def _doubt(command: asyncio.Future[None], invitation: Invitation) -> CommandError | None:
    """The error of a command that may have taken effect all the same; one that has not is raised."""
    try:
        command.result()
    except CommandError as error:
        if error.outcome_unknown:
            return error
        raise invitation.not_started("refused", str(error)) from error
    return None

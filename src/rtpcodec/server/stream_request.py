"""Requests a stream to this endpoint: sends the streaming command and waits for its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from rtpcodec.carriers.telnyx.commands import (
    BOTH_LEGS,
    BOTH_TRACKS,
    STREAM_AUTH_TOKEN,
    STREAM_BIDIRECTIONAL_SAMPLING_RATE,
    STREAM_BIDIRECTIONAL_TARGET_LEGS,
)
from rtpcodec.carriers.telnyx.members import STREAM_TRACK, STREAM_URL
from rtpcodec.errors import CommandError, EndpointError
from rtpcodec.server.call import Call
from rtpcodec.server.invitations import Invitation
from rtpcodec.server.options import Plan
from rtpcodec.server.phone_control import StreamingControl, send
from rtpcodec.stream.plan import StreamPlan

_MOST: Final = {STREAM_TRACK: BOTH_TRACKS, STREAM_BIDIRECTIONAL_TARGET_LEGS: BOTH_LEGS}
"""The value of a field that includes all others."""


def requested_plan(plan: Plan | None) -> StreamPlan:
    """Return the endpoint's plan for a call that `stream` requests. EndpointError: it is a function of the path."""
    if plan is None or isinstance(plan, StreamPlan):
        return plan or StreamPlan()
    raise EndpointError("the endpoint's plan is a function of the path, which stream() generates: pass plan=")


def completed(plan: StreamPlan, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a streaming command, with those of the plan filled in; None means not given.

    A field that the plan decides may have the plan's value, another name of it (G722 has 8000 and 16000), or more than
    it: both tracks, both legs, and a `stream_codec` where the plan has no wish. In mode mp3 the carrier ignores codec
    and rate.

    Raises: TypeError if a field contradicts the plan, by which the session encodes and reads.
    """
    fields: dict[str, Any] = {**plan.command_fields("start_streaming")}
    for name, value in given.items():
        if value is None:
            continue
        decided = fields.get(name)
        if decided is not None and value != decided and not _adds(plan, name, value):
            raise TypeError(
                f"{name} is {value!r}, the endpoint's plan has {decided!r}; change the plan that `serve` was given"
            )
        fields[name] = value
    return fields


def _adds(plan: StreamPlan, name: str, value: object) -> bool:
    """Return whether a value means the same as the plan's, or all of that and more."""
    return value == _MOST.get(name) or (
        name == STREAM_BIDIRECTIONAL_SAMPLING_RATE and value in plan.send_info.command_rates_hz
    )


async def ask(control: StreamingControl, invitation: Invitation, fields: Mapping[str, Any], timeout_s: float) -> Call:
    """Send the streaming command and wait for the call.

    control: sends the command.
    invitation: the invitation of the call.
    fields: the body's fields, without address and token.
    timeout_s: limit on the whole.
    Raises: StreamNotStarted, with its reason.
    """
    command = asyncio.ensure_future(_send(control, invitation, fields))
    doubt: CommandError | None = None
    try:
        async with asyncio.timeout(timeout_s):
            # 1. Wait for the answer to the command. The stream may begin before it.
            await asyncio.wait((command, invitation.call), return_when=asyncio.FIRST_COMPLETED)
            # 2. A refused command raises here. An unknown outcome does not: the stream may begin all the same.
            if invitation.wanted:
                doubt = _doubt(command, invitation)
            # 3. Wait for the stream.
            return await invitation.call
    except TimeoutError:
        what = (
            "no socket was opened"
            if doubt is None
            else f"no socket was opened, and the outcome of the command is unknown: {doubt}"
        )
        raise invitation.not_started("timeout", f"{what} within {timeout_s:g} s") from doubt
    finally:
        command.cancel()
        await asyncio.gather(command, return_exceptions=True)
        del invitation, command  # they hold errors, whose tracebacks hold this frame


async def _send(control: StreamingControl, invitation: Invitation, fields: Mapping[str, Any]) -> None:
    body = {**fields, STREAM_URL: invitation.url, STREAM_AUTH_TOKEN: invitation.token}
    await send(control.start_streaming, invitation.call_control_id, **body)


def _doubt(command: asyncio.Future[None], invitation: Invitation) -> CommandError | None:
    """Return the error of a finished command that may have taken effect nevertheless; None: it succeeded.

    Raises: StreamNotStarted if the command certainly had no effect.
    """
    try:
        command.result()
    except CommandError as error:
        if error.outcome_unknown:
            return error
        raise invitation.not_started("refused", str(error)) from error
    finally:
        del command  # it holds the error, whose traceback holds this frame
    return None

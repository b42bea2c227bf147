"""The controls that send commands about phone calls; blocking ones are called in a thread."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from rtpcodec.errors import CallEnded
from rtpcodec.stream.wire import Dialect


class StreamingControl(Protocol):
    """The part of CallControl and AsyncCallControl that `Endpoint.stream` needs."""

    @property
    def start_streaming(self) -> Callable[..., Any]:
        """Sends `streaming_start`; called with the call_control_id, and the body's fields as keywords."""


class PhoneControl(StreamingControl, Protocol):
    """The part of CallControl and AsyncCallControl that commands about a call need.

    Each method is called with the call_control_id, and the body's fields as keywords.
    """

    @property
    def stop_streaming(self) -> Callable[..., Any]:
        """Ends the stream."""

    @property
    def hangup(self) -> Callable[..., Any]:
        """Ends the phone call."""

    @property
    def send_dtmf(self) -> Callable[..., Any]:
        """Sends keys."""

    @property
    def command(self) -> Callable[..., Any]:
        """Sends any other command: called with the call_control_id and the action's name before the fields."""


async def send(method: Callable[..., Any], *arguments: object, **fields: Any) -> Any:
    """Call a method of a control, in a thread if it blocks, and return its result.

    If the caller is cancelled, a blocking method continues to the end of the command.
    """
    if inspect.iscoroutinefunction(method):
        return await method(*arguments, **fields)
    return await asyncio.to_thread(method, *arguments, **fields)


async def hang_up(control: PhoneControl | None, dialect: Dialect, call_control_id: str | None) -> None:
    """Hang up a phone call, unless it has already ended or cannot be hung up from here.

    Args:
        control: sends the command; None: nothing is sent.
        dialect: the dialect of the call. Nothing is sent if its carrier has no commands.
        call_control_id: the id of the call; None: nothing is sent.
    """
    if control is not None and dialect.commands and call_control_id is not None:
        with suppress(CallEnded):
            await send(control.hangup, call_control_id)

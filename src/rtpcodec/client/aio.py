"""Commands for asyncio: a thin shell, the twin of `sync`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Self, Unpack

from rtpcodec.client import command
from rtpcodec.client.access import Access
from rtpcodec.client.aio_http import AsyncHttp
from rtpcodec.client.command import Command
from rtpcodec.client.fields import AnswerFields, DialFields, HangupFields, StartFields, StopFields
from rtpcodec.client.results import CommandResult, DialedCall, R
from rtpcodec.client.retry import DEFAULT_RETRY, Retry


class AsyncCallControl:
    """Sends commands about calls to the carrier; use it as an async context manager, within one event loop.

    Settings, errors and methods are those of `CallControl`.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout_s: float = 10.0,
        connect_timeout_s: float = 5.0,
        retry: Retry = DEFAULT_RETRY,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> None:
        self._access = Access.of(api_key, base_url)
        self._http = AsyncHttp(self._access, timeout_s, connect_timeout_s, retry, sleep)

    async def start_streaming(self, call_control_id: str, **fields: Unpack[StartFields]) -> CommandResult:
        """Have the carrier connect to `stream_url` and stream the call; StartFields lists every parameter."""
        return await self.send(command.start_streaming(call_control_id, **fields))

    async def stop_streaming(self, call_control_id: str, **fields: Unpack[StopFields]) -> CommandResult:
        """Have the carrier stop the stream `stream_id`, or all of the call; StopFields lists every parameter."""
        return await self.send(command.stop_streaming(call_control_id, **fields))

    async def dial(self, **fields: Unpack[DialFields]) -> DialedCall:
        """Call `to` from `from_`, and stream the call if `stream_url` is given; DialFields lists every parameter."""
        return await self.send(command.dial(**fields))

    async def answer(self, call_control_id: str, **fields: Unpack[AnswerFields]) -> CommandResult:
        """Answer the call, and stream it if `stream_url` is given; AnswerFields lists every parameter."""
        return await self.send(command.answer(call_control_id, **fields))

    async def hangup(self, call_control_id: str, **fields: Unpack[HangupFields]) -> CommandResult:
        """End the call; HangupFields lists every parameter."""
        return await self.send(command.hangup(call_control_id, **fields))

    async def command(self, call_control_id: str, action: str, /, **body: object) -> CommandResult:
        """Any other action, such as `transfer`, with the fields of its body; `client.command.action` says more."""
        return await self.send(command.action(call_control_id, action, **body))

    async def send(self, order: Command[R]) -> R:
        """Send a command that `client.command` made; a second time it has no second effect."""
        return await self._http.send(order)

    async def aclose(self) -> None:
        """Close the connections; a second call does nothing."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key=***, base_url={self._access.base_url!r})"

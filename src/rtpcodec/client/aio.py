"""Commands for asyncio: a thin shell; the blocking form is `sync`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Unpack

from rtpcodec.client import command, fields
from rtpcodec.client.access import Access
from rtpcodec.client.aio_http import AsyncHttp
from rtpcodec.client.results import CommandResult, Conference, DialedCall
from rtpcodec.client.retry import DEFAULT_RETRY, Retry


class AsyncCallControl(AsyncHttp):
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
        super().__init__(Access.of(api_key, base_url), timeout_s, connect_timeout_s, retry, sleep)

    async def start_streaming(self, call_control_id: str, **fields: Unpack[fields.StartFields]) -> CommandResult:
        """Have the carrier connect to `stream_url` and stream the call; StartFields lists every parameter."""
        return await self.send(command.start_streaming(call_control_id, **fields))

    async def stop_streaming(self, call_control_id: str, **fields: Unpack[fields.StopFields]) -> CommandResult:
        """Have the carrier stop the stream `stream_id`, or all of the call; StopFields lists every parameter."""
        return await self.send(command.stop_streaming(call_control_id, **fields))

    async def dial(self, **fields: Unpack[fields.DialFields]) -> DialedCall:
        """Call `to` from `from_`, and stream the call if `stream_url` is given; DialFields lists every parameter."""
        return await self.send(command.dial(**fields))

    async def answer(self, call_control_id: str, **fields: Unpack[fields.AnswerFields]) -> CommandResult:
        """Answer the call, and stream it if `stream_url` is given; AnswerFields lists every parameter."""
        return await self.send(command.answer(call_control_id, **fields))

    async def hangup(self, call_control_id: str, **fields: Unpack[fields.HangupFields]) -> CommandResult:
        """End the call; HangupFields lists every parameter."""
        return await self.send(command.hangup(call_control_id, **fields))

    async def send_dtmf(self, call_control_id: str, **fields: Unpack[fields.SendDtmfFields]) -> CommandResult:
        """Have the carrier play `digits`; SendDtmfFields lists every parameter."""
        return await self.send(command.send_dtmf(call_control_id, **fields))

    async def update_client_state(
        self, call_control_id: str, **fields: Unpack[fields.UpdateClientStateFields]
    ) -> CommandResult:
        """Have later webhooks return another `client_state`; UpdateClientStateFields lists every parameter."""
        return await self.send(command.update_client_state(call_control_id, **fields))

    async def command(self, call_control_id: str, action: str, /, **body: object) -> CommandResult:
        """Send any other action, such as `transfer`, with the fields of its body; see `client.command.action`."""
        return await self.send(command.action(call_control_id, action, **body))

    async def create_conference(self, **fields: Unpack[fields.CreateConferenceFields]) -> Conference:
        """Create a conference of one call; CreateConferenceFields lists every parameter."""
        return await self.send(command.create_conference(**fields))

    async def conference_command(self, conference_id: str, action: str, /, **body: object) -> CommandResult:
        """Send an action on a conference, such as `join` or `unhold`; see `client.command.conference_action`."""
        return await self.send(command.conference_action(conference_id, action, **body))

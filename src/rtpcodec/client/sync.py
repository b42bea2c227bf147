"""Commands for blocking code: a thin shell; the asyncio form is `aio`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from rtpcodec.client import command, fields
from rtpcodec.client.access import Access
from rtpcodec.client.results import CommandResult, Conference, DialedCall
from rtpcodec.client.retry import DEFAULT_RETRY, Retry
from rtpcodec.client.sync_http import BlockingHttp


class CallControl(BlockingHttp):
    """Sends commands about calls to the carrier; use it as a context manager, from any thread.

    By default the environment's TELNYX_API_KEY and TELNYX_BASE_URL hold, and the carrier's public address. `timeout_s`
    limits each attempt as a whole, `connect_timeout_s` its connect and its TLS handshake; the system's resolver is left
    behind in a thread when it takes longer. `retry` and `sleep` retry under the same `command_id`; a closed control
    does not retry.

    InvalidCommand before anything is sent; CommandRefused, UnreadableAnswer or CommandUnreachable after; MissingExtra.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout_s: float = 10.0,
        connect_timeout_s: float = 5.0,
        retry: Retry = DEFAULT_RETRY,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(Access.of(api_key, base_url), timeout_s, connect_timeout_s, retry, sleep)

    def start_streaming(self, call_control_id: str, **fields: Unpack[fields.StartFields]) -> CommandResult:
        """Have the carrier connect to `stream_url` and stream the call; StartFields lists every parameter."""
        return self.send(command.start_streaming(call_control_id, **fields))

    def stop_streaming(self, call_control_id: str, **fields: Unpack[fields.StopFields]) -> CommandResult:
        """Have the carrier stop the stream `stream_id`, or all of the call; StopFields lists every parameter."""
        return self.send(command.stop_streaming(call_control_id, **fields))

    def dial(self, **fields: Unpack[fields.DialFields]) -> DialedCall:
        """Call `to` from `from_`, and stream the call if `stream_url` is given; DialFields lists every parameter."""
        return self.send(command.dial(**fields))

    def answer(self, call_control_id: str, **fields: Unpack[fields.AnswerFields]) -> CommandResult:
        """Answer the call, and stream it if `stream_url` is given; AnswerFields lists every parameter."""
        return self.send(command.answer(call_control_id, **fields))

    def hangup(self, call_control_id: str, **fields: Unpack[fields.HangupFields]) -> CommandResult:
        """End the call; HangupFields lists every parameter."""
        return self.send(command.hangup(call_control_id, **fields))

    def send_dtmf(self, call_control_id: str, **fields: Unpack[fields.SendDtmfFields]) -> CommandResult:
        """Have the carrier play `digits`; SendDtmfFields lists every parameter."""
        return self.send(command.send_dtmf(call_control_id, **fields))

    def update_client_state(
        self, call_control_id: str, **fields: Unpack[fields.UpdateClientStateFields]
    ) -> CommandResult:
        """Have later webhooks return another `client_state`; UpdateClientStateFields lists every parameter."""
        return self.send(command.update_client_state(call_control_id, **fields))

    def command(self, call_control_id: str, action: str, /, **body: object) -> CommandResult:
        """Send any other action, such as `transfer`, with the fields of its body; see `client.command.action`."""
        return self.send(command.action(call_control_id, action, **body))

    def create_conference(self, **fields: Unpack[fields.CreateConferenceFields]) -> Conference:
        """Create a conference of one call; CreateConferenceFields lists every parameter."""
        return self.send(command.create_conference(**fields))

    def conference_command(self, conference_id: str, action: str, /, **body: object) -> CommandResult:
        """Send an action on a conference, such as `join` or `unhold`; see `client.command.conference_action`."""
        return self.send(command.conference_action(conference_id, action, **body))

"""Commands for blocking code: a thin client; the asyncio one is `aio`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from rtpcodec.client import command, fields
from rtpcodec.client.access import Access
from rtpcodec.client.results import CommandResult, Conference, DialedCall
from rtpcodec.client.retry import DEFAULT_RETRY, Retry
from rtpcodec.client.sync_http import BlockingHttp


class CallControl(BlockingHttp):
    """Sends commands about calls to the carrier. Use it as a context manager; any thread may use it.

    Every method sends one command, retries it under the same `command_id` (docs/command-errors.md, "Retries"), and
    blocks until its outcome is known.

    Args:
        api_key: the account's key; None: that of the environment variable TELNYX_API_KEY.
        base_url: address of the HTTP API; None: TELNYX_BASE_URL, else the carrier's public address.
        timeout_s: limit of each attempt as a whole, in seconds. The system's resolver cannot be interrupted: a look-up
            that takes longer continues in a thread.
        connect_timeout_s: limit of look-up and connect together, and of the TLS handshake after them, in seconds.
        retry: how often a command is retried, and how long it waits before.
        sleep: waits for a number of seconds; None: `time.sleep`. A control that was closed meanwhile does not retry.

    Raises:
        InvalidCommand: a setting or a field is wrong; nothing was sent. All problems are in one error.
        CommandRefused: the carrier refused the command; the subclass says why.
        UnreadableAnswer: the carrier accepted the command, but its answer lacks the outcome.
        CommandUnreachable: there was no connection, so nothing was sent.
        OutcomeUnknown: there was no answer; send the command again with the same `command_id`.
        MissingExtra: neither httpx2 nor httpx is installed.
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
        """Have the carrier connect to `stream_url` and stream the call.

        Args:
            call_control_id: id of the call.
            **fields: fields of `StartFields`; one that is left out has the carrier's default.

        Returns:
            The accepted command. The stream runs once its `start` message has arrived.
        """
        return self.send(command.start_streaming(call_control_id, **fields))

    def stop_streaming(self, call_control_id: str, **fields: Unpack[fields.StopFields]) -> CommandResult:
        """Have the carrier stop one stream of the call, or all of them.

        Args:
            call_control_id: id of the call.
            **fields: fields of `StopFields`; without `stream_id`, all streams stop.

        Returns:
            The accepted command.
        """
        return self.send(command.stop_streaming(call_control_id, **fields))

    def dial(self, **fields: Unpack[fields.DialFields]) -> DialedCall:
        """Call `to` from `from_`, and stream the call if `stream_url` is given.

        Args:
            **fields: fields of `DialFields`; `to`, `from_` and `connection_id` are needed.

        Returns:
            The ids of the new call, before it is answered.
        """
        return self.send(command.dial(**fields))

    def answer(self, call_control_id: str, **fields: Unpack[fields.AnswerFields]) -> CommandResult:
        """Answer an incoming call, and stream it if `stream_url` is given.

        Args:
            call_control_id: id of the call.
            **fields: fields of `AnswerFields`.

        Returns:
            The accepted command.
        """
        return self.send(command.answer(call_control_id, **fields))

    def hangup(self, call_control_id: str, **fields: Unpack[fields.HangupFields]) -> CommandResult:
        """End the call.

        Args:
            call_control_id: id of the call.
            **fields: fields of `HangupFields`.

        Returns:
            The accepted command.
        """
        return self.send(command.hangup(call_control_id, **fields))

    def send_dtmf(self, call_control_id: str, **fields: Unpack[fields.SendDtmfFields]) -> CommandResult:
        """Have the carrier play keys to the other end of the call.

        Args:
            call_control_id: id of the call.
            **fields: fields of `SendDtmfFields`; `digits` is needed, `duration_millis` is in ms.

        Returns:
            The accepted command.
        """
        return self.send(command.send_dtmf(call_control_id, **fields))

    def update_client_state(
        self, call_control_id: str, **fields: Unpack[fields.UpdateClientStateFields]
    ) -> CommandResult:
        """Have later webhooks return another `client_state`.

        Args:
            call_control_id: id of the call.
            **fields: fields of `UpdateClientStateFields`; `client_state` is needed.

        Returns:
            The accepted command.
        """
        return self.send(command.update_client_state(call_control_id, **fields))

    def command(self, call_control_id: str, action: str, /, **body: object) -> CommandResult:
        """Send any other action on the call, such as `transfer`.

        Args:
            call_control_id: id of the call.
            action: name of the action in the carrier's API.
            **body: fields of its body, which must be JSON; None is not sent. `from_` is sent as `from`.

        Returns:
            The accepted command.
        """
        return self.send(command.action(call_control_id, action, **body))

    def create_conference(self, **fields: Unpack[fields.CreateConferenceFields]) -> Conference:
        """Create a conference with one call in it.

        Args:
            **fields: fields of `CreateConferenceFields`; `call_control_id` and `name` are needed.

        Returns:
            The id and the name of the conference.
        """
        return self.send(command.create_conference(**fields))

    def conference_command(self, conference_id: str, action: str, /, **body: object) -> CommandResult:
        """Send an action on a conference, such as `join` or `unhold`.

        Args:
            conference_id: id or name of the conference.
            action: name of the action in the carrier's API.
            **body: fields of its body, as in `command`.

        Returns:
            The accepted command.
        """
        return self.send(command.conference_action(conference_id, action, **body))

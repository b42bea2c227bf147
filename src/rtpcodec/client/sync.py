"""Commands for blocking code: a thin shell, the twin of `aio`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, Unpack

from rtpcodec.client import command
from rtpcodec.client.access import Access
from rtpcodec.client.command import Command
from rtpcodec.client.fields import AnswerFields, DialFields, HangupFields, StartFields, StopFields
from rtpcodec.client.results import CommandResult, DialedCall, R
from rtpcodec.client.retry import DEFAULT_RETRY, Retry
from rtpcodec.client.sync_http import BlockingHttp


class CallControl:
    """Sends commands about calls to the carrier; use it as a context manager, from any thread.

    By default the environment's TELNYX_API_KEY and TELNYX_BASE_URL hold, and the carrier's public address. `timeout_s`
    limits each wait for octets of an answer's head, and how long its body may take. `retry` and `sleep` repeat under
    the same `command_id`; a control that is closed meanwhile repeats no more.

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
        self._access = Access.of(api_key, base_url)
        self._http = BlockingHttp(self._access, timeout_s, connect_timeout_s, retry, sleep)

    def start_streaming(self, call_control_id: str, **fields: Unpack[StartFields]) -> CommandResult:
        """Have the carrier connect to `stream_url` and stream the call; StartFields lists every parameter."""
        return self.send(command.start_streaming(call_control_id, **fields))

    def stop_streaming(self, call_control_id: str, **fields: Unpack[StopFields]) -> CommandResult:
        """Have the carrier stop the stream `stream_id`, or all of the call; StopFields lists every parameter."""
        return self.send(command.stop_streaming(call_control_id, **fields))

    def dial(self, **fields: Unpack[DialFields]) -> DialedCall:
        """Call `to` from `from_`, and stream the call if `stream_url` is given; DialFields lists every parameter."""
        return self.send(command.dial(**fields))

    def answer(self, call_control_id: str, **fields: Unpack[AnswerFields]) -> CommandResult:
        """Answer the call, and stream it if `stream_url` is given; AnswerFields lists every parameter."""
        return self.send(command.answer(call_control_id, **fields))

    def hangup(self, call_control_id: str, **fields: Unpack[HangupFields]) -> CommandResult:
        """End the call; HangupFields lists every parameter."""
        return self.send(command.hangup(call_control_id, **fields))

    def command(self, call_control_id: str, action: str, /, **body: object) -> CommandResult:
        """Any other action, such as `transfer`, with the fields of its body; `client.command.action` says more."""
        return self.send(command.action(call_control_id, action, **body))

    def send(self, order: Command[R]) -> R:
        """Send a command that `client.command` made; a second time it has no second effect."""
        return self._http.send(order)

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key=***, base_url={self._access.base_url!r})"

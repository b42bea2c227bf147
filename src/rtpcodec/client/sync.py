"""Commands for blocking code: a thin shell on httpx, the twin of `aio`."""

from __future__ import annotations

from time import monotonic
from typing import Self, Unpack

from rtpcodec.client import command, transport
from rtpcodec.client.command import Command, StartFields, StopFields
from rtpcodec.client.exchange import Access, Answer, CommandResult, read_answer


class CallControl:
    """Sends commands about calls to the carrier; use it as a context manager, from any thread.

    Without `api_key` and `base_url` the environment's TELNYX_API_KEY and TELNYX_BASE_URL hold, without the latter the
    carrier's public address. `timeout_s` limits the wait for an answer and, once more, for its end.

    InvalidCommand: settings or fields that are wrong, all at once. CommandRefused and its subclasses: the carrier
    said no. UnreadableAnswer: it said yes in an unknown way. CommandUnreachable: it said nothing. MissingExtra: there
    is no httpx.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout_s: float = 10.0,
        connect_timeout_s: float = 5.0,
    ) -> None:
        self._access = Access.of(api_key, base_url)
        self._timeout_s = timeout_s
        self._http = transport.blocking_client(self._access, timeout_s, connect_timeout_s)

    def start_streaming(
        self, call_control_id: str, *, strict: bool = False, **fields: Unpack[StartFields]
    ) -> CommandResult:
        """Have the carrier connect to `stream_url` and stream the call; StartFields lists every parameter.

        Doubtful fields are sent with a CommandWarning; with `strict` they are refused like wrong ones.
        """
        return self._send(command.start_streaming(call_control_id, strict=strict, **fields))

    def stop_streaming(
        self, call_control_id: str, *, strict: bool = False, **fields: Unpack[StopFields]
    ) -> CommandResult:
        """Have the carrier stop the stream `stream_id`, or all of the call; StopFields lists every parameter."""
        return self._send(command.stop_streaming(call_control_id, strict=strict, **fields))

    def _send(self, order: Command) -> CommandResult:
        request = self._access.request(order)
        deadline_s = monotonic() + self._timeout_s
        with (
            transport.named_failures(order, request),
            self._http.stream(request.method, request.url, headers=request.headers, content=request.body) as response,
        ):
            answer = Answer(response.status_code, response.headers)
            with transport.cut_body():
                for part in response.iter_raw():
                    if not answer.add(part) or monotonic() > deadline_s:
                        break
        return read_answer(order, answer, self._access)

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key=***, base_url={self._access.base_url!r})"

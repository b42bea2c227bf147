"""Commands for asyncio: a thin shell on httpx, the twin of `sync`."""

from __future__ import annotations

from time import monotonic
from typing import Self, Unpack

from rtpcodec.client import command, transport
from rtpcodec.client.command import Command, StartFields, StopFields
from rtpcodec.client.exchange import Access, Answer, CommandResult, read_answer


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
    ) -> None:
        self._access = Access.of(api_key, base_url)
        self._timeout_s = timeout_s
        self._http = transport.async_client(self._access, timeout_s, connect_timeout_s)

    async def start_streaming(
        self, call_control_id: str, *, strict: bool = False, **fields: Unpack[StartFields]
    ) -> CommandResult:
        """Have the carrier connect to `stream_url` and stream the call; StartFields lists every parameter.

        Doubtful fields are sent with a CommandWarning; with `strict` they are refused like wrong ones.
        """
        return await self._send(command.start_streaming(call_control_id, strict=strict, **fields))

    async def stop_streaming(
        self, call_control_id: str, *, strict: bool = False, **fields: Unpack[StopFields]
    ) -> CommandResult:
        """Have the carrier stop the stream `stream_id`, or all of the call; StopFields lists every parameter."""
        return await self._send(command.stop_streaming(call_control_id, strict=strict, **fields))

    async def _send(self, order: Command) -> CommandResult:
        request = self._access.request(order)
        deadline_s = monotonic() + self._timeout_s
        with transport.named_failures(order, request):
            async with self._http.stream(
                request.method, request.url, headers=request.headers, content=request.body
            ) as response:
                answer = Answer(response.status_code, response.headers)
                with transport.cut_body():
                    async for part in response.aiter_raw():
                        if not answer.add(part) or monotonic() > deadline_s:
                            break
        return read_answer(order, answer, self._access)

    async def aclose(self) -> None:
        """Close the connections; a second call does nothing."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key=***, base_url={self._access.base_url!r})"

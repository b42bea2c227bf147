"""Commands over an asynchronous HTTP client, with sleeps between the attempts; the blocking form is `sync_http`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Self

from rtpcodec.client import transport
from rtpcodec.client.access import Access
from rtpcodec.client.attempts import CommandAttempts
from rtpcodec.client.command import Command
from rtpcodec.client.memory_transport import memory_transport
from rtpcodec.client.proxies import proxy_for
from rtpcodec.client.results import R
from rtpcodec.client.retry import Retry
from rtpcodec.pickling import Live


class AsyncHttp(Live):
    """Connections to the carrier, kept open between commands."""

    def __init__(
        self,
        access: Access,
        timeout_s: float,
        connect_timeout_s: float,
        retry: Retry,
        sleep: Callable[[float], Awaitable[object]] | None,
    ) -> None:
        self._access = access
        self._timeout_s = timeout_s
        self._retry = retry
        self._sleep = sleep or asyncio.sleep
        self._library = transport.http_library(type(self).__name__)
        settings = transport.client_settings(self._library, access, timeout_s, connect_timeout_s, retry)
        in_memory = memory_transport(self._library)
        self._has_sockets = in_memory is None
        settings["transport"] = in_memory or self._library.AsyncHTTPTransport(
            verify=transport.tls_context(self._library), proxy=proxy_for(access.base_url)
        )
        self._client: transport.AsyncClient = self._library.AsyncClient(**settings)

    async def send(self, command: Command[R]) -> R:
        """Send a command that `client.command` made, and return its outcome.

        The carrier executes it once, however often it is sent.
        """
        attempts = CommandAttempts(command, self._access, self._retry)
        for wait_s in attempts:
            await self._sleep(wait_s)
            if self._client.is_closed:
                attempts.lost("the control was closed", nothing_sent=True)
                break
            with transport.reported_losses(attempts, self._library):
                await self._attempt(attempts)
        return attempts.result()

    async def _attempt(self, attempts: CommandAttempts[R]) -> None:
        request = attempts.request
        progress = transport.Progress(is_sending=not self._has_sockets)
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(
                    request.method,
                    request.url,
                    headers=request.headers,
                    content=request.body,
                    extensions={"trace": progress.trace},
                ) as response,
            ):
                answer = attempts.answered(response.status_code, response.headers)
                # A body may break off: the status has arrived and decides.
                with contextlib.suppress(self._library.TransportError):
                    async for part in response.aiter_raw():
                        if not answer.add(part):
                            return
                    answer.ended = True
        except TimeoutError as error:
            kind = self._library.ReadTimeout if progress.is_sending else self._library.ConnectTimeout
            raise kind(f"no answer within {self._timeout_s:g} s") from error
        finally:
            await progress.aclose()

    async def aclose(self) -> None:
        """Close the connections; a second call does nothing."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key=***, base_url={self._access.base_url!r})"

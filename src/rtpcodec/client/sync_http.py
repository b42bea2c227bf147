"""Commands over a blocking HTTP client, with sleeps between the attempts; the asyncio form is `aio_http`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Self

from rtpcodec.client import transport
from rtpcodec.client.access import Access
from rtpcodec.client.attempts import CommandAttempts
from rtpcodec.client.command import Command
from rtpcodec.client.deadline import Deadline
from rtpcodec.client.deadline_transport import deadline_transport
from rtpcodec.client.proxies import proxy_for
from rtpcodec.client.results import R
from rtpcodec.client.retry import Retry
from rtpcodec.pickling import Live


class BlockingHttp(Live):
    """Connections to the carrier, kept open between commands."""

    def __init__(
        self,
        access: Access,
        timeout_s: float,
        connect_timeout_s: float,
        retry: Retry,
        sleep: Callable[[float], object] | None,
    ) -> None:
        self._access = access
        self._timeout_s = timeout_s
        self._retry = retry
        self._sleep = sleep or time.sleep
        self._library = transport.http_library(type(self).__name__)
        self._deadline = Deadline()
        settings = transport.client_settings(self._library, access, timeout_s, connect_timeout_s, retry)
        settings["transport"] = deadline_transport(self._library, self._deadline, proxy_for(access.base_url))
        self._client: transport.Client = self._library.Client(**settings)

    def send(self, command: Command[R]) -> R:
        """Send a command that `client.command` made, and return its outcome.

        The carrier executes it once, however often it is sent.
        """
        attempts = CommandAttempts(command, self._access, self._retry)
        for wait_s in attempts:
            self._sleep(wait_s)
            if self._client.is_closed:
                attempts.lost("the control was closed", nothing_sent=True)
                break
            with transport.reported_losses(attempts, self._library):
                self._attempt(attempts)
        return attempts.result()

    def _attempt(self, attempts: CommandAttempts[R]) -> None:
        request = attempts.request
        stream = self._client.stream
        with (
            self._deadline.within(self._timeout_s),
            stream(request.method, request.url, headers=request.headers, content=request.body) as response,
        ):
            answer = attempts.answered(response.status_code, response.headers)
            # A body may break off: the status has arrived and decides.
            with contextlib.suppress(self._library.TransportError):
                for part in response.iter_raw():
                    if not answer.add(part):
                        return
                answer.ended = True

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(api_key=***, base_url={self._access.base_url!r})"

"""Carries exchanges over httpx and sleeps between their attempts; the twin of `aio_http`."""

from __future__ import annotations

import time
from collections.abc import Callable

from rtpcodec.client import transport
from rtpcodec.client.access import Access
from rtpcodec.client.command import Command
from rtpcodec.client.exchange import Exchange
from rtpcodec.client.results import R
from rtpcodec.client.retry import Retry


class BlockingHttp:
    """Connections to the carrier that are kept open between commands."""

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
        self._http = transport.blocking_client(access, timeout_s, connect_timeout_s, retry)

    def send(self, order: Command[R]) -> R:
        """Send one command until the exchange is content."""
        exchange = Exchange(order, self._access, self._retry)
        for wait_s in exchange:
            self._sleep(wait_s)
            if self._http.is_closed:
                exchange.lost("the control was closed", nothing_sent=True)
                break
            with transport.noted_losses(exchange):
                self._attempt(exchange)
        return exchange.result()

    def _attempt(self, exchange: Exchange[R]) -> None:
        request = exchange.request
        deadline_s = time.monotonic() + self._timeout_s
        with self._http.stream(request.method, request.url, headers=request.headers, content=request.body) as response:
            answer = exchange.answered(response.status_code, response.headers)
            with transport.cut_body():
                for part in response.iter_raw():
                    if not answer.add(part) or time.monotonic() > deadline_s:
                        return
                answer.ended = True

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        self._http.close()

"""What the two shells share of httpx; it is imported when the first of them is made, not before."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rtpcodec.client import checks
from rtpcodec.client.access import Access
from rtpcodec.client.checks import Findings
from rtpcodec.client.exchange import Exchange
from rtpcodec.client.retry import Retry
from rtpcodec.errors import MissingExtra

if TYPE_CHECKING:
    import httpx

LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")
"""Hosts that a proxy of the environment could not reach in our place: they mean another machine there."""


def blocking_client(access: Access, timeout_s: float, connect_timeout_s: float, retry: Retry) -> httpx.Client:
    """A client for `CallControl`. MissingExtra without httpx, InvalidCommand for impossible settings."""
    library = _httpx("CallControl")
    client: httpx.Client = library.Client(**_settings(library, access, timeout_s, connect_timeout_s, retry))
    return client


def async_client(access: Access, timeout_s: float, connect_timeout_s: float, retry: Retry) -> httpx.AsyncClient:
    """A client for `AsyncCallControl`. MissingExtra without httpx, InvalidCommand for impossible settings."""
    library = _httpx("AsyncCallControl")
    client: httpx.AsyncClient = library.AsyncClient(**_settings(library, access, timeout_s, connect_timeout_s, retry))
    return client


@contextlib.contextmanager
def noted_losses(exchange: Exchange[Any]) -> Iterator[None]:
    """Tell the exchange what httpx raises before a status has come."""
    library = _httpx("a command")
    try:
        yield
    except (library.ConnectError, library.ConnectTimeout, library.PoolTimeout, library.ProxyError) as error:
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        exchange.lost(why, nothing_sent=True, cause=error)
    # httpx reads a redirect's address even if it does not follow it, so the last two can come after the request.
    except (library.TransportError, library.InvalidURL, UnicodeError) as error:
        exchange.lost(type(error).__name__, nothing_sent=False, cause=error)


def cut_body() -> contextlib.AbstractContextManager[None]:
    """Let a body end where it breaks off: the status has come and decides."""
    return contextlib.suppress(_httpx("an answer").TransportError)


def _httpx(user: str) -> ModuleType:
    try:
        import httpx  # noqa: PLC0415 -- costs more to import than the rest of this package
    except ImportError as error:
        raise MissingExtra(user, "httpx", "client") from error
    return httpx


def _settings(
    library: ModuleType, access: Access, timeout_s: float, connect_timeout_s: float, retry: Retry
) -> dict[str, Any]:
    findings = Findings("call control", "was not set up")
    try:
        _ = library.URL(access.base_url).host
    except (library.InvalidURL, UnicodeError):
        findings.wrong("base_url", "is not a URL: its host cannot be read")
    timeouts_s: dict[str, object] = {"timeout_s": timeout_s, "connect_timeout_s": connect_timeout_s}
    for name, seconds in timeouts_s.items():
        if not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
            findings.wrong(name, f"is {seconds!r}, must be a number of seconds greater than 0")
    checks.count(retry.retries, "retries", findings)
    findings.settle()
    timeout = library.Timeout(timeout_s, connect=min(connect_timeout_s, timeout_s))
    return {"timeout": timeout, "follow_redirects": False, "mounts": dict.fromkeys(LOOPBACK)}

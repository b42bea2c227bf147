"""The HTTP library under both clients: httpx2, or httpx, its predecessor with the same interface.

The library is imported with the first client, because its import takes longer than that of the rest of this package.
"""

from __future__ import annotations

import contextlib
import math
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Protocol

from rtpcodec.client import checks
from rtpcodec.client.access import Access
from rtpcodec.client.attempts import CommandAttempts
from rtpcodec.client.checks import Findings
from rtpcodec.client.retry import Retry
from rtpcodec.errors import MissingExtra

LIBRARIES: Final = ("httpx2", "httpx")
"""The preferred one first: httpx2 is maintained."""
ACE_PREFIX: Final = "xn--"
"""Prefix of an encoded label (RFC 5890 section 2.3.2.5); alone it is not a label, though httpx2 accepts it."""


class Response(Protocol):
    """A response whose body was not read yet."""

    @property
    def status_code(self) -> int:
        """Status of the response."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers; their names compare without regard to case."""

    def iter_raw(self) -> Iterator[bytes]:
        """Read the body in a blocking client."""

    def aiter_raw(self) -> AsyncIterator[bytes]:
        """Read the body in an asynchronous client."""


class Client(Protocol):
    """A blocking client of the library."""

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes
    ) -> contextlib.AbstractContextManager[Response]:
        """Send a request."""

    def close(self) -> None:
        """Close all connections."""


class AsyncClient(Protocol):
    """An asynchronous client of the library."""

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes, extensions: Mapping[str, object]
    ) -> contextlib.AbstractAsyncContextManager[Response]:
        """Send a request."""

    async def aclose(self) -> None:
        """Close all connections."""


def http_library(user: str) -> ModuleType:
    """Import the preferred one of the installed libraries.

    Raises:
        MissingExtra: none is installed; `user` needs it.
    """
    for name in LIBRARIES:
        with contextlib.suppress(ImportError):
            return import_module(name)
    raise MissingExtra(user, LIBRARIES[0], "client")


def tls_context(library: ModuleType) -> ssl.SSLContext:
    """Return the TLS settings that all controls share: reading the certificates takes 40 ms, also of an event loop."""
    return _tls_context(library, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _tls_context(library: ModuleType, _file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Make the settings once per place that the environment names for certificates."""
    context: ssl.SSLContext = library.create_ssl_context()
    return context


def client_settings(
    library: ModuleType, access: Access, timeout_s: float, connect_timeout_s: float, retry: Retry
) -> dict[str, Any]:
    """Return the arguments of either client class.

    Raises:
        InvalidCommand: impossible settings.
    """
    findings = Findings("call control", "was not set up")
    try:
        labels = library.URL(access.base_url).host.lower().split(".")
    except (library.InvalidURL, UnicodeError):
        labels = [ACE_PREFIX]
    if ACE_PREFIX in labels:
        findings.wrong("base_url", "is not a URL: its host cannot be read")
    timeouts_s: dict[str, object] = {"timeout_s": timeout_s, "connect_timeout_s": connect_timeout_s}
    for name, seconds in timeouts_s.items():
        if not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
            findings.wrong(name, f"is {seconds!r}, must be a number of seconds greater than 0")
    checks.count(retry.retries, "retries", findings)
    findings.settle()
    timeout = library.Timeout(timeout_s, connect=min(connect_timeout_s, timeout_s))
    return {"timeout": timeout, "follow_redirects": False}


class Progress:
    """How far an asynchronous attempt has come, by the library's extension `trace`."""

    def __init__(self, *, is_sending: bool) -> None:
        self.is_sending = is_sending
        """Whether an octet of the request may have been sent."""
        self._connected: Any = None
        self._shaking_hands = False

    async def trace(self, event: str, facts: Mapping[str, Any]) -> None:
        """Follow an event, such as `connection.connect_tcp.complete`."""
        match event.rsplit(".", 2)[-2:]:
            case ["send_request_headers", "started"]:
                self.is_sending = True
            case ["connect_tcp", "complete"]:
                self._connected = facts["return_value"]
            case ["start_tls", state]:
                self._shaking_hands = state != "complete"

    async def aclose(self) -> None:
        """Close a socket in the middle of a TLS handshake: when it is cancelled there, the library leaves it open."""
        if self._shaking_hands and self._connected is not None:
            await self._connected.aclose()


@contextlib.contextmanager
def reported_losses(attempts: CommandAttempts[Any], library: ModuleType) -> Iterator[None]:
    """Report to the attempts the errors that the library raises before a status has come."""
    try:
        yield
    except (library.ConnectError, library.ConnectTimeout, library.PoolTimeout, library.ProxyError) as error:
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        attempts.lost(why, nothing_sent=True, cause=error)
    # The library reads a redirect's address even if it does not follow it, so the last two can come after the request.
    except (library.TransportError, library.InvalidURL, UnicodeError) as error:
        attempts.lost(type(error).__name__, nothing_sent=False, cause=error)

"""Which web pages may open a call. A browser sends the page's origin in each request; a carrier sends none."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

ORIGIN_HEADER: Final = "Origin"
"""RFC 6455 section 4.1: browsers send it, and a page cannot change it (RFC 6454 section 7)."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def serialized(origin: str) -> str | None:
    """Return an origin as browsers write it (RFC 6454 section 6.2): lower case, without the scheme's default port.

    Returns:
        None if it is not a scheme and a host with an optional port. `null` is not allowed, because any page can have
        it. Nor is one beyond ASCII: browsers send the name of such a host as `xn--...`.
    """
    try:
        parts = urlsplit(origin.lower())
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return None
    if (
        not scheme
        or not host
        or not origin.isascii()
        or "@" in origin
        or origin.lower() != f"{scheme}://{parts.netloc}"
    ):
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"


class Origins:
    """The origins that may open a call. Clients that are not browsers have no origin and are allowed."""

    __slots__ = ("_allowed",)

    def __init__(self, allowed: Collection[str]) -> None:
        """Store the allowed origins, which must be valid for `serialized`."""
        self._allowed = frozenset(serialized(origin) for origin in allowed)

    def allow(self, origin: str | None) -> bool:
        """Return whether a request with this header may open a call; None: the request has no such header."""
        return origin is None or origin in self._allowed

"""The headers of a request, of servers that give them as pairs."""

from __future__ import annotations

from collections.abc import Iterable

from rtpcodec.pump.headers import Headers


def request_headers(pairs: Iterable[tuple[str, str]]) -> Headers:
    """Return headers by their names in any case; values of a repeated name are joined (RFC 9110 section 5.3).

    Args:
        pairs: each name with its value, in the order of the request.
    """
    joined: dict[str, str] = {}
    for name, value in pairs:
        lower = name.lower()
        joined[lower] = value if lower not in joined else f"{joined[lower]}, {value}"
    return Headers(joined)

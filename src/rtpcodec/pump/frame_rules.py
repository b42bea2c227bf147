"""Rules of WebSockets (RFC 6455) that picows does not check: reserved bits, close codes, texts, handshake headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, NamedTuple

from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER
from rtpcodec.pickling import Raised
from rtpcodec.stream.fragments import PROTOCOL_ERROR

INVALID_TEXT: Final = 1007
"""Close code for text that is not valid UTF-8 (section 8.1)."""
VERSION: Final = "13"
"""The version of the protocol (section 4.1)."""

_CLOSE_CODES: Final = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Codes that a close frame may carry (section 7.4): those of the RFC, 1012 to 1014 of IANA's registry, and those of
libraries and applications. 1004 is reserved; 1005, 1006 and 1015 must not be sent."""
_ONCE: Final = {
    "host": "Host",
    "origin": "Origin",
    "upgrade": "Upgrade",
    "sec-websocket-key": "Sec-WebSocket-Key",
    "sec-websocket-version": "Sec-WebSocket-Version",
    "sec-websocket-accept": "Sec-WebSocket-Accept",
    "authorization": "Authorization",
    TOKEN_HEADER: TOKEN_HEADER,
}
"""Headers that decide about a handshake. If one is repeated, a proxy and we could use different ones."""
_NOT_OFFERED: Final = {
    "sec-websocket-extensions": "Sec-WebSocket-Extensions",
    "sec-websocket-protocol": "Sec-WebSocket-Protocol",
}


class BrokenFrame(Raised, Exception):
    """A frame breaks a rule; the connection must be closed with `code`."""

    def __init__(self, rule: str, detail: str, code: int) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
        self.code = code


class HandshakeFault(NamedTuple):
    """The HTTP answer to a request that must not become a WebSocket."""

    status: HTTPStatus
    detail: str


def reserved_bits(rsv1: int, rsv2: int, rsv3: int) -> BrokenFrame:
    """Return the error of a frame with reserved bits (section 5.2). We never negotiate an extension that uses them."""
    bits = [f"RSV{number}" for number, bit in enumerate((rsv1, rsv2, rsv3), 1) if bit]
    return BrokenFrame("frame", f"a frame has {', '.join(bits)} set without an extension", PROTOCOL_ERROR)


def invalid_text(error: UnicodeDecodeError) -> BrokenFrame:
    """Return the error of a text message that is not valid UTF-8 (section 8.1)."""
    return BrokenFrame("utf8", f"octet {error.start}: {error.reason}", INVALID_TEXT)


def text_of(octets: bytes) -> str:
    """Return a text message. Raises BrokenFrame if it is not valid UTF-8."""
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise invalid_text(error) from None


def close_code_of(payload: bytes) -> int | None:
    """Return the code of a close frame (section 5.5.1); None: it has none.

    Raises:
        BrokenFrame: the code has one octet, must not be sent, or is followed by text that is not valid UTF-8.
    """
    if not payload:
        return None
    if len(payload) == 1:
        raise BrokenFrame("frame", "a close frame has 1 octet, a code needs 2", PROTOCOL_ERROR)
    code = int.from_bytes(payload[:2])
    if code not in _CLOSE_CODES:
        raise BrokenFrame("frame", f"a close frame has the code {code}, which must not be sent", PROTOCOL_ERROR)
    try:
        payload[2:].decode()
    except UnicodeDecodeError as error:
        raise BrokenFrame(
            "frame",
            f"the reason of a close frame is not valid UTF-8: octet {error.start}: {error.reason}",
            INVALID_TEXT,
        ) from None
    return code


def request_fault(headers: Iterable[tuple[str, str]]) -> HandshakeFault | None:
    """Return the fault in the headers of a request (section 4.2.1); None: they are valid.

    Args:
        headers: each name with its value, in any case; names may repeat.
    """
    pairs = [(name.lower(), value) for name, value in headers]
    repeated = _repeated(pairs)
    if repeated is not None:
        return HandshakeFault(HTTPStatus.BAD_REQUEST, f"more than one {repeated} header")
    values = dict(pairs)
    if "host" not in values:
        return HandshakeFault(HTTPStatus.BAD_REQUEST, "no Host header")
    if values.get("sec-websocket-version", VERSION) != VERSION:
        return HandshakeFault(HTTPStatus.UPGRADE_REQUIRED, f"the WebSocket version must be {VERSION}")
    return None


def response_fault(headers: Iterable[tuple[str, str]]) -> str | None:
    """Return the fault in the headers of a response that accepts a WebSocket (section 4.1); None: they are valid.

    Args:
        headers: as for request_fault. The request offered neither extensions nor subprotocols.
    """
    pairs = [(name.lower(), value) for name, value in headers]
    repeated = _repeated(pairs)
    if repeated is not None:
        return f"more than one {repeated} header"
    for name, _ in pairs:
        if name in _NOT_OFFERED:
            return f"{_NOT_OFFERED[name]} was not offered"
    return None


def _repeated(pairs: list[tuple[str, str]]) -> str | None:
    counts = Counter(name for name, _ in pairs)
    return next((_ONCE[name] for name, count in counts.items() if count > 1 and name in _ONCE), None)

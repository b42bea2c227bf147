"""SIP over UDP (RFC 3261 section 7), as far as it carries session descriptions: their authors and dialogs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

MAX_HEADERS: Final = 256
"""Limit of header lines per message; further ones are ignored."""
_START: Final = re.compile(rb"(?:SIP/2\.0 (\d{3}) [^\r\n]*|([A-Z]{2,20}) [^ \r\n]{1,1000} SIP/2\.0)\r?\n")
_COMPACT: Final = {b"i": b"call-id", b"f": b"from", b"t": b"to", b"c": b"content-type", b"e": b"content-encoding"}
"""RFC 3261 section 20: names of one letter."""
_WANTED: Final = frozenset((*_COMPACT.values(), b"cseq"))
_TAG: Final = re.compile(rb";\s*tag\s*=\s*([^;,\s]+)", re.IGNORECASE)
_BOUNDARY: Final = re.compile(rb";\s*boundary\s*=\s*(?:\"([^\"]{1,70})\"|([^;\s]{1,70}))", re.IGNORECASE)
SDP_TYPE: Final = b"application/sdp"


@dataclass(frozen=True, slots=True, kw_only=True)
class SipMessage:
    """One message, without its addresses, which identify people."""

    method: str
    """The method of the request, or of the answered request."""
    status: int | None
    """The status of an answer; None: a request."""
    call_id: str
    author: str = field(repr=False)
    """The tag of the session description's author: From's of a request, To's of an answer."""
    sdp: bytes | None = field(repr=False, default=None)


def is_sip(octets: bytes) -> bool:
    """Return whether a datagram begins like a SIP message."""
    return octets[:1].isupper() and _START.match(octets) is not None


def parse_sip(octets: bytes) -> SipMessage | None:
    """Parse a message. None: not SIP, or a mandatory header is missing."""
    start = _START.match(octets)
    if start is None:
        return None
    headers, body = _headers(octets, start.end())
    call_id, cseq = headers.get(b"call-id", b""), headers.get(b"cseq", b"").split()
    if not call_id or len(cseq) != 2:
        return None
    is_request = start[1] is None
    tag = _TAG.search(headers.get(b"from" if is_request else b"to", b""))
    return SipMessage(
        method=cseq[1].decode("ascii", "replace").upper()[:20],
        status=None if is_request else int(start[1]),
        call_id=call_id.decode("utf-8", "replace")[:256],
        author=tag[1].decode("ascii", "replace")[:128] if tag else "",
        sdp=_sdp_of(headers, body),
    )


def _headers(octets: bytes, at: int) -> tuple[dict[bytes, bytes], bytes]:
    """Return the first of each wanted header, and the body. A line that begins with a space continues the last one."""
    headers: dict[bytes, bytes] = {}
    last = b""
    for _ in range(MAX_HEADERS):
        end = octets.find(b"\n", at)
        if end < 0:
            return headers, b""
        line, at = octets[at:end].rstrip(b"\r"), end + 1
        if not line:
            return headers, octets[at:]
        if line[:1] in (b" ", b"\t"):
            if last:
                headers[last] += b" " + line.strip()
            continue
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        name = _COMPACT.get(name, name)
        last = name if name in _WANTED and name not in headers else b""
        if last:
            headers[last] = value.strip()
    return headers, b""


def _sdp_of(headers: dict[bytes, bytes], body: bytes) -> bytes | None:
    """Return the session description in a body, also as one of several parts (RFC 2046 section 5.1)."""
    content_type = headers.get(b"content-type", b"")
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == SDP_TYPE:
        return body if b"content-encoding" not in headers else None
    boundary = _BOUNDARY.search(content_type)
    if not kind.startswith(b"multipart/") or boundary is None:
        return None
    for part in body.split(b"--" + (boundary[1] or boundary[2]))[1:]:
        inner, content = _headers(part.lstrip(b"\r\n"), 0)
        if inner.get(b"content-type", b"").partition(b";")[0].strip().lower() == SDP_TYPE:
            return content
    return None

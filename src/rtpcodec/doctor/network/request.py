"""One HTTP/1.1 request without a library: libraries hide the answer to a refused WebSocket upgrade."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rtpcodec.doctor.network.address import Address

MAX_HEAD_LINES: Final = 200
"""A head with more lines is not an answer to our request."""
MAX_BODY_OCTETS: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status, header fields by names in lower case, and the begin of the body."""

    status: int
    fields: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


class NotHttp(OSError):
    """The server does not speak HTTP."""


async def ask(
    address: Address,
    method: str,
    fields: Mapping[str, str],
    body: bytes = b"",
    *,
    limit_s: float,
    context: ssl.SSLContext | None = None,
) -> ResponseHead:
    """Send a request and read its answer, then close the connection.

    Args:
        limit_s: limit of the whole in seconds.

    Raises: OSError, NotHttp, ssl.SSLError, TimeoutError.
    """
    async with asyncio.timeout(limit_s):
        reader, writer = await address.connect(limit_s, context)
        try:
            writer.write(_request(address, method, fields, body))
            return await _answer(reader)
        finally:
            writer.close()
            with contextlib.suppress(OSError):  # it was closed by the other side
                writer.transport.abort()


def upgrade_fields() -> dict[str, str]:
    """Return the header fields of a WebSocket upgrade (RFC 6455 section 4.1)."""
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
    }


def _request(address: Address, method: str, fields: Mapping[str, str], body: bytes) -> bytes:
    host = f"[{address.host}]" if ":" in address.host else address.host
    head = {"Host": f"{host}:{address.port}", "Connection": "close", "User-Agent": "rtpcodec-doctor", **fields}
    if method != "GET":
        head["Content-Length"] = str(len(body))
    lines = [f"{method} {address.target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


async def _answer(reader: asyncio.StreamReader) -> ResponseHead:
    try:
        version, _, rest = (await reader.readline()).decode("latin-1").partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise NotHttp("the server does not speak HTTP")
        fields: dict[str, str] = {}
        for _ in range(MAX_HEAD_LINES):
            line = (await reader.readline()).decode("latin-1").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            fields[name.strip().lower()] = value.strip()
    except ValueError:  # a line beyond the reader's limit
        raise NotHttp("the head of its answer is too long") from None
    status = int(rest[:3])
    body = b"" if status == 101 else await _body(reader, fields)
    return ResponseHead(status, fields, body)


async def _body(reader: asyncio.StreamReader, fields: Mapping[str, str]) -> bytes:
    length = fields.get("content-length", "")
    wanted = min(int(length), MAX_BODY_OCTETS) if length.isdigit() else MAX_BODY_OCTETS
    body = b""
    with contextlib.suppress(OSError):  # the received part is enough
        while len(body) < wanted and (part := await reader.read(wanted - len(body))):
            body += part
    return body

"""Releases transports of asyncio at the end of their connection."""

from __future__ import annotations

import asyncio
from typing import Final

_ENDED: Final = asyncio.BufferedProtocol()


def release(transport: asyncio.BaseTransport) -> None:
    """Replace the protocol of an ended connection, because a TLS transport keeps a reference to it."""
    transport.set_protocol(_ENDED)

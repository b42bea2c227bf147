"""What transports of asyncio need at the end of their connection."""

from __future__ import annotations

import asyncio
from typing import Final

_ENDED: Final = asyncio.BufferedProtocol()


def release(transport: asyncio.BaseTransport) -> None:
    """Take its protocol from the transport of an ended connection: one of TLS refers to it for ever."""
    transport.set_protocol(_ENDED)

"""What a call needs of the WebSockets that it opens to apps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from rtpcodec.sim.media.stream import CarrierStream


class Socket(Protocol):
    """What a call needs of an open WebSocket."""

    def pump(self) -> None:
        """Send what is due."""

    async def wait_closed(self) -> None:
        """Return once it is gone."""


class Dialer(Protocol):
    """What a call needs to open one."""

    async def dial(self, url: str, auth_token: str | None, open_stream: Callable[[Socket], CarrierStream]) -> Socket:
        """Connect, and begin the stream. ConnectionError: that is not possible."""


class NewStream(Protocol):
    """Makes the stream that was agreed on, at the moment when it begins."""

    def __call__(self, *, now_ms: float, utc_ms: float) -> CarrierStream:
        """The stream."""

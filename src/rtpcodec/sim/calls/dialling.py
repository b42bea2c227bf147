"""Protocols: what a call needs of the WebSockets that it opens to apps, and of its carrier."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from rtpcodec.sim.loop_thread import LoopThread
from rtpcodec.sim.media.stream import CarrierStream

Notify = Callable[[str, dict[str, Any]], None]
"""Takes a webhook's event type and payload."""


class Socket(Protocol):
    """What a call needs of an open WebSocket."""

    def pump(self) -> None:
        """Send what is due."""

    async def wait_closed(self) -> None:
        """Return once it is gone."""


class Dialer(Protocol):
    """What a call needs to open one."""

    async def dial(self, url: str, auth_token: str | None, open_stream: Callable[[Socket], CarrierStream]) -> Socket:
        """Connect, and begin the stream.

        Raises: ConnectionError if that is not possible.
        """


class NewStream(Protocol):
    """Makes the stream that was agreed on, at the moment when it begins."""

    def __call__(self, *, now_ms: float, utc_ms: float) -> CarrierStream:
        """Make the stream."""


@dataclass(frozen=True, slots=True)
class CallServices:
    """What a call uses of its carrier."""

    loop_thread: LoopThread
    dialer: Dialer
    notify: Notify

"""Protocols: what a call needs of its carrier and of the WebSockets that it opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from rtpcodec.sim.calls.stream_pump import StreamPump
from rtpcodec.sim.loop_thread import LoopThread
from rtpcodec.sim.media.stream import CarrierStream

Notify = Callable[[str, dict[str, Any]], None]
"""Takes a webhook's event type and payload."""


class Dialer(Protocol):
    """What a call needs to open a WebSocket to an app."""

    async def dial(
        self, url: str, headers: Mapping[str, str], open_stream: Callable[[StreamPump], CarrierStream]
    ) -> StreamPump:
        """Connect with further headers, and begin the stream.

        Raises:
            ConnectionError: that is not possible.
        """


class NewStream(Protocol):
    """Makes the agreed stream when it begins."""

    def __call__(self, *, now_ms: float, utc_ms: float) -> CarrierStream:
        """Make the stream."""


@dataclass(frozen=True, slots=True)
class CallServices:
    """What a call uses of its carrier."""

    loop_thread: LoopThread
    dialer: Dialer
    notify: Notify

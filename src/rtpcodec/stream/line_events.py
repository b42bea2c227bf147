"""The events of the line: the WebSocket was lost or is back, the phone call is held, no media arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rtpcodec.pickling import Value


@dataclass(slots=True)
class Disconnected(Value):
    """The WebSocket was lost without a `stop`: the phone call may continue. `Endpoint.reconnect` asks for it again."""

    cause: Literal["socket_closed", "socket_lost"]
    """As the end reason of the stream would be: closed without a `stop`, or broken."""
    unheard_ms: float = 0.0
    """Audio that was sent and not heard by our estimate; after a reconnection it is sent again."""
    uncertainty_ms: float = 0.0
    """How much of what is sent again may have been heard, beside the 20 to 40 ms that are always repeated."""


@dataclass(slots=True)
class Reconnected(Value):
    """A new WebSocket carries the call on."""

    gap_ms: float
    """Between the loss of the old socket, as we noticed it, and the `start` on the new one."""
    stream_id: str | None = None
    """The new stream's id."""


@dataclass(slots=True)
class Held(Value):
    """The phone call was put on hold, by a webhook: replies pause, and voice activity is suspended."""


@dataclass(slots=True)
class Unheld(Value):
    """The phone call was taken off hold, by a webhook: replies continue."""


@dataclass(slots=True)
class MediaSilent(Value):
    """No media has arrived for silent_ms, although the stream has started: it may have been stopped on its way."""

    silent_ms: float

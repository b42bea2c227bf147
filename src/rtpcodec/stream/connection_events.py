"""The events of the connection: WebSocket lost or replaced, phone call on hold, no media."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rtpcodec.pickling import Value


@dataclass(slots=True)
class Disconnected(Value):
    """The WebSocket was lost without a `stop`: the phone call may continue. `Endpoint.reconnect` asks for it again."""

    cause: Literal["socket_closed", "socket_lost"]
    """The end reason that the stream would have: closed without a `stop`, or broken."""
    unheard_ms: float = 0.0
    """Audio that was sent and, by our estimate, not heard; after a reconnection it is sent again."""
    uncertainty_ms: float = 0.0
    """How much of this audio may have been heard, in addition to the 20 to 40 ms that are always repeated."""


@dataclass(slots=True)
class Reconnected(Value):
    """The call continues on a new WebSocket."""

    gap_ms: float
    """From the detected loss of the old socket to the `start` on the new one."""
    stream_id: str | None = None
    """The new stream's id."""


@dataclass(slots=True)
class Held(Value):
    """The phone call was put on hold, as a webhook reported: replies pause, and voice activity is suspended."""


@dataclass(slots=True)
class Unheld(Value):
    """The phone call was taken off hold, as a webhook reported: replies continue."""


@dataclass(slots=True)
class MediaSilent(Value):
    """No media has arrived for silent_ms, although the stream has started: something may have stopped it."""

    silent_ms: float

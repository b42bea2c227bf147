"""Settings of the speaking side of a stream, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final, Literal, TypedDict

from rtpcodec.stream.speaking.chunking import CHUNK_LIMITS_MS, STEP_MS

LEAD_MS: Final = 400.0
"""Audio to hold at the carrier. It bridges stalls of a busy event loop; an interruption drops it."""
IDLE_LEAD_MS: Final = 80.0
"""The same between replies. It delays a reply by at most this."""
MAX_QUEUE_MS: Final = 60_000.0
"""Limit of queued audio; a minute of PCMU is 480 kB."""

KeepAlive = Literal["silence", "comfort_noise"] | None
WhenFull = Literal["wait", "drop_oldest"]


class SpeakingOptions(TypedDict, total=False):
    """The members of SpeakingSettings as keywords."""

    lead_ms: float | None
    idle_lead_ms: float
    max_queue_ms: float
    send_chunk_ms: float
    prebuffer_ms: float
    keep_alive: KeepAlive
    when_full: WhenFull
    own_marks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakingSettings:
    """How a stream sends its audio.

    Raises: ValueError if a value is outside its range.
    """

    lead_ms: float | None = LEAD_MS
    """Audio to hold at the carrier ahead of its play-out while a reply speaks; None: send everything at once."""
    idle_lead_ms: float = IDLE_LEAD_MS
    """The same between replies, for keep-alive and background sound."""
    max_queue_ms: float = MAX_QUEUE_MS
    """Audio that may wait to be sent: of the reply that speaks, and of all others together."""
    send_chunk_ms: float = STEP_MS
    """Audio of one message of a sample codec: 20 to 200, in whole messages of 20."""
    prebuffer_ms: float = 0.0
    """Audio that must wait before a reply begins, unless the reply has ended."""
    keep_alive: KeepAlive = None
    """The sound between replies; None: nothing is sent, as carriers expect."""
    when_full: WhenFull = "wait"
    """What happens beyond max_queue_ms: new audio waits (or raises QueueFull), or the oldest audio is dropped."""
    own_marks: bool = True
    """Whether marks of our own measure what was heard. False: only your marks do; everything else is estimated."""

    def __post_init__(self) -> None:
        for name in ("lead_ms", "idle_lead_ms", "prebuffer_ms"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < inf:
                rule = "a finite number" if value == inf else "0 or more"
                raise ValueError(f"{name} is {value:g}, {rule} is needed{', or None' if name == 'lead_ms' else ''}")
        if not self.max_queue_ms > 0:
            raise ValueError(f"max_queue_ms is {self.max_queue_ms:g}, a positive number is needed")
        shortest_ms, longest_ms = CHUNK_LIMITS_MS
        if not shortest_ms <= self.send_chunk_ms <= longest_ms or self.send_chunk_ms % STEP_MS:
            raise ValueError(
                f"send_chunk_ms is {self.send_chunk_ms:g}, {shortest_ms} to {longest_ms} in steps of {STEP_MS} "
                "are allowed"
            )
        if self.prebuffer_ms > self.max_queue_ms:
            raise ValueError(f"prebuffer_ms is {self.prebuffer_ms:g}, the queue holds {self.max_queue_ms:g} ms")
        if self.keep_alive not in (None, "silence", "comfort_noise"):
            raise ValueError(f"keep_alive is {self.keep_alive!r}, None, 'silence' or 'comfort_noise' is needed")
        if self.when_full not in ("wait", "drop_oldest"):
            raise ValueError(f"when_full is {self.when_full!r}, 'wait' or 'drop_oldest' is needed")

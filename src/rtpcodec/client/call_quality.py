"""How a call sounded, as the carrier reports it when the call ends. The wire writes every number as a string."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from rtpcodec.client.event_base import EventValue, at, values_of


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OutboundQuality(EventValue):
    """Audio that the carrier sent to the phone leg."""

    packet_count: int | None = None
    skip_packet_count: int | None = None
    """Packets that were lost."""

    @classmethod
    def read(cls, found: object) -> Self | None:
        """Return the figures of a JSON object; None for any other value. A figure that is not a number is None."""
        return cls(**values_of(cls, found)) if isinstance(found, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class InboundQuality(OutboundQuality):
    """Audio that the carrier received from the phone leg."""

    mos: float | None = None
    """Mean opinion score, 1 to 5."""
    jitter_max_variance: float | None = None
    jitter_packet_count: int | None = None
    """Packets that the jitter was computed from."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CallQualityStats(EventValue):
    """Both directions of a call; None if the carrier reports nothing."""

    inbound: InboundQuality | None = field(default=None, metadata=at("inbound", read=InboundQuality.read))
    outbound: OutboundQuality | None = field(default=None, metadata=at("outbound", read=OutboundQuality.read))

    @classmethod
    def read(cls, found: object) -> Self | None:
        """Return the statistics of a JSON object; None for any other value."""
        return cls(**values_of(cls, found)) if isinstance(found, dict) else None

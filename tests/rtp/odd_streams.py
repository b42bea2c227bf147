"""Streams of packets with odd values, and the output of a jitter buffer for them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from benchmarks.jitter import Arrival, played
from rtpcodec import RtpPacket
from rtpcodec.rtp.jitter import JitterBuffer, Wait
from rtpcodec.rtp.reorder import Lost

FRAME_MS = 20.0
FRAME = 160
FAR = 80_000
"""Ticks of ten seconds."""

Packets = list[tuple[float, RtpPacket]]
"""Packets and the times at which they arrive."""


def packet(number: int, media: int | None = None, **changes: Any) -> RtpPacket:
    """Return a packet of 20 ms with a unique payload. `media` is the frame in the audio, by default the number."""
    frame = number if media is None else media
    facts: dict[str, Any] = {
        "payload_type": 0,
        "sequence_number": number & 0xFFFF,
        "timestamp": FRAME * frame & 0xFFFF_FFFF,
        "ssrc": 1,
        "payload": frame.to_bytes(8, "big", signed=True),
    }
    return RtpPacket(**(facts | changes))


def changed(one: RtpPacket, **changes: Any) -> RtpPacket:
    names = ("payload_type", "sequence_number", "timestamp", "ssrc", "payload", "marker")
    return RtpPacket(**({name: getattr(one, name) for name in names} | changes))


class Heard:
    """The packets that the buffer returns to a reader, with their times; then all that are left."""

    def __init__(self, packets: Packets, buffer: JitterBuffer | None = None) -> None:
        self.buffer = JitterBuffer(8000) if buffer is None else buffer
        coming = [Arrival(at_ms, place, 0.0, one) for place, (at_ms, one) in enumerate(packets)]
        self.items = list(played(self.buffer, coming))
        while not isinstance(item := self.buffer.pop(inf), Wait):
            self.items.append((inf, item))
        self.packets = [item for _, item in self.items if isinstance(item, RtpPacket)]
        self.lost = sum(item.count for _, item in self.items if isinstance(item, Lost))
        arrived_ms = {id(one): at_ms for at_ms, one in packets}
        self.delays_ms = [at_ms - arrived_ms[id(item)] for at_ms, item in self.items if isinstance(item, RtpPacket)]
        counted = self.buffer.late + self.buffer.duplicates + self.buffer.dropped
        assert len(self.packets) + counted == len(packets), "a packet was neither given out nor counted"
        assert self.buffer.lost == self.lost

    def is_all_of(self, packets: Packets) -> bool:
        return self.packets == [one for _, one in packets]


def evenly(packets: Sequence[RtpPacket], start_ms: float = 0.0) -> Packets:
    return [(start_ms + FRAME_MS * place, one) for place, one in enumerate(packets)]

"""Counters of a session that add up over sessions, read at once: a scrape of metrics reads those of each call."""

from __future__ import annotations

from typing import NamedTuple

from rtpcodec.stream.counts import Counts
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.send_chain import SendChain


class StreamSums(NamedTuple):
    """Counters that add up over sessions. The names are those of `Statistics`, which explains them."""

    messages_received: int
    messages_sent: int
    malformed: int
    media_received: int
    media_sent: int
    octets_received: int
    octets_sent: int
    lost_chunks: int
    late_chunks: int
    duplicate_chunks: int
    misfit_payloads: int
    lost_ms: float
    concealed_ms: float
    carrier_pauses: int
    carrier_paused_ms: float
    carrier_dropped_ms: float
    stalls: int
    send_stalls: int
    send_dropped_ms: float
    interruptions: int
    pauses: int
    paused_ms: float
    disconnects: int
    reconnections: int
    disconnected_ms: float
    duration_ms: float


NO_SUMS = StreamSums._make(0.0 if name.endswith("_ms") else 0 for name in StreamSums._fields)
"""The sums of zero sessions."""


def sums_of(counts: Counts, incoming: Incoming, sending: SendChain, malformed: int, now_ms: float) -> StreamSums:
    """Return the sums of one session at this time.

    Args:
        counts: The counters of the session itself.
        incoming: Its receive direction.
        sending: Its send chain.
        malformed: Dropped messages so far.
        now_ms: The time.
    """
    gaps, losses, sent, received = counts.gaps, counts.losses, sending.sums, counts.replaced
    if incoming.chain is not None:
        received = received.plus(incoming.chain)
    return StreamSums(
        counts.messages_received,
        counts.messages_sent,
        malformed,
        counts.media_received,
        sent.media_sent,
        counts.octets_received,
        sent.octets_sent,
        received.lost_chunks,
        received.late_chunks,
        received.duplicate_chunks,
        received.misfit_payloads,
        gaps.lost_ms,
        received.concealed_ms,
        gaps.pauses,
        gaps.pause_ms,
        gaps.carrier_ms,
        incoming.stalling.count,
        sent.stalls,
        sent.dropped_ms,
        counts.interruptions.count,
        sent.pauses,
        sent.paused_ms,
        losses.disconnects,
        losses.reconnections,
        losses.without_ms(now_ms),
        counts.span.duration_ms(now_ms),
    )

"""The counters of a session, and a snapshot of them."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.stream.complaints import Complaints
from rtpcodec.stream.receiving import ReceiveChain
from rtpcodec.stream.send_chain import SendChain


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counters of one session since it was created, at one moment."""

    messages_received: int
    """All messages, malformed ones included."""
    media_received: int
    """Chunks after `start`: those that were delivered as Audio, late_chunks, duplicate_chunks, and messages without
    audio."""
    octets_received: int
    """Payload octets."""
    lost_chunks: int
    """Chunks that were missing when later ones had arrived."""
    late_chunks: int
    """Chunks that were dropped because they arrived after they were counted as lost, or because their number lies far
    from those around it."""
    duplicate_chunks: int
    """Chunks that were dropped because they had been received before."""
    malformed: int
    """Messages that broke a rule of the wire and were dropped."""
    odd_messages: int
    """Messages that were read without an odd member which nobody needs."""
    media_before_start: int
    """Chunks that came before `start` and were dropped."""
    misfit_payloads: int
    """Payloads that were not valid in the codec of `start`; they were delivered without PCM."""
    messages_sent: int
    media_sent: int
    octets_sent: int
    queued_ms: float
    """Audio that waits to be sent."""
    heard_ms: float
    """Estimate of how much of our audio was heard."""
    send_stalls: int = 0
    """How often our own side stood still while audio was due; each was a SendStalled."""
    round_trip_ms: float | None = None
    """The least measured time to the carrier and back; None: not measured yet."""
    hold_ms: float | None = None
    """How long the carrier holds the first audio back before it plays it; None: not measured yet."""
    send_dropped_ms: float = 0.0
    """Audio that was dropped before it was sent, because the queue was full and `when_full` is "drop_oldest"."""
    duplicate_keys: int = 0
    """Messages of keys that were dropped because the same press had been received before."""


class Counts:
    """The counters that a session keeps itself, and totals of receive chains that were replaced."""

    __slots__ = (
        "_duplicates",
        "_late",
        "_lost",
        "_misfits",
        "duplicate_keys",
        "media_received",
        "messages_received",
        "messages_sent",
        "octets_received",
    )

    def __init__(self) -> None:
        self.messages_received = 0
        self.media_received = 0
        self.octets_received = 0
        self.messages_sent = 0
        self.duplicate_keys = 0
        self._lost = self._late = self._duplicates = self._misfits = 0

    def take_media(self, octets: int) -> None:
        """Count a received chunk and the octets of its payload."""
        self.media_received += 1
        self.octets_received += octets

    def keep(self, chain: ReceiveChain) -> None:
        """Add the counters of a receive chain that is about to be replaced."""
        self._lost += chain.lost_chunks
        self._late += chain.late_chunks
        self._duplicates += chain.duplicate_chunks
        self._misfits += chain.misfits.count

    def snapshot(
        self,
        receiving: ReceiveChain | None,
        sending: SendChain,
        complaints: Complaints,
        malformed: int,
        now_ms: float,
    ) -> Statistics:
        """Return all counters at this moment.

        receiving: the current receive chain; None: `start` was not received yet.
        sending: the send chain.
        complaints: counts of odd messages and early media.
        malformed: dropped messages so far.
        now_ms: the time, for the estimate of what was heard.
        """
        measures = sending.measures
        return Statistics(
            messages_received=self.messages_received,
            media_received=self.media_received,
            octets_received=self.octets_received,
            lost_chunks=self._lost + (receiving.lost_chunks if receiving else 0),
            late_chunks=self._late + (receiving.late_chunks if receiving else 0),
            duplicate_chunks=self._duplicates + (receiving.duplicate_chunks if receiving else 0),
            malformed=malformed,
            odd_messages=complaints.odd_messages,
            media_before_start=complaints.media_before_start,
            misfit_payloads=self._misfits + (receiving.misfits.count if receiving else 0),
            messages_sent=self.messages_sent,
            media_sent=measures.media_sent,
            octets_sent=measures.octets_sent,
            queued_ms=sending.queued_ms,
            heard_ms=sending.heard_ms(now_ms),
            send_stalls=measures.stalls,
            round_trip_ms=measures.round_trip_ms,
            hold_ms=measures.hold_ms,
            send_dropped_ms=measures.dropped_ms,
            duplicate_keys=self.duplicate_keys,
        )

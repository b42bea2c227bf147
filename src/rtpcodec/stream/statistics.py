"""The counters of a session, and a snapshot of them. docs/statistics.md says what each figure means."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.stream.counts import Counts
from rtpcodec.stream.events import Interrupted
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.level_meter import Level
from rtpcodec.stream.listening.turn_times import TurnTimes
from rtpcodec.stream.send_chain import SendChain
from rtpcodec.stream.sums import StreamSums

__all__ = ["Statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counters of one session since it was created, at one moment. Reading them changes nothing."""

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
    """Texts that were sent, marks and clears included."""
    media_sent: int
    """Messages of audio that were sent."""
    octets_sent: int
    """Payload octets."""
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
    duration_ms: float = 0.0
    """Time since the first `start`, up to the end of the stream."""
    end_reason: str | None = None
    """What ended the stream, as `Stopped.reason`; None: it has not ended."""
    lost_ms: float = 0.0
    """Time of lost_chunks, of all tracks, by the timestamps where they make sense."""
    concealed_ms: float = 0.0
    """Audio that was generated for lost chunks; 0 without `conceal`."""
    carrier_pauses: int = 0
    """How often the carrier sent nothing for a time: hold, mute, or silence with DTX."""
    carrier_paused_ms: float = 0.0
    """The time of these pauses."""
    carrier_dropped_ms: float = 0.0
    """Audio that the carrier dropped after a stall."""
    stalls: int = 0
    """How often the socket was silent for `stall_ms` or longer while audio was expected; each was a Stalled."""
    longest_stall_ms: float = 0.0
    """The longest of these silences."""
    longest_send_stall_ms: float = 0.0
    """The longest delay of a SendStalled."""
    jitter_ms: float | None = None
    """Interarrival jitter of the track that was asked for (RFC 3550 section 6.4.1); None: its timestamps have no known
    unit."""
    interruptions: int = 0
    """Interruptions that dropped audio."""
    last_interruption: Interrupted | None = None
    """The estimate of the last of them."""
    pauses: int = 0
    """Pauses of the playback that have ended."""
    paused_ms: float = 0.0
    """The time of these pauses."""
    dropped_audio_ms: float = 0.0
    """Received audio that was dropped because nobody read it in time."""
    dropped_events: int = 0
    """Received events that were dropped for the same reason, chunks of audio included."""
    received_level: Level | None = None
    """Level of the track that was asked for; None: nothing was decoded."""
    sent_level: Level | None = None
    """Level of the PCM that we sent, the background included; None: none was sent, or mode mp3."""
    disconnects: int = 0
    """WebSockets that were lost, or closed without a `stop`; each was a Disconnected."""
    reconnections: int = 0
    """WebSockets that have carried the stream on; each was a Reconnected."""
    disconnected_ms: float = 0.0
    """Time without a WebSocket, up to the `start` on the next one or to the end of the stream."""
    turns: TurnTimes | None = None
    """Times from the end of the caller's speech to our first audio; None: voice activity is off, or mode mp3."""


def snapshot(
    counts: Counts, incoming: Incoming, sending: SendChain, sums: StreamSums, *, turns: TurnTimes | None, now_ms: float
) -> Statistics:
    """Return all counters of a session at this moment.

    counts: those that the session keeps itself.
    incoming: its receiving half.
    sending: its send chain.
    sums: what `sums_of` returns at this moment.
    turns: times of turns; None: they are not measured.
    now_ms: the time, for the estimate of what was heard.
    """
    chain, complaints, measures = incoming.chain, incoming.complaints, sending.measures
    return Statistics(
        **sums._asdict(),
        odd_messages=complaints.odd_messages,
        media_before_start=complaints.media_before_start,
        queued_ms=sending.queued_ms,
        heard_ms=sending.heard_ms(now_ms),
        round_trip_ms=sending.round_trip_ms,
        hold_ms=measures.hold_ms,
        duplicate_keys=counts.duplicate_keys,
        end_reason=counts.span.end_reason,
        longest_stall_ms=incoming.stalling.longest_ms,
        longest_send_stall_ms=measures.longest_stall_ms,
        jitter_ms=None if chain is None else chain.jitter_ms,
        last_interruption=counts.interruptions.last,
        received_level=counts.received_level.level,
        sent_level=measures.level,
        turns=turns,
    )

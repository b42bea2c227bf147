"""The counters of a session, and a snapshot of them. docs/statistics.md explains each figure."""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.stream.counter_sums import StreamSums
from rtpcodec.stream.counts import Counts
from rtpcodec.stream.events import Interrupted
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.level_meter import Level
from rtpcodec.stream.listening.turn_times import TurnTimes
from rtpcodec.stream.send_chain import SendChain

__all__ = ["Statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Counters of one session since it was created, at one time. Reading them changes nothing."""

    messages_received: int
    """All messages, malformed ones included."""
    media_received: int
    """Chunks after `start`: those delivered as Audio, late_chunks, duplicate_chunks, and messages without audio."""
    octets_received: int
    """Payload octets."""
    lost_chunks: int
    """Chunks that were still missing after later ones had arrived."""
    late_chunks: int
    """Chunks that were dropped because they had already been counted as lost, or because their number is far from those
    around it."""
    duplicate_chunks: int
    """Chunks that were dropped because they had been received before."""
    malformed: int
    """Messages that broke a rule and were dropped."""
    odd_messages: int
    """Messages that were read without a member that breaks a rule and is not needed."""
    media_before_start: int
    """Chunks that were received before `start` and dropped."""
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
    """Stalls of our own side while audio was due; each was a SendStalled."""
    round_trip_ms: float | None = None
    """The shortest measured round trip to the carrier; None: not measured yet."""
    hold_ms: float | None = None
    """Time from the arrival of the first audio at the carrier to its play-out; None: not measured yet."""
    send_dropped_ms: float = 0.0
    """Audio that was dropped before it was sent, because the queue was full and `when_full` is "drop_oldest"."""
    duplicate_keys: int = 0
    """Messages of keys that were dropped because the same press had been received before."""
    duration_ms: float = 0.0
    """Time since the first `start`, up to the end of the stream."""
    end_reason: str | None = None
    """Cause of the end of the stream, as `Stopped.reason`; None: it has not ended."""
    lost_ms: float = 0.0
    """Duration of lost_chunks, of all tracks, by the timestamps where they are valid."""
    concealed_ms: float = 0.0
    """Audio that was generated for lost chunks; 0 without `conceal`."""
    carrier_pauses: int = 0
    """Pauses in which the carrier sent no audio: hold, mute, or silence with DTX."""
    carrier_paused_ms: float = 0.0
    """Duration of these pauses."""
    carrier_dropped_ms: float = 0.0
    """Audio that the carrier dropped after a stall."""
    stalls: int = 0
    """Silences of the socket of `stall_ms` or longer while audio was expected; each was a Stalled."""
    longest_stall_ms: float = 0.0
    """The longest of these silences."""
    longest_send_stall_ms: float = 0.0
    """The longest delay of a SendStalled."""
    jitter_ms: float | None = None
    """Interarrival jitter of the requested track (RFC 3550 section 6.4.1); None: the unit of its timestamps is not
    known."""
    interruptions: int = 0
    """Interruptions that dropped audio."""
    last_interruption: Interrupted | None = None
    """The estimate of the last interruption."""
    pauses: int = 0
    """Pauses of the playback that have ended."""
    paused_ms: float = 0.0
    """Duration of these pauses."""
    dropped_audio_ms: float = 0.0
    """Received audio that was dropped because it was not read in time."""
    dropped_events: int = 0
    """Received events that were dropped for the same reason, chunks of audio included."""
    received_level: Level | None = None
    """Level of the requested track; None: nothing was decoded."""
    sent_level: Level | None = None
    """Level of the PCM that we sent, background included; None: none was sent, or mode mp3."""
    disconnects: int = 0
    """WebSockets that were lost, or closed without a `stop`; each was a Disconnected."""
    reconnections: int = 0
    """WebSockets on which the stream continued; each was a Reconnected."""
    disconnected_ms: float = 0.0
    """Time without a WebSocket, up to the `start` on the next one or to the end of the stream."""
    turns: TurnTimes | None = None
    """Times from the end of the caller's speech to our first audio; None: voice activity is off, or mode mp3."""


def snapshot(
    counts: Counts, incoming: Incoming, sending: SendChain, sums: StreamSums, *, turns: TurnTimes | None, now_ms: float
) -> Statistics:
    """Return all counters of a session at this time.

    Args:
        counts: The counters of the session itself.
        incoming: Its receive direction.
        sending: Its send chain.
        sums: The result of `sums_of` at this time.
        turns: Times of turns; None: not measured.
        now_ms: The time, for the estimate of the heard audio.
    """
    chain, reports, measures = incoming.chain, incoming.malformed_reports, sending.measures
    return Statistics(
        **sums._asdict(),
        odd_messages=reports.odd_messages,
        media_before_start=reports.media_before_start,
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

"""CallReport: the figures of a stream."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

from rtpcodec.sim.media.chunk_faults import Packet
from rtpcodec.sim.playout_log import PlayoutLog
from rtpcodec.sim.wires.warning import StreamWarning

LATE_TOLERANCE_MS: Final = 5.0
"""A tick that is later than this is counted: a timer of an idle event loop is about 1 ms late."""

MAX_UNRETURNED_CHUNKS: Final = 30_000
"""Chunks whose echo is awaited: ten minutes, as much as a play-out holds. An app that never echoes costs no more."""
MAX_KEPT_LATENCIES: Final = 3000
"""Latencies of a call that keeps no audio: one minute of chunks."""

EndReason = Literal[
    "speech_ended",
    "hang_up",
    "streaming_stop",
    "time_limit",
    "speech_failed",
    "carrier_closed",
    "app_closed",
    "app_stalled",
    "connection_failed",
    "connection_lost",
    "message_too_big",
    "protocol_error",
]


TIME_LIMIT: Final = "time_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """One stream of a call, seen from the carrier. PCM is native int16 mono, and empty if the call keeps no audio."""

    call_control_id: str
    stream_id: str
    end_reason: EndReason
    """Why the stream ended.

    speech_ended     the caller said everything and hung up
    hang_up          SimulatedCall.hang_up
    streaming_stop   the command
    time_limit       the call was longer than max_call_s
    speech_failed    the generator of the speech raised; SimulatedCall.finished raises the same
    carrier_closed   the Carrier's context ended
    app_closed       the app closed the WebSocket
    app_stalled      the app did not read: more than media.stream.MAX_UNSENT_OCTETS waited for it
    connection_failed, connection_lost   the WebSocket was never open, or ended without a close frame
    message_too_big, protocol_error      the app broke a limit or a rule of WebSocket
    """
    close_code: int | None = None
    """Code of the app's close frame; None: there was none."""
    refused_with: int | None = None
    """The HTTP status with which the app refused the WebSocket, such as 401; None: it did not answer, or accepted."""

    codec: str
    """Codec of the audio to the app."""
    sample_rate_hz: int
    return_codec: str
    """Codec of the audio from the app; MP3 in mode mp3."""
    heard_hz: int

    messages_sent: int = 0
    """Messages of every kind that were sent: with duplicates, without dropped chunks."""
    media_sent: int = 0
    octets_sent: int = 0
    """Payload of the sent media messages."""
    chunks_dropped: int = 0
    chunks_duplicated: int = 0
    chunks_reordered: int = 0
    keys_duplicated: int = 0
    keys_reordered: int = 0

    messages_received: int = 0
    media_received: int = 0
    octets_received: int = 0
    media_unheard: int = 0
    """Media messages of the app for target legs that this call does not have."""
    media_refused: int = 0
    """Media messages beyond the play-out's limit."""
    marks_received: int = 0
    marks_returned: int = 0
    """Marks that were returned, after being played or cleared."""
    marks_cleared: int = 0
    marks_lost: int = 0
    """Marks that `MarkHabits` and `ClearHabits` never return; refused ones are in errors_sent."""
    clears_received: int = 0
    errors_sent: int = 0
    warnings: tuple[StreamWarning, ...] = ()
    """Warnings of Twilio's debugger about the app's messages, at most one per code."""

    ticks: int = 0
    late_ticks: int = 0
    """Chunks that were made more than LATE_TOLERANCE_MS after their time: this process was too busy."""
    worst_late_ms: float = 0.0
    dry_count: int = 0
    """How often audio arrived at an empty play-out: after an underrun, or after a pause between two answers."""
    dry_ms: float = 0.0
    latencies_ms: tuple[float, ...] = field(default=(), repr=False)
    """Of an app that echoes: for each returned chunk, the time since the caller's audio at its position was sent."""

    source_pcm: bytes = field(default=b"", repr=False)
    """The caller's speech before encoding, at sample_rate_hz; dropped chunks and the filled last one included."""
    heard_pcm: bytes = field(default=b"", repr=False)
    """The audio that the caller heard since `start`, at heard_hz, with silence while nothing was played."""
    peer_heard_pcm: bytes = field(default=b"", repr=False)
    """The same for the leg that the call is bridged with; empty if that leg heard nothing of the stream."""
    playout_log: PlayoutLog | None = field(default=None, repr=False)
    """Arrivals of audio and effects of clears; None without `logs_playout`."""


@dataclass(slots=True)
class StreamCounts:
    """The figures that a stream counts while it runs, named as in CallReport."""

    messages_sent: int = 0
    media_sent: int = 0
    octets_sent: int = 0
    messages_received: int = 0
    media_received: int = 0
    octets_received: int = 0
    media_unheard: int = 0
    media_refused: int = 0
    marks_received: int = 0
    marks_returned: int = 0
    marks_cleared: int = 0
    clears_received: int = 0
    errors_sent: int = 0
    ticks: int = 0
    late_ticks: int = 0
    worst_late_ms: float = 0.0

    def sent(self, packet: Packet) -> None:
        """Count a message that was sent."""
        self.messages_sent += 1
        self.media_sent += packet.track is not None
        self.octets_sent += packet.octets

    def tick(self, late_ms: float) -> None:
        """Count a chunk that was made so long after its time."""
        self.ticks += 1
        self.late_ticks += late_ms > LATE_TOLERANCE_MS
        self.worst_late_ms = max(self.worst_late_ms, late_ms)


class EchoMeter:
    """Round trips of an echo, by the position in the audio, so that chunks of both directions may differ in size.

    Args:
        keeps_all: whether every latency stays in memory; otherwise the last ones.
    """

    __slots__ = ("_returned_ms", "_sent", "_sent_ms", "latencies_ms")

    _SLACK_MS: Final = 0.5  # durations are rounded to samples of two rates

    def __init__(self, *, keeps_all: bool = True) -> None:
        # Where a chunk ends in the audio, and when it was sent.
        self._sent: deque[tuple[float, float]] = deque(maxlen=MAX_UNRETURNED_CHUNKS)
        self._sent_ms = 0.0
        self._returned_ms = 0.0
        self.latencies_ms: deque[float] = deque(maxlen=None if keeps_all else MAX_KEPT_LATENCIES)

    def sent(self, duration_ms: float, now_ms: float) -> None:
        """Count a chunk that was sent."""
        self._sent_ms += duration_ms
        self._sent.append((self._sent_ms, now_ms))

    def returned(self, duration_ms: float, now_ms: float) -> None:
        """Count audio that came back, and time its end."""
        if not duration_ms:
            return
        self._returned_ms += duration_ms
        while self._sent and self._sent[0][0] < self._returned_ms - self._SLACK_MS:
            self._sent.popleft()
        if self._sent:
            self.latencies_ms.append(now_ms - self._sent[0][1])

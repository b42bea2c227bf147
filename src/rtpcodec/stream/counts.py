"""The counters of a session, for `statistics`. An ordinary message costs one addition."""

from __future__ import annotations

from typing import NamedTuple

from rtpcodec.stream._receive_states import CountState
from rtpcodec.stream.events import Gap, Interrupted
from rtpcodec.stream.level_meter import LevelMeter
from rtpcodec.stream.receiving import ReceiveChain


class GapTotals:
    """Time without audio, by reason. Use from one thread at a time."""

    __slots__ = ("carrier_ms", "lost_ms", "pause_ms", "pauses")

    def __init__(self) -> None:
        self.lost_ms = 0.0
        """Duration of chunks that did not arrive."""
        self.pauses = 0
        self.pause_ms = 0.0
        """Duration of hold, mute and DTX."""
        self.carrier_ms = 0.0
        """Duration of audio that the carrier dropped."""

    def take(self, gap: Gap) -> None:
        """Add a gap."""
        match gap.reason:
            case "lost":
                self.lost_ms += gap.duration_ms
            case "pause":
                self.pauses += 1
                self.pause_ms += gap.duration_ms
            case "carrier":
                self.carrier_ms += gap.duration_ms


class Interruptions:
    """The interruptions that dropped audio. Use from one thread at a time."""

    __slots__ = ("count", "last")

    def __init__(self) -> None:
        self.count = 0
        self.last: Interrupted | None = None

    def take(self, found: Interrupted) -> None:
        """Count an interruption, unless it dropped no audio."""
        if found.dropped_ms > 0:
            self.count += 1
            self.last = found


class StreamSpan:
    """The start and the end of a stream. Use from one thread at a time."""

    __slots__ = ("_ended_ms", "_started_ms", "end_reason")

    def __init__(self) -> None:
        self._started_ms: float | None = None
        self._ended_ms: float | None = None
        self.end_reason: str | None = None
        """The cause of the end, as `Stopped.reason`; None: it has not ended."""

    def begin(self, now_ms: float) -> None:
        """Record a `start`; only the first one counts."""
        if self._started_ms is None:
            self._started_ms = now_ms

    def end(self, reason: str, now_ms: float) -> None:
        """Record the end."""
        self.end_reason = reason
        self._ended_ms = now_ms

    def duration_ms(self, now_ms: float) -> float:
        """Return the duration up to now or to the end; 0 before `start`."""
        if self._started_ms is None:
            return 0.0
        return (now_ms if self._ended_ms is None else self._ended_ms) - self._started_ms


class ConnectionLosses:
    """The losses of the connection: WebSockets that ended without a `stop`. Use from one thread at a time."""

    __slots__ = ("_lost_ms", "_without_ms", "disconnects", "reconnections")

    def __init__(self) -> None:
        self.disconnects = 0
        self.reconnections = 0
        self._without_ms = 0.0  # duration of the losses that have ended
        self._lost_ms: float | None = None  # time of the current loss; None: the connection is not lost

    def lose(self, now_ms: float) -> None:
        """Record that the connection is lost."""
        self.disconnects += 1
        self._lost_ms = now_ms

    def mend(self, now_ms: float) -> None:
        """Record that the stream continues on another connection."""
        self.end(now_ms)
        self.reconnections += 1

    def end(self, now_ms: float) -> None:
        """Record that the stream has ended; this ends a loss of the connection."""
        self._without_ms, self._lost_ms = self.without_ms(now_ms), None

    def without_ms(self, now_ms: float) -> float:
        """Return the time without a connection."""
        return self._without_ms + (0.0 if self._lost_ms is None else now_ms - self._lost_ms)


class ChainTotals(NamedTuple):
    """Counters of receive chains."""

    lost_chunks: int = 0
    late_chunks: int = 0
    duplicate_chunks: int = 0
    misfit_payloads: int = 0
    concealed_ms: float = 0.0

    def plus(self, chain: ReceiveChain | None) -> ChainTotals:
        """Return the sum of these counters and those of a chain; None: of no chain."""
        if chain is None:
            return self
        return ChainTotals(
            self.lost_chunks + chain.lost_chunks,
            self.late_chunks + chain.late_chunks,
            self.duplicate_chunks + chain.duplicate_chunks,
            self.misfit_payloads + chain.codec_detector.count,
            self.concealed_ms + chain.concealed_ms,
        )


class Counts(CountState):
    """The counters of one session. Use from one thread at a time."""

    __slots__ = ("duplicate_keys", "gaps", "interruptions", "losses", "received_level", "replaced", "span")

    def __init__(self) -> None:
        self.duplicate_keys = 0
        self.replaced = ChainTotals()
        """Counters of receive chains that a later `start` has replaced."""
        self.received_level = LevelMeter()
        self.gaps = GapTotals()
        self.interruptions = Interruptions()
        self.losses = ConnectionLosses()
        self.span = StreamSpan()

    def take_media(self, octets: int) -> None:
        """Count a received chunk and the octets of its payload."""
        self.media_received += 1
        self.octets_received += octets

    def keep(self, chain: ReceiveChain) -> None:
        """Add the counters of a receive chain that is about to be replaced. The next chain's media time begins at 0."""
        self.replaced = self.replaced.plus(chain)
        self.received_level.due = 0

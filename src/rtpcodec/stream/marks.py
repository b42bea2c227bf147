"""Marks of mode mp3 between sending and echo: each ends once, as MarkPlayed or MarkCleared.

The carrier returns a mark (its *echo*) when the audio before it has been played, or at once when a clear drops that
audio (docs/carrier.md, rules C36 and C37). Both echoes look the same, so they are distinguished by their time. A mark
also ends without an echo: by a time-out, or by the end of the stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.events import Interrupted, InterruptionSettled, MarkCleared, MarkPlayed, UnexpectedMark
from rtpcodec.stream.unsent_marks import MARK_TIMEOUT_MS

__all__ = ["GENERATED_PREFIX", "MARK_TIMEOUT_MS", "OWN_PREFIX", "MarkEvent", "Marks", "check_mark_name"]

GENERATED_PREFIX: Final = "rtpcodec-"
"""Prefix of all generated names. A caller must not use it, so that names cannot collide."""
OWN_PREFIX: Final = f"{GENERATED_PREFIX}played-"
"""Prefix of this package's internal marks. The user does not get their events."""
ECHO_JITTER_MS: Final = 20.0
"""Echoes of played marks vary by about one frame, because the far end plays in frames."""
_NEVER: Final = float("-inf")
_ALWAYS: Final = float("inf")

MAX_ENDED_NAMES: Final = 1000
"""Names of ended marks that are stored, so that a late echo is not reported as an UnexpectedMark."""


def check_mark_name(name: object) -> None:
    """Raise TypeError or ValueError for a name that messages cannot contain, before the mark is queued."""
    if not isinstance(name, str):
        raise TypeError(f"mark name is of type {type(name).__name__}, str is needed")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"mark name has a lone surrogate at {error.start}, UTF-8 has no octets for it") from None
    if name.startswith(GENERATED_PREFIX):
        raise ValueError(f"mark name is {name!r}, only generated names begin with {GENERATED_PREFIX!r}")


MarkEvent = MarkPlayed | MarkCleared | InterruptionSettled | UnexpectedMark


@dataclass(slots=True)
class _SentMark:
    name: str
    position_ms: float  # audio sent before it
    end_ms: float  # estimate of when that audio has been played
    cleared_before_ms: float = _NEVER  # an echo that is received before this time was caused by a clear
    reported: bool = False  # its event was reported; its echo still measures the round trip


@dataclass(slots=True)
class _Interruption:
    found: Interrupted  # the estimate that `interrupt` returned
    at_ms: float  # when the clear was sent
    utterance_start_ms: float  # position at which the utterance began
    heard_ms: float  # estimated position up to which audio was heard
    played_at_least_ms: float  # position up to which echoes prove it
    round_trip_ms: float | None = None  # from the clear to the first echo that it caused


def _gone(marks: Iterable[_SentMark], reason: Literal["stop", "timeout"]) -> list[MarkEvent]:
    """Return the events of marks that end without an echo."""
    return [
        MarkCleared(mark.name, "interrupt" if mark.cleared_before_ms == _ALWAYS else reason)
        for mark in marks
        if not mark.reported
    ]


class Marks:
    """The marks that were sent and not echoed. Their echoes give the audio that was heard before an interruption.

    Every method that can end a mark returns the resulting events in order. Times are in ms of the caller's clock,
    positions in ms of audio sent. Use from one thread at a time.
    """

    __slots__ = ("_ended", "_interruption", "_lag_ms", "_names", "_played_to_ms", "_sent")

    def __init__(self) -> None:
        self._sent: deque[_SentMark] = NO_ITEMS
        """In the order of their end_ms, which `sent` keeps."""
        self._names: dict[str, int] = {}
        """Number of these marks by name: other names need no search."""
        self._ended: dict[str, None] = {}
        self._lag_ms = 0.0
        self._played_to_ms = 0.0
        self._interruption: _Interruption | None = None

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def next_deadline_ms(self) -> float | None:
        """When the first mark times out; None: no mark was sent."""
        return self._sent[0].end_ms + MARK_TIMEOUT_MS if self._sent else None

    def sent(self, name: str, position_ms: float, end_ms: float) -> None:
        """Add a mark that was sent.

        Args:
            name: Its name.
            position_ms: Audio sent before it.
            end_ms: Estimate of when that audio has been played.
        """
        if self._sent:
            end_ms = max(end_ms, self._sent[-1].end_ms)
        elif self._sent is NO_ITEMS:
            self._sent = deque()
        self._sent.append(_SentMark(name, position_ms, end_ms))
        self._names[name] = self._names.get(name, 0) + 1

    def echoed(self, name: str, now_ms: float) -> list[MarkEvent]:
        """End the mark that the carrier returned. Returns no event if it has already ended."""
        # 1. Was it sent? Of two marks with one name, the older one.
        if name not in self._names:
            return [] if name in self._ended else [UnexpectedMark(name)]
        at = next(at for at, mark in enumerate(self._sent) if mark.name == name)
        mark = self._sent[at]
        del self._sent[at]
        self._end(mark)
        # 2. Too early for played audio? Then the clear caused the echo. The first such echo measures the round trip.
        if now_ms < mark.cleared_before_ms:
            if self._interruption is not None and self._interruption.round_trip_ms is None:
                self._interruption.round_trip_ms = now_ms - self._interruption.at_ms
            return [*([] if mark.reported else [MarkCleared(name, "interrupt")]), *self._settled()]
        # 3. Otherwise played: it measures the lag of echoes behind the estimate.
        self._lag_ms = max(0.0, now_ms - mark.end_ms)
        self._played_to_ms = max(self._played_to_ms, mark.position_ms)
        return [MarkPlayed(name), *self._settled()]

    def timed_out(self, now_ms: float) -> list[MarkEvent]:
        """End the marks whose echo is overdue."""
        lost: list[_SentMark] = []
        while self._sent and now_ms >= self._sent[0].end_ms + MARK_TIMEOUT_MS:
            lost.append(self._sent.popleft())
            self._end(lost[-1])
        if not lost:
            return []
        return [*_gone(lost, "timeout"), *self._settled()]

    def interrupted(
        self, found: Interrupted, *, utterance_start_ms: float, heard_ms: float, now_ms: float
    ) -> list[MarkEvent]:
        """Record that a clear is sent, and set for each mark until when an echo means that it was cleared.

        By the estimate, the audio before some marks has been played and the audio before others has not. The latter
        marks will be cleared. The former have probably been echoed, and the echo is in transit. But the far end may be
        behind the estimate, and then the clear drops this audio as well. The clear causes an echo at once, so it
        arrives sooner after the estimated end of the audio than earlier echoes did.

        Args:
            found: The estimate that `interrupt` returns.
            utterance_start_ms: Position of the start of the interrupted utterance.
            heard_ms: Estimated position up to which audio was heard.
            now_ms: The time of the clear.
        """
        # 1. Per mark: the time before which its echo means "cleared".
        for mark in self._sent:
            expected_ms = mark.end_ms + self._lag_ms - ECHO_JITTER_MS
            mark.cleared_before_ms = max(mark.cleared_before_ms, expected_ms if mark.end_ms <= now_ms else _ALWAYS)
            mark.end_ms = min(mark.end_ms, now_ms)
        # 2. An earlier interruption is not settled? It keeps its estimate: echoes from now on belong to this one.
        before = self._interruption
        superseded = [] if before is None else [InterruptionSettled(before.found, before.found.played_ms)]
        # 3. The next utterance starts at heard_ms. An echo that proved a later position must not count for it.
        self._played_to_ms = min(self._played_to_ms, heard_ms)
        self._interruption = _Interruption(found, now_ms, utterance_start_ms, heard_ms, self._played_to_ms)
        # 4. Internal marks that are certainly cleared end now. A user's mark ends with its echo.
        certain = [mark for mark in self._sent if mark.cleared_before_ms == _ALWAYS and not mark.reported]
        own = [mark for mark in certain if mark.name.startswith(OWN_PREFIX)]
        for mark in own:
            mark.reported = True
        return [*superseded, *(MarkCleared(mark.name, "interrupt") for mark in own), *self._settled()]

    def ended(self, reason: Literal["stop", "timeout"]) -> list[MarkEvent]:
        """End all marks, because no echo will arrive: the stream has ended or its connection is lost."""
        gone = _gone(self._sent, reason)
        self._sent.clear()
        self._names.clear()
        return [*gone, *self._settled()]

    def _end(self, mark: _SentMark) -> None:
        """Store the name of a mark that has ended."""
        self._names[mark.name] -= 1
        if not self._names[mark.name]:
            del self._names[mark.name]
        self._ended.pop(mark.name, None)
        self._ended[mark.name] = None
        if len(self._ended) > MAX_ENDED_NAMES:
            del self._ended[next(iter(self._ended))]

    def _settled(self) -> list[InterruptionSettled]:
        """Return the final value of an interruption once all marks have ended.

        The echo of a played mark lags behind the estimate by the round trip plus the audio that the far end buffers.
        The echo of a cleared mark takes the round trip alone. The difference is buffered audio that the estimate
        counted as heard, although it was not.
        """
        # 1. Have all marks ended?
        interruption = self._interruption
        if interruption is None or self._sent:
            return []
        # 2. Subtract the audio that the far end had buffered, if a cleared mark has measured the round trip.
        buffered_ms = 0.0
        if interruption.round_trip_ms is not None:
            buffered_ms = max(0.0, self._lag_ms - interruption.round_trip_ms)
        # 3. But not less than the echoes of played marks prove.
        at_least_ms = max(interruption.played_at_least_ms, min(self._played_to_ms, interruption.heard_ms))
        heard_ms = max(at_least_ms, interruption.heard_ms - buffered_ms)
        self._interruption = None
        return [InterruptionSettled(interruption.found, max(0.0, heard_ms - interruption.utterance_start_ms))]

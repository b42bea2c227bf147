"""The order of chunks. The meaning of the carrier's counters is learnt from the stream.

`chunk` may count per track or over both tracks, step by more than one, restart, or be missing; then `sequence_number`
gives the order, which counts all messages (docs/carrier.md, "Points that a call shows"). Therefore:

- A counter that all tracks share has one reorder window, counters per track have one each. While it is unknown which of
  the two it is, each track has a window, and a number is missing only if no track has it.
- Before LEARNING_CHUNKS chunks were received, missing numbers are `PossibleLoss`, not lost.
- If most of those chunks skipped numbers, skipping is the carrier's habit, and missing numbers are never reported.
- Numbers that stand still, fall, or restart repeatedly give no order: then chunks are in the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf
from typing import Final, Literal

from rtpcodec.rtp._window import Content, digest
from rtpcodec.rtp.reorder import WINDOW, Elsewhere, Lost, ReorderWindow
from rtpcodec.rtp.skipped import united
from rtpcodec.stream._receive_states import OrderState
from rtpcodec.stream.empty_collections import NO_NAMES
from rtpcodec.stream.events import CounterChanged
from rtpcodec.stream.memory_budget import Account, OctetLimit
from rtpcodec.stream.messages import Media
from rtpcodec.stream.numbering_facts import LEARNING_CHUNKS, NumberingFacts, PossibleLoss
from rtpcodec.stream.track_prediction import TrackPredictor
from rtpcodec.stream.wire.rules import MAX_MESSAGE_OCTETS

__all__ = ["LEARNING_CHUNKS", "MAX_TRACKS", "ChunkOrder", "Ordered", "PossibleLoss"]

MAX_TRACKS: Final = 4
"""Carriers have two. The limit keeps a sender of ever new track names from filling the memory."""
MAX_WAIT_MS: Final = 100.0
"""A missing number is lost when the first chunk after it has waited for this time."""
MAX_BACK: Final = 64
"""Two ascending numbers in a row that are further back than this begin a new numbering."""
MAX_WAITING_OCTETS: Final = MAX_MESSAGE_OCTETS
"""Limit on payloads that wait for a missing chunk: the longest message, far above ordinary chunks."""
_Entry = tuple[str, Media]
_Window = ReorderWindow[_Entry]
_NO_TRACK: Final = ""
"""The track name for messages without audio, which have numbers of the stream as well."""

Ordered = tuple[str, "Media | Lost | PossibleLoss | CounterChanged"]
"""A track, and the next item on it."""


class ChunkOrder(OrderState):
    """Puts the chunks of all tracks in order."""

    __slots__ = ("_counted", "_expected_sequence", "_share", "_window")

    def __init__(
        self, window: int = WINDOW, *, start_sequence: int | None = None, account: Account | None = None
    ) -> None:
        """Make an empty order.

        Args:
            window: Later chunks that may wait for a missing one.
            start_sequence: The sequence number of `start`; None: it had none.
            account: The call's account for waiting chunks; None: without a budget.
        """
        self._window = window
        self._share = OctetLimit(MAX_WAITING_OCTETS, account)
        self._expected_sequence = None if start_sequence is None else start_sequence + 1
        self._counter: Literal["chunk", "sequence"] | None
        self._shared: _Window | None
        self._track_predictor = TrackPredictor()
        self._ignored = NO_NAMES
        self._counted = [0, 0]
        self.facts = NumberingFacts()
        self.tracks: dict[str, _Window] = {}
        self.per_track: bool
        """Whether the same number was seen on two tracks, so that each track has its own counter."""
        self.deadline_ms = inf
        """The time of the next `expire`; infinite: none is needed."""

    @property
    def late(self) -> int:
        """Chunks that arrived after they were counted as lost."""
        return self._counted[0] + sum([window.late for window in self._windows()])

    @property
    def duplicates(self) -> int:
        """Chunks that arrived more than once."""
        return self._counted[1] + sum([window.duplicates for window in self._windows()])

    @property
    def counts_messages(self) -> bool:
        """Whether `sequence_number` gives the order, so that messages without audio must be counted as well."""
        return self._counter == "sequence"

    def put(self, track: str, media: Media, *, follows_directly: bool) -> Iterable[Ordered]:
        """Take a chunk, and return the items that are in order now, with Lost in place of lost chunks.

        Args:
            track: The chunk's track.
            media: The chunk. Without a number, it is in order when it arrives.
            follows_directly: Whether its sequence number shows that no message is missing before it.
        """
        self.facts.received += 1
        number = media.chunk
        window = self.tracks.get(track)
        # An ordinary chunk: it has the next number, which no other track can have.
        if (
            number is not None
            and window is not None
            and (self._shared is window or self.per_track or len(self.tracks) == 1)
            and self._counter == "chunk"
            and window.follows(number, content_of(track, media))
        ):
            if self._shared is window:
                self._track_predictor.follow(track, number)
            return ((track, media),)
        return self._put(track, media, follows_directly)

    def pass_over(self, number: int | None, now_ms: float) -> Iterable[Ordered]:
        """Count a message without audio if all messages have numbers; return the items that are in order now."""
        window = self._shared
        if number is None or window is None or not self.counts_messages:
            return ()
        media = Media(b"", sequence_number=number, received_ms=now_ms)
        if window.follows(number, (_NO_TRACK, None, 0)):
            return ()
        return self._into(window, number, (_NO_TRACK, media))

    def expire(self, now_ms: float) -> Iterator[Ordered]:
        """Yield the chunks that have waited for MAX_WAIT_MS, and the items before them."""
        for window in self._windows():
            # 1. Gap? Missing numbers before the last chunk that has waited long enough are lost.
            until = max((number for number, (_, one) in window.held.items() if _is_over(one, now_ms)), default=0)
            if until:
                yield from self._judged(window, window.pop(self._elsewhere(window), until=until))
            # 2. Stray: no second number has confirmed or refuted a new numbering, so it counts as one.
            stray = window.stray
            if stray is not None and _is_over(stray[1], now_ms):
                window.confirm_stray()
                yield from self._renumbered(window, stray[0])
        self._set_deadline()

    def drain(self) -> Iterator[Ordered]:
        """Yield all held chunks in order, because the stream has ended or restarted."""
        for window in self._windows():
            yield from self._judged(window, window.pop(self._elsewhere(window), until=max(window.held, default=0)))
            if window.stray is not None:
                window.confirm_stray()
                yield from self._judged(window, window.pop())
            window.drop_refused()
        self._share.covers(0)
        self.deadline_ms = inf

    def _windows(self) -> list[_Window]:
        """Return each window once."""
        if self._shared is not None:
            return [self._shared]
        return list(self.tracks.values())

    def _put(self, track: str, media: Media, follows_directly: bool) -> Iterator[Ordered]:
        # 1. Which counter? That of the first chunk that has one.
        if self._counter is None:
            self._counter = "chunk" if media.chunk is not None else "sequence"
            if media.chunk is None and media.sequence_number is None:
                self._counter = None
        number = media.chunk if self._counter == "chunk" else media.sequence_number
        # 2. No number, or numbers that give no order? Then the order of arrival counts.
        if self._counter is None or number is None or track in self._ignored:
            yield track, media
            return
        # 3. New track? Find its window.
        window = self.tracks.get(track)
        if window is None:
            yield from self._join(track, number, follows_directly)
            window = self.tracks[track]
        # 4. One counter for all tracks, or one per track? The same number on two tracks proves the latter.
        if self._shared is window and self._counter == "chunk":
            if self._is_of_another_counter(track, number):
                yield from self._split()
                window = self.tracks[track]
        elif not self.per_track and len(self.tracks) > 1:
            self.per_track = number >= window.next and self._is_elsewhere(window, number)
        # 5. Duplicate, new numbering, gap or in order?
        yield from self._into(window, number, (track, media))

    def _into(self, window: _Window, number: int, entry: _Entry) -> Iterator[Ordered]:
        """Put an entry into a window, and yield the items that are in order then."""
        track, media = entry
        media.track, media.stream_id = track, None  # the chunk may wait, and its own copies of names may be long
        restarts, odd = window.restarts, window.late + window.reused
        window.put(number, entry, content_of(track, media))
        # 1. New numbering? Or numbers that give no order?
        if window.restarts != restarts:
            yield from self._renumbered(window, track)
        elif window.is_meaningless or (window.late + window.reused != odd and self.facts.is_odd_too_often()):
            yield from self._ignore(window, track)
        # 2. Usual case: in order, duplicate (dropped by the window), or gap (the chunk waits).
        else:
            yield from self._judged(window, window.pop(self._elsewhere(window)))
        # 3. Shared counter? It is, if two windows each skip a number that the other one has.
        if self._elsewhere(window) is not None and any(one.shared for one in self._windows()):
            yield from self._merge()
        # 4. Does another track wait for this number?
        elif self._shared is None and not self.per_track:
            for other in self._windows():
                if other is not window and other.held:
                    yield from self._judged(other, other.pop(self._elsewhere(other)))
        # 5. Too many octets wait? Then the missing numbers before them are lost.
        if not self._share.covers(self._set_deadline()):
            yield from self.drain()

    def _join(self, track: str, number: int, follows_directly: bool) -> Iterator[Ordered]:
        """Assign a window to a new track."""
        # 1. Sequence numbers always count the whole stream, beginning with `start`.
        if self._counter == "sequence":
            if self._shared is None:
                self._shared = self._new_window()
                if self._expected_sequence is not None and 0 <= number - self._expected_sequence <= self._window:
                    self._shared.start_at(self._expected_sequence)
            self.tracks[track] = self._shared
            self._shared.window = self._window * len(self.tracks)
            return
        # 2. The next number of the only counter so far? Then probably all tracks share it; later numbers may refute it.
        shared = self._shared
        if shared is None and len(self.tracks) == 1 and not self.per_track:
            (only,) = self.tracks.values()
            ahead = number - only.next
            if ahead == 0 or (not follows_directly and 0 < ahead <= self._window):
                shared = self._shared = only
                self._track_predictor.begin(next(iter(self.tracks)), only.next - 1)
        if shared is not None:
            self.tracks[track] = shared
            shared.window = self._window * len(self.tracks)
            return
        # 3. A separate counter. Numbers begin at 1. If a message is missing before the first chunk, this chunk has
        #    overtaken earlier ones, so wait for them.
        self.tracks[track] = window = self._new_window()
        if not follows_directly and 1 <= number <= 1 + self._window:
            window.start_at(1)
        yield from ()

    def _new_window(self) -> _Window:
        return ReorderWindow(self._window, MAX_BACK)

    def _is_of_another_counter(self, track: str, number: int) -> bool:
        """Return whether a number proves that its track does not use the shared counter."""
        shared = self._shared
        if shared is None or (number >= shared.next and number not in shared.held):
            return False
        # 1. Another track has used this number?
        owner = shared.content_of(number)
        if owner is not None and owner[0] != track:
            return True
        # 2. This track's next number, while the other tracks are ahead by more than a reorder window?
        return (
            number == self._track_predictor.last_number.get(track, inf) + 1
            and shared.next - number > shared.window
            and not shared.was_skipped(number)
        )

    def _split(self) -> Iterator[Ordered]:
        """Assign one window to each track, because the tracks do not share a counter."""
        shared, self._shared, self.per_track = self._shared, None, True
        if shared is None:
            return
        self._keep_counts(shared)
        yield from self._stray_of(shared)
        for track in self.tracks:
            self.tracks[track] = window = self._new_window()
            if track in self._track_predictor.last_number:
                window.start_at(self._track_predictor.last_number[track] + 1)
        for number, (track, media) in sorted(shared.held.items()):
            self.tracks[track].put(number, (track, media), content_of(track, media))
        for window in self._windows():
            yield from self._judged(window, window.pop())

    def _merge(self) -> Iterator[Ordered]:
        """Assign one window to all tracks, because they share a counter."""
        windows = self._windows()
        shared = ReorderWindow[_Entry](self._window * len(windows), MAX_BACK)
        held = {number: entry for window in windows for number, entry in window.held.items()}
        at = max(window.next for window in windows)
        # 1. Chunks below the next number of the furthest window: deliver them, missing numbers among them are lost.
        begin = min((window.next for window in windows if window.held), default=at)
        for number in sorted(number for number in held if number < at):
            seen = united(span for window in windows for span in window.seen(begin, number))
            track, media = held.pop(number)
            yield from self.facts.judge({track: number - begin - sum(end - at for at, end in seen)})
            yield track, media
            begin = number + 1
        for window in windows:
            yield from self._stray_of(window)
        # 2. The other chunks continue in the shared window.
        for track, window in self.tracks.items():
            self._keep_counts(window)
            self._track_predictor.begin(track, window.next - 1)
            self.tracks[track] = shared
        shared.start_at(at)
        self._shared = shared
        for number, (track, media) in sorted(held.items()):
            shared.put(number, (track, media), content_of(track, media))
        yield from self._judged(shared, shared.pop())

    @staticmethod
    def _stray_of(window: _Window) -> Iterator[Ordered]:
        """Yield the stray chunk of a window that ends: no later number can confirm a new numbering."""
        if window.stray is not None and window.stray[0] != _NO_TRACK:
            yield window.stray

    def _renumbered(self, window: _Window, track: str) -> Iterator[Ordered]:
        """Yield the items in order after a new numbering; too many of them mean that the numbers give no order."""
        if self.facts.restarts_too_often():
            yield from self._ignore(window, track)
            return
        yield from self._changed(window, track, "restarted")
        yield from self._judged(window, window.pop())

    def _changed(self, window: _Window, track: str, change: Literal["restarted", "ignored"]) -> Iterator[Ordered]:
        """Yield the event, on a track of the window if a message without audio caused it."""
        if name := track or next((name for name, own in self.tracks.items() if own is window), _NO_TRACK):
            yield name, CounterChanged(name, self._counter or "chunk", change)

    def _ignore(self, window: _Window, track: str) -> Iterator[Ordered]:
        """Deliver waiting and later chunks in the order of arrival, because the numbers give no order."""
        yield from self._changed(window, track, "ignored")
        names = [name for name, own in self.tracks.items() if own is window]
        self._ignored |= {*names}
        for name in names:
            del self.tracks[name]
        refused = window.take_refused()
        waiting = window.pop(until=max(window.held, default=0))
        self._keep_counts(window)
        if self._shared is window:
            self._shared = None
        for name, item in (*(entry for entry in waiting if not isinstance(entry, Lost)), *refused):
            if name != _NO_TRACK:
                yield name, item

    def _keep_counts(self, window: _Window) -> None:
        self._counted[0] += window.late
        self._counted[1] += window.duplicates

    def _judged(self, window: _Window, items: list[_Entry | Lost]) -> Iterator[Ordered]:
        """Yield the items of one window, with the missing numbers before them on each track."""
        lost = 0
        for item in items:
            if isinstance(item, Lost):
                lost = item.count
                continue
            track, media = item
            number = media.chunk if self._counter == "chunk" else media.sequence_number
            if window is not self._shared:
                yield from self.facts.judge({track: lost})
            elif lost:
                missing = self._track_predictor.skip(lost, track, number or 0)
                missing.pop(_NO_TRACK, None)
                yield from self.facts.judge(missing)
            elif track != _NO_TRACK:
                self._track_predictor.follow(track, number or 0)
            lost = 0
            if track != _NO_TRACK:
                yield track, media

    def _elsewhere(self, window: _Window) -> Elsewhere | None:
        """Return the function that gives `pop` the numbers of other tracks; None: no other track can have them."""
        if window is self._shared or self.per_track or len(self.tracks) < 2:
            return None
        others = [other for other in self._windows() if other is not window]
        return lambda begin, end: united(span for other in others for span in other.seen(begin, end))

    def _is_elsewhere(self, window: _Window, number: int) -> bool:
        return any(other.has_seen(number) for other in self._windows() if other is not window)

    def _set_deadline(self) -> int:
        """Set the time of the next `expire`. Returns the octets of the waiting payloads."""
        oldest_ms, octets = inf, 0
        for window in self._windows():
            waiting = [media for _, media in window.held.values()]
            if window.stray is not None:
                waiting.append(window.stray[1])
            for media in waiting:
                octets += len(media.payload)
                oldest_ms = min(oldest_ms, media.received_ms)
            octets += sum(len(media.payload) for _, media in window.refused)
        self.deadline_ms = oldest_ms + MAX_WAIT_MS
        return octets


def content_of(track: str, media: Media) -> Content:
    """Return the content of a chunk: two chunks with one number and equal content are duplicates."""
    return track, media.timestamp, digest(media.payload)


def _is_over(media: Media, now_ms: float) -> bool:
    """Return whether a chunk has waited long enough. Same sum as for `deadline_ms`, so that both round equally."""
    return media.received_ms + MAX_WAIT_MS <= now_ms

"""Learns from the stream itself what the carrier's counters mean (media streaming, uncertain point U3).

`chunk` may count per track or over both tracks, may step by more than one, may begin again, or may be absent; then
`sequence_number` takes its place, which counts all messages of the stream. Therefore:

- A counter that all tracks share has one reorder window, counters per track have one each. As long as it is not known
  which of the two it is, each track has a window, and a number is missing only if it was seen on no track.
- Loss is not certain before LEARNING_CHUNKS chunks were received: it is `Doubtful`.
- Loss is not reported at all if most of those chunks skipped numbers, because then skipping is the carrier's habit.
- Numbers that stand still, fall, or begin again and again give no order: then chunks are in order as they arrive.
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
from rtpcodec.stream.memory_budget import Account, Share
from rtpcodec.stream.messages import Media
from rtpcodec.stream.numbering_facts import LEARNING_CHUNKS, Doubtful, NumberingFacts
from rtpcodec.stream.track_prediction import TrackPredictor
from rtpcodec.stream.wire.rules import MAX_MESSAGE_OCTETS

__all__ = ["LEARNING_CHUNKS", "MAX_TRACKS", "ChunkOrder", "Doubtful", "Ordered"]

MAX_TRACKS: Final = 4
"""The wire has two. The limit keeps a sender that invents track names from filling memory."""
MAX_WAIT_MS: Final = 100.0
"""A missing number is waited for until the first chunk behind it is this old."""
MAX_BACK: Final = 64
"""Numbers further back than this are a new numbering, if two in a row ascend."""
MAX_WAITING_OCTETS: Final = MAX_MESSAGE_OCTETS
"""Payloads that wait for a missing chunk: as much as the longest message, which no ordinary chunk comes near."""
_Entry = tuple[str, Media]
_Window = ReorderWindow[_Entry]
_NO_TRACK: Final = ""
"""Holds the place of a message without audio, which has a number of the stream as well."""


Ordered = tuple[str, "Media | Lost | Doubtful | CounterChanged"]
"""A track, and what comes next on it."""


class ChunkOrder(OrderState):
    """Put the chunks of all tracks in order."""

    __slots__ = ("_counted", "_expected_sequence", "_share", "_window")

    def __init__(
        self, window: int = WINDOW, *, start_sequence: int | None = None, account: Account | None = None
    ) -> None:
        """Make an empty order.

        Args:
            window: Later chunks that may wait for a missing one.
            start_sequence: The sequence number of `start`; None: it had none.
            account: The call's account of the budget that chunks which wait are counted in; None: without a budget.
        """
        self._window = window
        self._share = Share(MAX_WAITING_OCTETS, account)
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
        """When `expire` has something to deliver."""

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
        """Whether `sequence_number` gives the order, so that messages without audio have to be counted as well."""
        return self._counter == "sequence"

    def put(self, track: str, media: Media, *, follows_directly: bool) -> Iterable[Ordered]:
        """Take a chunk and return what is in order now, with Lost in place of lost chunks.

        Args:
            track: The chunk's track.
            media: The chunk. One without a number is in order when it arrives.
            follows_directly: Whether its sequence number shows that no message is missing before it.

        Returns:
            Pairs of a track and what comes next on it.
        """
        self.facts.received += 1
        number = media.chunk
        window = self.tracks.get(track)
        # The ordinary chunk: it follows the one before it, and no other track can have its number.
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
        """Count a message without audio, where all messages have numbers; return what is in order now."""
        window = self._shared
        if number is None or window is None or not self.counts_messages:
            return ()
        media = Media(b"", sequence_number=number, received_ms=now_ms)
        if window.follows(number, (_NO_TRACK, None, 0)):
            return ()
        return self._into(window, number, (_NO_TRACK, media))

    def expire(self, now_ms: float) -> Iterator[Ordered]:
        """Yield what has waited for MAX_WAIT_MS, with what is before it."""
        for window in self._windows():
            until = max((number for number, (_, one) in window.held.items() if _is_over(one, now_ms)), default=0)
            if until:
                yield from self._judged(window, window.pop(self._elsewhere(window), until=until))
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
        # 1. Which counter? The first chunk that has one decides.
        if self._counter is None:
            self._counter = "chunk" if media.chunk is not None else "sequence"
            if media.chunk is None and media.sequence_number is None:
                self._counter = None
        number = media.chunk if self._counter == "chunk" else media.sequence_number
        # 2. No number, or none that gives an order.
        if self._counter is None or number is None or track in self._ignored:
            yield track, media
            return
        # 3. Its window.
        window = self.tracks.get(track)
        if window is None:
            yield from self._join(track, number, follows_directly)
            window = self.tracks[track]
        # 4. One counter for all, or one per track? The same number twice proves the latter.
        if self._shared is window and self._counter == "chunk":
            if self._is_of_another_counter(track, number):
                yield from self._split()
                window = self.tracks[track]
        elif not self.per_track and len(self.tracks) > 1:
            self.per_track = number >= window.next and self._is_elsewhere(window, number)
        # 5. In order?
        yield from self._into(window, number, (track, media))

    def _into(self, window: _Window, number: int, entry: _Entry) -> Iterator[Ordered]:
        """Put an entry into a window, and yield what is in order then."""
        track, media = entry
        media.track, media.stream_id = track, None  # it may wait, and its own copies of names may be long
        restarts, odd = window.restarts, window.late + window.reused
        window.put(number, entry, content_of(track, media))
        # 1. A new numbering, or no sense at all?
        if window.restarts != restarts:
            yield from self._renumbered(window, track)
        elif window.is_meaningless or (window.late + window.reused != odd and self.facts.is_odd_too_often()):
            yield from self._ignore(window, track)
        # 2. The usual case.
        else:
            yield from self._judged(window, window.pop(self._elsewhere(window)))
        # 3. A number that two windows skip for each other shows that they share one counter.
        if self._elsewhere(window) is not None and any(one.shared for one in self._windows()):
            yield from self._merge()
        # 4. This may be the number that another track waits for.
        elif self._shared is None and not self.per_track:
            for other in self._windows():
                if other is not window and other.held:
                    yield from self._judged(other, other.pop(self._elsewhere(other)))
        # 5. Too many octets wait: what is missing before them is not waited for any longer.
        if not self._share.covers(self._set_deadline()):
            yield from self.drain()

    def _join(self, track: str, number: int, follows_directly: bool) -> Iterator[Ordered]:
        """Give a new track its window."""
        # 1. Sequence numbers are always of the whole stream, which `start` has begun.
        if self._counter == "sequence":
            if self._shared is None:
                self._shared = self._new_window()
                if self._expected_sequence is not None and 0 <= number - self._expected_sequence <= self._window:
                    self._shared.start_at(self._expected_sequence)
            self.tracks[track] = self._shared
            self._shared.window = self._window * len(self.tracks)
            return
        # 2. The next number of the only counter so far: probably all tracks share it. What follows proves it or not.
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
        # 3. A counter of its own. Numbers start at 1. If a message is missing before the first chunk, the chunks before
        #    it were overtaken, so wait for them.
        self.tracks[track] = window = self._new_window()
        if not follows_directly and 1 <= number <= 1 + self._window:
            window.start_at(1)
        yield from ()

    def _new_window(self) -> _Window:
        return ReorderWindow(self._window, MAX_BACK)

    def _is_of_another_counter(self, track: str, number: int) -> bool:
        """Return whether a number of a shared counter shows that the track has a counter of its own."""
        shared = self._shared
        if shared is None or (number >= shared.next and number not in shared.held):
            return False
        # 1. Another track has used this number.
        owner = shared.content_of(number)
        if owner is not None and owner[0] != track:
            return True
        # 2. It is this track's next number, while the other tracks are ahead by more than a reorder window.
        return (
            number == self._track_predictor.last_number.get(track, inf) + 1
            and shared.next - number > shared.window
            and not shared.was_skipped(number)
        )

    def _split(self) -> Iterator[Ordered]:
        """Give each track a window of its own, because the tracks do not share a counter."""
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
        """Give all tracks one window, because they share a counter."""
        windows = self._windows()
        shared = ReorderWindow[_Entry](self._window * len(windows), MAX_BACK)
        held = {number: entry for window in windows for number, entry in window.held.items()}
        at = max(window.next for window in windows)
        # 1. Numbers behind the furthest window that another one still waits for are not waited for any longer.
        begin = min((window.next for window in windows if window.held), default=at)
        for number in sorted(number for number in held if number < at):
            seen = united(span for window in windows for span in window.seen(begin, number))
            track, media = held.pop(number)
            yield from self.facts.judge({track: number - begin - sum(end - at for at, end in seen)})
            yield track, media
            begin = number + 1
        for window in windows:
            yield from self._stray_of(window)
        # 2. The rest continues in the shared window.
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
        """Yield the chunk of a number far off in a window that ends: nothing can confirm its number any more."""
        if window.stray is not None and window.stray[0] != _NO_TRACK:
            yield window.stray

    def _renumbered(self, window: _Window, track: str) -> Iterator[Ordered]:
        """Yield what is in order after a new numbering; too many of them make no sense."""
        if self.facts.restarts_too_often():
            yield from self._ignore(window, track)
            return
        yield from self._changed(window, track, "restarted")
        yield from self._judged(window, window.pop())

    def _changed(self, window: _Window, track: str, change: Literal["restarted", "ignored"]) -> Iterator[Ordered]:
        """Yield the event; a message without audio may show the change, which is one of the window's tracks then."""
        if name := track or next((name for name, own in self.tracks.items() if own is window), _NO_TRACK):
            yield name, CounterChanged(name, self._counter or "chunk", change)

    def _ignore(self, window: _Window, track: str) -> Iterator[Ordered]:
        """Deliver what waits and all that follows as it arrives, because the numbers give no order."""
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
        """Yield the items of one window, with what is missing before them on each track."""
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
        """Return the function by which `pop` asks which numbers other tracks have; None: none could."""
        if window is self._shared or self.per_track or len(self.tracks) < 2:
            return None
        others = [other for other in self._windows() if other is not window]
        return lambda begin, end: united(span for other in others for span in other.seen(begin, end))

    def _is_elsewhere(self, window: _Window, number: int) -> bool:
        return any(other.has_seen(number) for other in self._windows() if other is not window)

    def _set_deadline(self) -> int:
        """Set when `expire` has something to deliver. Returns the octets of the payloads that are kept meanwhile."""
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
    """Return what distinguishes a chunk from another one of the same number."""
    return track, media.timestamp, digest(media.payload)


def _is_over(media: Media, now_ms: float) -> bool:
    """Return whether a chunk has waited long enough. The sum is that of `deadline_ms`, so that both round alike."""
    return media.received_ms + MAX_WAIT_MS <= now_ms

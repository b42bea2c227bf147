"""Learns from the stream itself what the carrier's counters mean (media streaming, uncertain point U3).

`chunk` may count per track or over both tracks, may step by more than one, or may be absent. Therefore:

- a number is lost only if it was seen on no track;
- loss is not reported before LEARNING_CHUNKS chunks were received;
- loss is not reported at all if most of those chunks skipped numbers, because then skipping is the carrier's habit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtpcodec.rtp.reorder import WINDOW, Lost, ReorderWindow
from rtpcodec.stream.messages import Media

LEARNING_CHUNKS: Final = 50
"""One second of 20 ms chunks."""
MAX_TRACKS: Final = 4
"""The wire has two. The limit keeps a sender that invents track names from filling memory."""


class ChunkOrder:
    """Put the chunks of all tracks in order, with one reorder window per track."""

    __slots__ = ("_holes", "_last", "_learning_left", "_usual_step", "_window", "per_track", "tracks")

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._learning_left = LEARNING_CHUNKS
        self._holes = 0
        self._last: dict[str, int] = {}
        self._usual_step: dict[str, int] = {}
        self.tracks: dict[str, ReorderWindow[Media]] = {}
        self.per_track = False
        """Whether the same number was seen on two tracks, so that each track has its own counter."""

    @property
    def learnt(self) -> bool:
        """Whether enough chunks were received to tell a lost number from a habit of the carrier."""
        return self._learning_left <= 0

    @property
    def has_habit_of_holes(self) -> bool:
        """Whether the numbers usually step by more than one, so that they give the order but do not prove loss."""
        return self._holes > LEARNING_CHUNKS // 2

    @property
    def late(self) -> int:
        """Chunks that arrived after they were counted as lost."""
        return sum(window.late for window in self.tracks.values())

    @property
    def duplicates(self) -> int:
        """Chunks that arrived more than once."""
        return sum(window.duplicates for window in self.tracks.values())

    def put(self, track: str, media: Media, *, follows_directly: bool) -> Iterator[tuple[str, Media | Lost]]:
        """Take a chunk and yield what is in order now, with Lost in place of lost chunks.

        track: the chunk's track.
        media: the chunk. One without a number is in order when it arrives.
        follows_directly: whether its sequence number shows that no message is missing before it.
        Yields: track and chunk, or track and Lost.
        """
        if self._learning_left > 0:
            self._learning_left -= 1
        # 1. No number: nothing to order.
        if media.chunk is None:
            yield track, media
            return
        # 2. New track? Numbers start at 1. If a message is missing before the first chunk, the chunks before it were
        #    overtaken, so wait for them.
        window = self.tracks.get(track)
        if window is None:
            window = self.tracks[track] = ReorderWindow(self._window)
            if not follows_directly and 1 <= media.chunk <= 1 + self._window:
                window.start_at(1)
        # 3. One counter per track, or one for all? A new number that another track has used as well proves the former.
        if not self.per_track and len(self.tracks) > 1:
            self.per_track = self._is_elsewhere(track, media.chunk) and media.chunk >= window.next
        # 4. Order this track.
        window.put(media.chunk, media)
        yield from self._in_order(track, window)
        # 5. With a shared counter, this may be the number that another track waits for.
        if not self.per_track:
            for other, waiting in self.tracks.items():
                if other != track and waiting.waiting:
                    yield from self._in_order(other, waiting)

    def drain(self) -> Iterator[tuple[str, Media | Lost]]:
        """Yield all held chunks in order, because the stream has ended or restarted."""
        for track, window in self.tracks.items():
            yield from self._judged(track, window.drain(lambda number, track=track: self._accounted(track, number)))  # type: ignore[misc]

    def _in_order(self, track: str, window: ReorderWindow[Media]) -> Iterator[tuple[str, Media | Lost]]:
        return self._judged(track, window.pop(lambda number: self._accounted(track, number)))

    def _judged(self, track: str, items: list[Media | Lost]) -> Iterator[tuple[str, Media | Lost]]:
        """Yield the items of one window, with Lost only where the missing numbers prove loss on this track."""
        lost = 0
        for item in items:
            if isinstance(item, Lost):
                lost = item.count
                continue
            # 1. How many of the missing numbers belong to this track?
            count = self._lost_on(track, item, lost)
            # 2. Still learning: only count how often numbers are skipped.
            if count and not self.learnt:
                self._holes += 1
            # 3. Learnt: report it, unless this carrier skips numbers as a habit.
            elif count and not self.has_habit_of_holes:
                yield track, Lost(count)
            lost = 0
            yield track, item

    def _lost_on(self, track: str, media: Media, missing: int) -> int:
        """Return how many of the missing numbers before a chunk belong to this track.

        If the tracks share a counter, the numbers of each track usually step by the same amount: by 2 if two tracks
        take turns. The numbers inside a usual step belong to the other tracks, even if those have lost them. Only a
        longer step is loss on this track.
        """
        if media.chunk is None:
            return missing
        step = media.chunk - self._last.get(track, media.chunk - 1)
        self._last[track] = media.chunk
        # 1. Nothing is missing: this is the usual step.
        if not missing:
            self._usual_step[track] = max(1, step)
            return 0
        # 2. A counter of its own: all missing numbers are this track's.
        if self.per_track or len(self.tracks) == 1:
            return missing
        # 3. A shared counter: a step of n usual steps is n - 1 lost chunks.
        return min(missing, round(step / self._usual_step.get(track, 1)) - 1)

    def _accounted(self, track: str, number: int) -> bool:
        """Return whether another track that shares the counter has the number, so that it is not lost."""
        return not self.per_track and self._is_elsewhere(track, number)

    def _is_elsewhere(self, track: str, number: int) -> bool:
        return any(window.has_seen(number) for other, window in self.tracks.items() if other != track)

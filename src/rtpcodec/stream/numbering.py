"""What the carrier's counters mean, learnt from the stream itself (media streaming, uncertain point U3).

`chunk` may count per track or over both tracks, may step by more than one, or may be missing. So a number is lost only
if it was seen on no track, and nothing counts as lost until the numbering is learnt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rtpcodec.rtp.reorder import WINDOW, Lost, ReorderWindow
from rtpcodec.stream.messages import Media

LEARNING_CHUNKS: Final = 50
"""One second of 20 ms chunks."""
MAX_TRACKS: Final = 4
"""The wire has two; more names than this would only be a way to use memory."""


class ChunkOrder:
    """The chunks of all tracks into order, one window a track."""

    __slots__ = ("_holes", "_last", "_learning_left", "_usual_step", "_window", "per_track", "tracks")

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._learning_left = LEARNING_CHUNKS
        self._holes = 0
        self._last: dict[str, int] = {}
        self._usual_step: dict[str, int] = {}
        self.tracks: dict[str, ReorderWindow[Media]] = {}
        self.per_track = False
        """Whether the same number was seen on two tracks, so that each counts for itself."""

    @property
    def learnt(self) -> bool:
        """Whether enough chunks were seen to tell a lost number from a habit of the carrier."""
        return self._learning_left <= 0

    @property
    def has_habit_of_holes(self) -> bool:
        """Whether the numbers step by more than one as a rule, so that they order but prove no loss."""
        return self._holes > LEARNING_CHUNKS // 2

    @property
    def late(self) -> int:
        """Chunks that came after they were given up."""
        return sum(window.late for window in self.tracks.values())

    @property
    def duplicates(self) -> int:
        """Chunks that came twice."""
        return sum(window.duplicates for window in self.tracks.values())

    def put(self, track: str, media: Media, *, follows_directly: bool) -> Iterator[tuple[str, Media | Lost]]:
        """Take a chunk, give what is in order now. A chunk without a number is in order as it comes.

        follows_directly: no message is missing before this one, as far as its sequence number tells.
        """
        if self._learning_left > 0:
            self._learning_left -= 1
        if media.chunk is None:
            yield track, media
            return
        window = self.tracks.get(track)
        if window is None:
            window = self.tracks[track] = ReorderWindow(self._window)
            # Numbers start at 1; a stream that shows a hole in front of its first chunk is reordered, not late.
            if not follows_directly and 1 <= media.chunk <= 1 + self._window:
                window.start_at(1)
        if not self.per_track and len(self.tracks) > 1:
            self.per_track = self._is_elsewhere(track, media.chunk) and media.chunk >= window.next
        window.put(media.chunk, media)
        yield from self._in_order(track, window)
        if not self.per_track:
            # The number may be the one that another track waits for.
            for other, waiting in self.tracks.items():
                if other != track and waiting.waiting:
                    yield from self._in_order(other, waiting)

    def drain(self) -> Iterator[tuple[str, Media | Lost]]:
        """All that is held, because the stream is over or begins anew."""
        for track, window in self.tracks.items():
            yield from self._judged(track, window.drain(lambda number, track=track: self._accounted(track, number)))  # type: ignore[misc]

    def _in_order(self, track: str, window: ReorderWindow[Media]) -> Iterator[tuple[str, Media | Lost]]:
        return self._judged(track, window.pop(lambda number: self._accounted(track, number)))

    def _judged(self, track: str, items: list[Media | Lost]) -> Iterator[tuple[str, Media | Lost]]:
        lost = 0
        for item in items:
            if isinstance(item, Lost):
                lost = item.count
                continue
            count = self._lost_on(track, item, lost)
            if count and not self.learnt:
                self._holes += 1
            elif count and not self.has_habit_of_holes:
                yield track, Lost(count)
            lost = 0
            yield track, item

    def _lost_on(self, track: str, media: Media, missing: int) -> int:
        """How many of the missing numbers before a chunk were this track's own.

        Where the tracks share a counter, each steps by its share of it; a number that another track lost makes no
        longer step than usual here.
        """
        if media.chunk is None:
            return missing
        step = media.chunk - self._last.get(track, media.chunk - 1)
        self._last[track] = media.chunk
        if not missing:
            self._usual_step[track] = max(1, step)
            return 0
        if self.per_track or len(self.tracks) == 1:
            return missing
        return min(missing, round(step / self._usual_step.get(track, 1)) - 1)

    def _accounted(self, track: str, number: int) -> bool:
        return not self.per_track and self._is_elsewhere(track, number)

    def _is_elsewhere(self, track: str, number: int) -> bool:
        return any(window.has_seen(number) for other, window in self.tracks.items() if other != track)

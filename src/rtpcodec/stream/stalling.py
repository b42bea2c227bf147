"""Silence of the socket: when it is a stall, and when it is the ordinary distance between two chunks."""

from __future__ import annotations

from math import inf

from rtpcodec.pickling import Live
from rtpcodec.stream.events import Stalled


class StallWatch(Live):
    """Measures the silence before each message. It counts as a stall only if the audio does not explain it."""

    __slots__ = ("_last_chunk_ms", "_limit_ms", "_stall_ms", "count", "last_received_ms", "longest_ms")

    def __init__(self, stall_ms: float) -> None:
        """Make a watch that finds no stalls until `begin`.

        stall_ms: the shortest silence that is a stall. ValueError: it is not positive.
        """
        if not stall_ms > 0:
            raise ValueError(f"stall_ms is {stall_ms:g}, a positive number is needed")
        self._stall_ms = stall_ms
        self._limit_ms = inf
        self.last_received_ms = 0.0
        """When the last message arrived."""
        self._last_chunk_ms = 0.0
        self.count = 0
        """Stalls that were reported."""
        self.longest_ms = 0.0
        """The longest of them."""

    def stalled(self, silence_ms: float) -> Stalled:
        """Count a stall, and return its event."""
        self.count += 1
        self.longest_ms = max(self.longest_ms, silence_ms)
        return Stalled(silence_ms)

    def begin(self, now_ms: float) -> None:
        """Measure from now on, because the stream starts."""
        self.last_received_ms = now_ms
        self._limit_ms = max(self._stall_ms, 2 * self._last_chunk_ms)

    def suspend(self) -> None:
        """Find no stalls until `begin`: the line is lost."""
        self._limit_ms = inf

    def silence_ms(self, now_ms: float) -> float:
        """Take a message; return the silence before it if it is long enough for a stall, otherwise 0."""
        silence_ms = now_ms - self.last_received_ms
        self.last_received_ms = now_ms
        return silence_ms if silence_ms >= self._limit_ms else 0.0

    def is_stall(self, silence_ms: float, chunk_ms: float, pause_ms: float) -> bool:
        """Return whether a silence before a chunk is a stall.

        silence_ms: what `silence_ms` returned.
        chunk_ms: how long the chunk plays: it is sent when it is over.
        pause_ms: how long the carrier sent nothing, by its timestamps.
        """
        return silence_ms - pause_ms >= max(self._stall_ms, 2 * chunk_ms)

    def take_chunk(self, chunk_ms: float) -> None:
        """Take the length of the audio that was delivered last."""
        if chunk_ms != self._last_chunk_ms:
            # Chunks may last up to 30 s; then silence of one chunk's length between two chunks is normal.
            self._last_chunk_ms = chunk_ms
            self._limit_ms = max(self._stall_ms, 2 * chunk_ms)

"""Stalls: silences of the socket that are longer than the usual interval between two chunks."""

from __future__ import annotations

from math import inf

from rtpcodec.pickling import Live
from rtpcodec.stream._receive_states import StallState
from rtpcodec.stream.events import Stalled


class StallWatch(StallState, Live):
    """Measures the silence before each message. It is a stall only if the audio does not explain it.

    last_received_ms: Arrival of the last message.
    count: Number of stalls; longest_ms: duration of the longest.
    """

    __slots__ = ()

    def __init__(self, stall_ms: float) -> None:
        """Make a watch that reports no stalls until `begin`.

        stall_ms: The shortest silence that is a stall. Raises ValueError if it is not positive.
        """
        if not stall_ms > 0:
            raise ValueError(f"stall_ms is {stall_ms:g}, a positive number is needed")
        self._stall_ms = stall_ms
        self._limit_ms = inf

    def stalled(self, silence_ms: float) -> Stalled:
        """Count a stall, and return its event."""
        self.count += 1
        self.longest_ms = max(self.longest_ms, silence_ms)
        return Stalled(silence_ms)

    def begin(self, now_ms: float) -> None:
        """Measure from now on: the stream starts."""
        self.last_received_ms = now_ms
        self._limit_ms = max(self._stall_ms, 2 * self._last_chunk_ms)

    def suspend(self) -> None:
        """Report no stalls until `begin`: the connection is lost."""
        self._limit_ms = inf

    def is_stall(self, silence_ms: float, chunk_ms: float, pause_ms: float) -> bool:
        """Return whether a silence before a chunk is a stall.

        Args:
            silence_ms: The result of `silence_ms`.
            chunk_ms: Duration of the chunk: it is sent when it is over.
            pause_ms: Pause of the carrier, by its timestamps.
        """
        # A chunk, of up to 30 s, arrives after its duration, so a silence below twice that duration is usual.
        return silence_ms - pause_ms >= max(self._stall_ms, 2 * chunk_ms)

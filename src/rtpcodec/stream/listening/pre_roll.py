"""The last audio before speech: chunks kept by reference, joined only when speech starts."""

from __future__ import annotations

from collections import deque

from rtpcodec.pickling import Live
from rtpcodec.stream._audio import Audio


class PreRoll(Live):
    """The last chunks of one track. Use from one thread at a time."""

    __slots__ = ("_chunks", "_keeps", "_kept_ms")

    def __init__(self, kept_ms: float) -> None:
        """Make an empty one; kept_ms: how much media time it keeps at least, where so much came."""
        self._chunks: deque[Audio] = deque()
        self._kept_ms = kept_ms
        self._keeps = True

    def private(self, active: bool, _label: str, _now_ms: float) -> None:
        """Keep nothing from now on, or keep again: a listener of Privacy."""
        self._keeps = not active
        self._chunks.clear()

    def add(self, audio: Audio) -> None:
        """Keep a chunk that has PCM, and drop what is older than needed."""
        if not self._keeps:
            return
        chunks = self._chunks
        chunks.append(audio)
        oldest_ms = audio.media_ms + audio.duration_ms - self._kept_ms
        while chunks[0].media_ms + chunks[0].duration_ms <= oldest_ms:
            chunks.popleft()

    def clear(self) -> None:
        """Drop all."""
        self._chunks.clear()

    def joined(self, from_ms: float, newest: Audio) -> Audio:
        """Return what is kept from a media time on, with silence where chunks are missing.

        from_ms: the media time; the result begins later if less is kept.
        newest: the last chunk, whose track and rate the result has. If nothing is kept, it is empty and lies behind it.
        """
        rate_hz = newest.sample_rate_hz
        octets = bytearray()
        begin_ms = newest.media_ms + newest.duration_ms
        for chunk in self._chunks:
            if not octets:
                skipped = max(0, round((from_ms - chunk.media_ms) * rate_hz / 1000))
                if 2 * skipped >= len(chunk.pcm):
                    continue
                begin_ms = chunk.media_ms + skipped * 1000 / rate_hz
                octets += memoryview(chunk.pcm)[2 * skipped :]
                continue
            missing = round((chunk.media_ms - begin_ms) * rate_hz / 1000) - len(octets) // 2
            if missing > 1:
                octets += bytes(2 * missing)
            octets += chunk.pcm
        duration_ms = len(octets) * 500 / rate_hz
        return Audio(newest.track, b"", bytes(octets), rate_hz, begin_ms, duration_ms)

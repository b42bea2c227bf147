"""The audio before speech: chunks are kept by reference, and joined only when speech starts."""

from __future__ import annotations

from collections import deque

from rtpcodec.pickling import Live
from rtpcodec.stream._audio import Audio


class PreRoll(Live):
    """The last chunks of one track. Use from one thread at a time."""

    __slots__ = ("_chunks", "_keeps", "_kept_ms")

    def __init__(self, kept_ms: float) -> None:
        """Make an empty pre-roll; kept_ms: how much media time to keep."""
        self._chunks: deque[Audio] = deque()
        self._kept_ms = kept_ms
        self._keeps = True

    def private(self, active: bool, _label: str, _now_ms: float) -> None:
        """Stop keeping audio, or start again. A listener of Privacy."""
        self._keeps = not active
        self._chunks.clear()

    def add(self, audio: Audio) -> None:
        """Keep a chunk that has PCM, and drop chunks that are too old."""
        if not self._keeps:
            return
        chunks = self._chunks
        chunks.append(audio)
        oldest_ms = audio.media_ms + audio.duration_ms - self._kept_ms
        while chunks[0].media_ms + chunks[0].duration_ms <= oldest_ms:
            chunks.popleft()

    def clear(self) -> None:
        """Drop all chunks."""
        self._chunks.clear()

    def joined(self, from_ms: float, newest: Audio) -> Audio:
        """Return the kept audio from a media time on, with silence in place of missing chunks.

        from_ms: the media time. The result begins later if less is kept.
        newest: the last chunk, which gives the track and rate. If nothing is kept, the result is empty and begins at
            its end.
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

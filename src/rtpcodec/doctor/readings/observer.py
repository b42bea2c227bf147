"""Collects the events of a stream, with the time of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from rtpcodec.server import Call
from rtpcodec.stream.events import Audio, CarrierError, Gap, MarkPlayed, PayloadMisfit


def now_ms() -> float:
    """Return the time of the event loop."""
    return asyncio.get_running_loop().time() * 1000


async def passed(seconds: float) -> None:
    """Wait for some seconds."""
    await asyncio.sleep(seconds)


@dataclass(slots=True)
class Observer:
    """The events of one stream. `run` reads until the stream ends."""

    call: Call
    chunks: list[tuple[float, Audio]] = field(default_factory=list)
    """Chunks, each with its time of arrival."""
    marks: dict[str, float] = field(default_factory=dict)
    """When each mark returned, by its name."""
    errors: list[int | None] = field(default_factory=list)
    """Codes of the carrier's errors."""
    lost_ms: float = 0.0
    """Duration of gaps that are not pauses."""
    misfits: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Read the events of the stream to its end."""
        async for event in self.call.events():
            match event:
                case Audio():
                    self.chunks.append((now_ms(), event))
                case MarkPlayed(name=name):
                    self.marks.setdefault(name, now_ms())
                case CarrierError(code=code):
                    self.errors.append(code)
                case Gap(reason="lost" | "carrier", duration_ms=duration_ms):
                    self.lost_ms += duration_ms
                case PayloadMisfit():
                    self.misfits += 1
            self.news.set()
        self.news.set()

    async def has_audio(self, limit_s: float) -> bool:
        """Wait for the first chunk. Returns whether one arrived within the limit and before the end."""
        try:
            async with asyncio.timeout(limit_s):
                while not self.chunks and not self.call.ended:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return False
        return bool(self.chunks)

    async def has_mark(self, name: str, limit_s: float) -> float | None:
        """Wait for a mark. Returns when it arrived; None: not within the limit."""
        try:
            async with asyncio.timeout(limit_s):
                while name not in self.marks and not self.call.ended:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return None
        return self.marks.get(name)

    def pcm(self, track: str, since_ms: float = 0.0) -> tuple[bytes, int]:
        """Return the PCM of a track that arrived since a moment, and its rate; 0: nothing arrived."""
        of_track = [audio for arrived_ms, audio in self.chunks if audio.track == track and arrived_ms >= since_ms]
        rate_hz = of_track[-1].sample_rate_hz if of_track else 0
        return b"".join(audio.pcm for audio in of_track if audio.sample_rate_hz == rate_hz), rate_hz

    def payloads(self, track: str | None = None) -> list[bytes]:
        """Return the payloads of a track, or of all."""
        return [audio.payload for _, audio in self.chunks if track in (None, audio.track)]

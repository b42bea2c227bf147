"""ShapedReader: the audio of one track for a recogniser, as an async iterator."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final, Literal

from rtpcodec.audio.rates import require_rate
from rtpcodec.errors import LocalProtocolError
from rtpcodec.server.loop_access import LoopAccess
from rtpcodec.server.readers.hub import ReaderHub
from rtpcodec.server.readers.reading import AudioReader
from rtpcodec.server.readers.shaping import AudioShaper, ChunkShaper, FrameShaper
from rtpcodec.stream.events import Audio, Overrun
from rtpcodec.stream.session import MediaSession

ROUNDING_MS: Final = 0.001
"""A timer's time in ms may be slightly less than the deadline, because of rounding."""

Fill = Literal["silence"]
"""The replacement of missing audio."""


@dataclass(frozen=True, slots=True)
class AudioShape:
    """The options of one reader. See `Call.audio`."""

    pcm_hz: int | None
    fill: Fill | None
    max_burst_ms: float | None

    def made(self, track: str | None, session: MediaSession, now_ms: float) -> AudioShaper:
        """Return the shaper for the audio of a track (None: of all), from now on. Errors as for `Call.audio`."""
        if self.pcm_hz is not None:
            require_rate("pcm_hz", self.pcm_hz)
            if session.receive_pcm_hz is None:
                raise LocalProtocolError("receive_pcm_hz is None, nothing is decoded: pcm_hz needs PCM")
        burst_ms: object = self.max_burst_ms
        if burst_ms is not None and not (isinstance(burst_ms, int | float) and burst_ms >= 0):
            raise ValueError(f"max_burst_ms is {burst_ms!r}, 0 or more is needed")
        if self.fill is None:
            return ChunkShaper(self.pcm_hz, self.max_burst_ms)
        if self.fill != "silence":
            raise ValueError(f"fill is {self.fill!r}, 'silence' or None is needed")
        if self.pcm_hz is None:
            raise ValueError("fill is 'silence' and pcm_hz is None: silence needs a rate")
        if track is None:
            raise ValueError("fill is 'silence' and track is None: silence needs one track")
        return FrameShaper(track, self.pcm_hz, self.max_burst_ms, now_ms)


class ShapedReader(AudioReader):
    """The audio of one track at one rate, optionally without gaps and with a limit on its speed."""

    __slots__ = ("_session", "_shaper")

    def __init__(self, hub: ReaderHub, track: str | None, access: LoopAccess, shape: AudioShape) -> None:
        self._session = access.pump.machine.session
        self._shaper = shape.made(track, self._session, access.pump.now_ms())
        super().__init__(hub, track, access)

    async def __anext__(self) -> Audio:
        inbox, shaper, time = self._inbox, self._shaper, self._loop.time
        while True:
            now_ms = time() * 1000 + ROUNDING_MS
            while shaper.wants(now_ms) and (event := inbox.pop()) is not None:
                if isinstance(event, Overrun):
                    shaper.dropped(event.dropped_ms)
                elif isinstance(event, Audio):
                    shaper.put(event, now_ms)
            delay_ms = self._session.media_delay_ms
            ended = inbox.ended and not len(inbox.queue)
            audio = shaper.rest(now_ms, delay_ms) if ended and shaper.wants(now_ms) else shaper.take(now_ms, delay_ms)
            if audio is not None:
                return audio
            if ended and shaper.wants(now_ms):
                raise StopAsyncIteration
            deadline_ms = shaper.deadline_ms(now_ms)
            await inbox.wait(None if deadline_ms == inf else deadline_ms)

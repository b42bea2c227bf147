"""Audio for recognisers: one rate, and optionally 50 frames of 20 ms per second. No I/O, no clock.

    inbox ── put ──► FrameShaper or ChunkShaper ── take ──► reader
                        (rate, silence, speed)

Frames follow real time, not media time: while no audio arrives, frames of silence are delivered. Late audio follows
after them, and stays late until a pause in the media or the catch-up limit makes up for it: silence that was already
delivered is not delivered again for a gap.
"""

from __future__ import annotations

from math import inf
from typing import Protocol

from rtpcodec.server.rate_changer import RateChanger
from rtpcodec.server.readers.catch_up import CatchUpLimit
from rtpcodec.server.readers.fill_delay import ROUNDING_MS, FillDelay
from rtpcodec.server.readers.frames import FRAME_MS, FrameCutter
from rtpcodec.stream.event_queue import MAX_AUDIO_MS
from rtpcodec.stream.events import Audio


class AudioShaper(Protocol):
    """Shapes the audio of one reader."""

    def wants(self, now_ms: float) -> bool:
        """Return whether it needs another chunk, and may deliver one now."""

    def put(self, audio: Audio, now_ms: float) -> None:
        """Take a chunk."""

    def dropped(self, duration_ms: float) -> None:
        """Record that audio before the next chunk was dropped."""

    def take(self, now_ms: float, delay_ms: float | None) -> Audio | None:
        """Remove and return audio that is due. delay_ms: the session's clock minus media time; None: unknown."""

    def rest(self, now_ms: float, delay_ms: float | None) -> Audio | None:
        """Remove and return the remaining audio at the end of the stream."""

    def deadline_ms(self, now_ms: float) -> float:
        """Return when to call `take` again, even if no chunk arrives; infinite: never."""


class ChunkShaper:
    """Delivers chunks as they arrive, at one rate, within the catch-up limit."""

    __slots__ = ("_catch_up", "_changers", "_chunk", "_dropped_ms", "_rate_hz")

    def __init__(self, rate_hz: int | None, max_burst_ms: float | None) -> None:
        """Begin empty. rate_hz: of the PCM; None: as received. max_burst_ms: see CatchUpLimit."""
        self._rate_hz = rate_hz
        self._changers: dict[str, RateChanger] = {}  # by track; a session has only a few
        self._catch_up = CatchUpLimit(max_burst_ms)
        self._chunk: Audio | None = None
        self._dropped_ms = 0.0

    def wants(self, now_ms: float) -> bool:
        """Return whether it has no chunk, and may deliver one now."""
        return self._chunk is None and now_ms >= self._catch_up.next_ms

    def put(self, audio: Audio, now_ms: float) -> None:
        """Take a chunk."""
        self._chunk = audio

    def dropped(self, duration_ms: float) -> None:
        """Record that audio before the next chunk was dropped."""
        self._dropped_ms += duration_ms

    def take(self, now_ms: float, delay_ms: float | None) -> Audio | None:
        """Remove and return the chunk, if it is due."""
        chunk = self._chunk
        if chunk is None or now_ms < self._catch_up.next_ms:
            return None
        self._chunk = None
        self._catch_up.handed_over(chunk.duration_ms, now_ms)
        late_ms = _late_ms(chunk.media_ms + chunk.duration_ms, now_ms, delay_ms)
        dropped_ms, self._dropped_ms = self._dropped_ms, 0.0
        if self._rate_hz is None or not chunk.pcm:
            return chunk.handed_over(dropped_ms, late_ms)
        changer = self._changers.get(chunk.track)
        if changer is None:
            changer = self._changers[chunk.track] = RateChanger(self._rate_hz)
        return Audio(
            chunk.track,
            chunk.payload,
            changer.change(chunk.pcm, chunk.sample_rate_hz),
            self._rate_hz,
            chunk.media_ms,
            chunk.duration_ms,
            chunk.chunk,
            chunk.timestamp,
            chunk.concealed,
            dropped_ms,
            late_ms,
        )

    def rest(self, now_ms: float, delay_ms: float | None) -> Audio | None:
        """Return None: no audio remains, because chunks are delivered as a whole."""
        return None

    def deadline_ms(self, now_ms: float) -> float:
        """Return when the catch-up limit allows the next chunk; infinite: now."""
        return self._catch_up.next_ms if self._catch_up.next_ms > now_ms else inf


class FrameShaper:
    """Delivers frames of 20 ms, 50 per second, from its creation on."""

    __slots__ = (
        "_catch_up",
        "_chunk_ms",
        "_cutter",
        "_dropped_ms",
        "_fill_delay",
        "_filled_ms",
        "_filling",
        "_heard_ms",
        "_media_ms",
        "_slot_ms",
        "_track",
    )

    def __init__(self, track: str, rate_hz: int, max_burst_ms: float | None, now_ms: float) -> None:
        """Begin empty.

        Args:
            track: the track of the frames.
            rate_hz: the rate of the PCM, one of the resampler's.
            max_burst_ms: see CatchUpLimit.
            now_ms: the time at which the first frame begins.
        """
        self._track = track
        self._cutter = FrameCutter(rate_hz)
        self._catch_up = CatchUpLimit(max_burst_ms)
        self._fill_delay = FillDelay()
        self._slot_ms = now_ms  # the real time up to which frames were delivered
        self._heard_ms = now_ms  # the same value at the last frame of audio
        self._filling = False  # whether the last frame was silence
        self._media_ms: float | None = None  # the end of the latest audio; None: no audio arrived yet
        self._filled_ms = 0.0  # silence that was delivered since then
        self._chunk_ms = FRAME_MS
        self._dropped_ms = 0.0

    def wants(self, now_ms: float) -> bool:
        """Return whether it has less than a frame, and may deliver one now."""
        return self._cutter.missing_samples > 0 and now_ms >= self._catch_up.next_ms

    def dropped(self, duration_ms: float) -> None:
        """Record that audio before the next chunk was dropped."""
        self._dropped_ms += duration_ms

    def put(self, audio: Audio, now_ms: float) -> None:
        """Take a chunk, and add silence for a gap before it, unless it was already delivered or audio is late."""
        if not audio.pcm:
            return  # not decoded
        cutter, media_ms = self._cutter, self._media_ms
        gap_ms = 0.0 if media_ms is None else audio.media_ms - media_ms
        self._fill_delay.learn(audio, now_ms - self._heard_ms, gap_ms)
        if media_ms is not None and gap_ms >= ROUNDING_MS:
            room_ms = now_ms - self._slot_ms - cutter.waiting_ms - audio.duration_ms
            silence_ms = min(gap_ms - self._filled_ms, room_ms, MAX_AUDIO_MS) // FRAME_MS * FRAME_MS
            if silence_ms > 0:
                cutter.put_silence(round(silence_ms * cutter.rate_hz / 1000), media_ms + self._filled_ms)
        cutter.put(audio.pcm, audio.sample_rate_hz, audio.media_ms, received=not audio.concealed)
        self._media_ms = audio.media_ms + audio.duration_ms
        self._chunk_ms = max(audio.duration_ms, FRAME_MS)
        self._filled_ms = 0.0
        self._filling = False

    def take(self, now_ms: float, delay_ms: float | None) -> Audio | None:
        """Remove and return a frame: of audio if there is one, of silence if it is due."""
        # 1. Does the catch-up limit allow a frame?
        if now_ms < self._catch_up.next_ms:
            return None
        # 2. Is there a frame of audio?
        if self._cutter.missing_samples <= 0:
            # Limited in both directions: a stall and the burst after it must not affect the next pause.
            self._slot_ms = min(max(self._slot_ms + FRAME_MS, now_ms), now_ms + self._chunk_ms)
            self._heard_ms = self._slot_ms
            return self._frame(now_ms, delay_ms)
        # 3. Is silence due?
        if now_ms < self._fill_ms:
            return None
        if self._media_ms is None:
            self._media_ms = 0.0 if delay_ms is None else self._slot_ms - delay_ms
        self._filling = True
        self._pad()
        self._filled_ms += FRAME_MS
        # A reader that did not read for longer gets no silence for that time.
        self._slot_ms = max(self._slot_ms + FRAME_MS, now_ms - MAX_AUDIO_MS)
        return self._frame(now_ms, delay_ms)

    def rest(self, now_ms: float, delay_ms: float | None) -> Audio | None:
        """Remove and return the last frame, padded with silence."""
        if self._cutter.is_empty:
            return None
        self._pad()
        return self._frame(now_ms, delay_ms)

    def deadline_ms(self, now_ms: float) -> float:
        """Return when the catch-up limit allows the next frame, or silence is due."""
        return self._catch_up.next_ms if self._catch_up.next_ms > now_ms else self._fill_ms

    @property
    def _fill_ms(self) -> float:
        """When silence is due. FillDelay only delays the first frame of it; the others make up for the delay."""
        return self._slot_ms + FRAME_MS + (0.0 if self._filling else self._fill_delay.ms)

    def _pad(self) -> None:
        """Complete the next frame with the resampler's tail and silence."""
        self._cutter.put_silence(self._cutter.missing_samples, (self._media_ms or 0.0) + self._filled_ms)

    def _frame(self, now_ms: float, delay_ms: float | None) -> Audio:
        pcm, media_ms, received = self._cutter.cut()
        self._catch_up.handed_over(FRAME_MS, now_ms)
        dropped_ms, self._dropped_ms = self._dropped_ms, 0.0
        return Audio(
            self._track,
            b"",
            pcm,
            self._cutter.rate_hz,
            media_ms,
            FRAME_MS,
            concealed=not received,
            dropped_before_ms=dropped_ms,
            late_ms=_late_ms(media_ms + FRAME_MS, now_ms, delay_ms),
        )


def _late_ms(end_ms: float, now_ms: float, delay_ms: float | None) -> float:
    """Return how far behind real time audio is delivered that ends at a media time."""
    late_ms = 0.0 if delay_ms is None else now_ms - delay_ms - end_ms
    return late_ms if 0.0 < late_ms < inf else 0.0

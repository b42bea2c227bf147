"""Frames of 20 ms at one rate, cut from audio of any rate and length."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from rtpcodec.server.rate_changer import RateChanger

FRAME_MS: Final = 20.0
FRAMES_PER_S: Final = 50


class Frame(NamedTuple):
    """20 ms of PCM."""

    pcm: bytes
    media_ms: float
    """The media time of its first sample."""
    received: bool
    """Whether any of its samples was received. False: all are concealed or silence."""


class FrameCutter:
    """Resamples audio without a seam, and cuts it into frames."""

    __slots__ = ("_changer", "_frames", "_has_tail", "_pieces", "rate_hz", "samples")

    def __init__(self, rate_hz: int) -> None:
        """Begin empty. rate_hz: of the frames, one of the resampler's rates."""
        self.rate_hz = rate_hz
        self.samples = 0
        """Samples that wait."""
        self._changer = RateChanger(rate_hz)
        self._has_tail = False
        self._pieces: deque[Frame] = deque()  # of any length
        self._frames = 0

    def put(self, pcm: bytes, rate_hz: int, media_ms: float, *, received: bool) -> None:
        """Add audio that begins at a media time. received: False if it is concealed."""
        self._append(self._changer.change(pcm, rate_hz), media_ms, received=received)
        self._has_tail = True

    def put_silence(self, samples: int, media_ms: float) -> None:
        """Add silence, which begins with the resampler's tail."""
        self._append((self._tail() + bytes(2 * samples))[: 2 * samples], media_ms, received=False)

    @property
    def waiting_ms(self) -> float:
        """Audio that waits."""
        return self.samples * 1000 / self.rate_hz

    @property
    def missing_samples(self) -> int:
        """Samples that are missing for the next frame; 0 or less: none. At 11025 Hz, frames differ by one sample."""
        at = self._frames % FRAMES_PER_S
        return (at + 1) * self.rate_hz // FRAMES_PER_S - at * self.rate_hz // FRAMES_PER_S - self.samples

    @property
    def is_empty(self) -> bool:
        """Whether neither samples nor a tail are left."""
        return not self.samples and not self._has_tail

    def cut(self) -> Frame:
        """Remove and return the next frame. It must be complete."""
        octets = 2 * (self.missing_samples + self.samples)
        self._frames += 1
        self.samples -= octets // 2
        first = self._pieces[0]
        if len(first.pcm) == octets:
            return self._pieces.popleft()
        parts: list[bytes] = []
        received = False
        while octets:
            pcm, begin_ms, is_received = self._pieces.popleft()
            received |= is_received
            if len(pcm) > octets:
                rest_ms = begin_ms + octets * 500 / self.rate_hz
                self._pieces.appendleft(Frame(pcm[octets:], rest_ms, is_received))
            parts.append(pcm[:octets])
            octets -= len(parts[-1])
        return Frame(b"".join(parts), first.media_ms, received)

    def _append(self, pcm: bytes, media_ms: float, *, received: bool) -> None:
        if pcm:
            self._pieces.append(Frame(pcm, media_ms, received))
            self.samples += len(pcm) // 2

    def _tail(self) -> bytes:
        """Return the resampler's tail, once after each stretch of audio."""
        if not self._has_tail:
            return b""
        self._has_tail = False
        return self._changer.flush()

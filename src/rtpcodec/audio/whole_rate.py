"""Resampling of whole recordings between any two rates; the resampler of streams supports only some rates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.pickling import Live


def at_rate(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """Convert a whole recording.

    Args:
        pcm: native int16 mono PCM.
        from_hz: its rate.
        to_hz: the requested rate, any.

    Returns:
        round(n x to / from) samples, without delay.
    """
    return b"".join(pieces_at_rate(pcm, from_hz, to_hz))


def pieces_at_rate(pcm: bytes, from_hz: int, to_hz: int) -> Iterator[bytes]:
    """Convert a whole recording as `at_rate` does, and yield one second at a time, after some milliseconds of work."""
    second = 2 * from_hz
    if from_hz == to_hz:
        for at in range(0, len(pcm), second):
            yield pcm[at : at + second]
        return
    change = SpectralRate(from_hz, to_hz)
    for at in range(0, len(pcm), second):
        yield from change.pieces(pcm[at : at + second])
    yield from change.rest()


class SpectralRate(Live):
    """Converts a recording of any length piece by piece, without delay. Use from one thread at a time.

    A segment of two seconds has a whole number of samples at both rates, and is converted by its spectrum. Its window
    falls to 0 at both ends, because the spectrum treats a segment as one period of a periodic signal.
    """

    __slots__ = ("_from_hz", "_given", "_overlapping", "_taken", "_to_hz", "_waiting", "_window")

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._from_hz = from_hz
        self._to_hz = to_hz
        self._window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * from_hz) / from_hz)
        self._waiting = bytearray(2 * from_hz)
        """Octets that the next segment needs. The first segment begins one second before the recording."""
        self._overlapping = np.zeros(0)
        """The second half of the last segment, at the requested rate."""
        self._taken = 0
        self._given = 0

    def pieces(self, pcm: bytes) -> Iterator[bytes]:
        """Add native int16 mono PCM, and yield the completed output, one second at a time."""
        self._taken += len(pcm) // 2
        self._waiting += pcm
        while len(self._waiting) >= 4 * self._from_hz:
            yield from self._second(self._to_hz)

    def rest(self) -> Iterator[bytes]:
        """Yield the rest at the end of the recording: the output has round(n x to / from) samples in total."""
        while (left := round(self._taken * self._to_hz / self._from_hz) - self._given) > 0:
            self._waiting += bytes(4 * self._from_hz - len(self._waiting))
            yield from self._second(left)

    def _second(self, limit: int) -> Iterator[bytes]:
        """Convert a segment, and yield its first half added to the overlap; the first segment yields nothing."""
        from_hz, to_hz = self._from_hz, self._to_hz
        segment = np.frombuffer(bytes(self._waiting[: 4 * from_hz]), np.int16)
        del self._waiting[: 2 * from_hz]
        spectrum = np.fft.rfft(segment * self._window)[: min(from_hz, to_hz) + 1]
        turned = np.fft.irfft(spectrum, 2 * to_hz) * (to_hz / from_hz)
        overlapping, self._overlapping = self._overlapping, turned[to_hz:]
        if len(overlapping):
            piece = np.rint(overlapping + turned[:to_hz])[:limit].clip(-32768, 32767).astype(np.int16)
            self._given += len(piece)
            yield piece.tobytes()


def at_streaming_rate(pcm: bytes, rate_hz: int) -> tuple[bytes, int]:
    """Convert a whole recording to a rate that the resampler of streams supports, if necessary.

    Returns:
        Native int16 mono PCM, and its rate: unchanged, or the next higher supported rate, or the highest.
    """
    if rate_hz in RATES_HZ:
        return pcm, rate_hz
    to_hz = next((one for one in RATES_HZ if one > rate_hz), RATES_HZ[-1])
    return at_rate(pcm, rate_hz, to_hz), to_hz

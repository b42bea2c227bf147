"""Whole recordings at another rate: any pair of rates, which the resampler of streams does not have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rtpcodec.kernels.resample import RATES_HZ


def at_rate(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """Convert a whole recording.

    pcm: native int16 mono PCM.
    from_hz: its rate.
    to_hz: the rate wanted, any.
    Returns: round(n x to / from) samples, without delay.
    """
    return b"".join(pieces_at_rate(pcm, from_hz, to_hz))


def pieces_at_rate(pcm: bytes, from_hz: int, to_hz: int) -> Iterator[bytes]:
    """Convert a whole recording as `at_rate` does, and yield a second at a time: milliseconds of work each.

    A segment of whole seconds has a whole number of samples at either rate, and is converted by its spectrum. Its
    window falls to 0 at both ends: the spectrum takes a segment for one period of many, so silence meets silence.
    """
    samples = np.frombuffer(pcm, np.int16)
    if from_hz == to_hz:
        for at in range(0, len(samples), from_hz):
            yield pcm[2 * at : 2 * (at + from_hz)]
        return
    window = 0.5 - 0.5 * np.cos(np.pi * np.arange(2 * from_hz) / from_hz)
    left = round(len(samples) * to_hz / from_hz)
    # The first segment begins one second before the recording.
    begins, overlapping = -from_hz, None
    while left > 0:
        segment = np.zeros(2 * from_hz)
        found = samples[max(0, begins) : begins + 2 * from_hz]
        segment[max(0, -begins) :][: len(found)] = found
        spectrum = np.fft.rfft(segment * window)[: min(from_hz, to_hz) + 1]
        turned = np.fft.irfft(spectrum, 2 * to_hz) * (to_hz / from_hz)
        if overlapping is not None:
            piece = np.rint(overlapping + turned[:to_hz])[:left].clip(-32768, 32767).astype(np.int16)
            left -= len(piece)
            yield piece.tobytes()
        begins, overlapping = begins + from_hz, turned[to_hz:]


def at_streaming_rate(pcm: bytes, rate_hz: int) -> tuple[bytes, int]:
    """Convert a whole recording to a rate that the resampler of streams has, if its own is not one of them.

    Returns: native int16 mono PCM, and its rate: the next higher one, at most the highest.
    """
    if rate_hz in RATES_HZ:
        return pcm, rate_hz
    to_hz = next((one for one in RATES_HZ if one > rate_hz), RATES_HZ[-1])
    return at_rate(pcm, rate_hz, to_hz), to_hz

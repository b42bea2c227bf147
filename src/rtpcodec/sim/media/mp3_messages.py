"""The app's media messages in mode mp3: whole files of any rate, decoded and brought to the play-out's."""

from __future__ import annotations

from typing import Final

import numpy as np

from rtpcodec.audio import mp3
from rtpcodec.carriers.telnyx.errors import INVALID_MEDIA, RATE_LIMIT_REACHED
from rtpcodec.carriers.telnyx.streaming import MP3_INTERVAL_MS
from rtpcodec.sim.media.formats import Mp3Format
from rtpcodec.sim.media.stream_errors import RefusedMessage

_EDGE_S: Final = 0.05  # of silence behind a file, so that its end does not ring into its beginning


class ReturnedMp3:
    """Whole files, at most one per second."""

    __slots__ = ("_next_ms", "_sample_rate_hz")

    def __init__(self, returned: Mp3Format) -> None:
        self._sample_rate_hz = returned.sample_rate_hz
        self._next_ms = float("-inf")

    def pcm_of(self, payload: bytes, now_ms: float) -> bytes:
        """All of a file, however many are glued together in it."""
        if now_ms < self._next_ms:
            raise RefusedMessage(RATE_LIMIT_REACHED, "at most one media message a second is taken in mode mp3")
        self._next_ms = now_ms + MP3_INTERVAL_MS
        try:
            parts = mp3.decode_parts(payload)
        except ValueError as error:
            raise RefusedMessage(INVALID_MEDIA, str(error)) from None
        return b"".join(at_rate(pcm, rate_hz, self._sample_rate_hz) for pcm, rate_hz in parts)


def at_rate(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """All of a recording at another rate, by its spectrum: any pair of rates, which a stream's resampler has not."""
    if from_hz == to_hz or not pcm:
        return pcm
    samples = np.frombuffer(pcm, np.int16)
    step = from_hz // int(np.gcd(from_hz, to_hz))
    padded = -(-(len(samples) + round(_EDGE_S * from_hz)) // step) * step
    wanted = padded * to_hz // from_hz
    spectrum = np.fft.rfft(samples, padded)[: wanted // 2 + 1]
    turned = np.fft.irfft(spectrum, wanted) * (wanted / padded)
    count = round(len(samples) * to_hz / from_hz)
    return np.rint(turned[:count]).clip(-32768, 32767).astype(np.int16).tobytes()

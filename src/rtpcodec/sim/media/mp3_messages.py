"""The app's media messages in mode mp3: whole files of any rate, decoded and resampled to that of the play-out."""

from __future__ import annotations

from rtpcodec.audio import mp3
from rtpcodec.audio.whole_rate import at_rate
from rtpcodec.carriers.telnyx.errors import INVALID_MEDIA, RATE_LIMIT_REACHED
from rtpcodec.carriers.telnyx.streaming import MP3_INTERVAL_MS
from rtpcodec.sim.media.formats import Mp3Format
from rtpcodec.sim.media.stream_errors import RefusedMessage


class ReturnedMp3:
    """Whole files, at most one per second."""

    __slots__ = ("_next_ms", "_sample_rate_hz")

    def __init__(self, returned: Mp3Format) -> None:
        self._sample_rate_hz = returned.sample_rate_hz
        self._next_ms = float("-inf")

    def pcm_of(self, payload: bytes, now_ms: float) -> bytes:
        """Decode a payload, which may hold several files."""
        if now_ms < self._next_ms:
            raise RefusedMessage(RATE_LIMIT_REACHED, "at most one media message a second is taken in mode mp3")
        self._next_ms = now_ms + MP3_INTERVAL_MS
        try:
            parts = mp3.decode_parts(payload)
        except ValueError as error:
            raise RefusedMessage(INVALID_MEDIA, str(error)) from None
        return b"".join(at_rate(pcm, rate_hz, self._sample_rate_hz) for pcm, rate_hz in parts)

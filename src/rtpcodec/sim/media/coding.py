"""Chunks of PCM to the payloads that the app gets, and what readers of the app's media messages have in common."""

from __future__ import annotations

from typing import Final, Protocol

from rtpcodec.codecs.info import FrameEncoder
from rtpcodec.sim.media.formats import AudioFormat

MALFORMED_FRAME: Final = (100003, "malformed_frame")
INVALID_MEDIA: Final = (100004, "invalid_media")
RATE_LIMIT_REACHED: Final = (100005, "rate_limit_reached")
"""Codes and titles of what the carrier complains about (media streaming, section 5.7)."""


class RefusedMedia(Exception):
    """A media message that is answered with an error."""

    def __init__(self, error: tuple[int, str], detail: str) -> None:
        super().__init__(detail)
        self.error = error


class Returned(Protocol):
    """Reads the app's media messages, one after the other."""

    def pcm_of(self, payload: bytes, now_ms: float) -> bytes:
        """PCM at the play-out's rate. RefusedMedia."""


class ChunkEncoder:
    """Makes one payload of each chunk."""

    __slots__ = ("_encoder", "_frame_octets", "_payloads")

    def __init__(self, media: AudioFormat, chunk_ms: int) -> None:
        encoder = media.encoder(chunk_ms)
        self._encoder = encoder
        self._payloads = media.payloads()
        self._frame_octets = 2 * encoder.frame_samples if isinstance(encoder, FrameEncoder) else None

    def payload(self, pcm: bytes) -> bytes:
        """The payload of one chunk, which may hold several frames."""
        size = self._frame_octets or max(1, len(pcm))
        return self._payloads.payload([self._encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm), size)])

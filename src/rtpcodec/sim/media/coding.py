"""Encodes chunks of PCM to the payloads for the app."""

from __future__ import annotations

from rtpcodec.codecs.info import FrameEncoder
from rtpcodec.sim.media.formats import AudioFormat


class ChunkEncoder:
    """Makes one payload per chunk."""

    __slots__ = ("_encoder", "_frame_octets", "_payloads")

    def __init__(self, media: AudioFormat, chunk_ms: int) -> None:
        encoder = media.encoder(chunk_ms)
        self._encoder = encoder
        self._payloads = media.payloads()
        self._frame_octets = 2 * encoder.frame_samples if isinstance(encoder, FrameEncoder) else None

    def payload(self, pcm: bytes) -> bytes:
        """Make the payload of one chunk, which may hold several frames."""
        size = self._frame_octets or max(1, len(pcm))
        return self._payloads.payload([self._encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm), size)])

"""RTP headers in front of payloads: the documents exclude them, and some carriers send them nevertheless."""

from __future__ import annotations

import zlib
from typing import Final

from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.profile import STATIC_PAYLOAD_TYPES, rtpmap_of
from rtpcodec.sim.media.formats import AudioFormat

DYNAMIC_PAYLOAD_TYPE: Final = 96
"""Payload type of codecs without a static one (RFC 3551 section 6)."""


class RtpHeaders:
    """Headers of one track; sequence number and timestamp begin at 0."""

    __slots__ = ("_payload_type", "_sequence_number", "_ssrc", "_ticks_per_chunk", "_timestamp")

    def __init__(self, media: AudioFormat, chunk_ms: int, source: str) -> None:
        self._ssrc = zlib.crc32(source.encode())
        self._sequence_number = 0
        self._timestamp = 0
        self.change(media, chunk_ms)

    def change(self, media: AudioFormat, chunk_ms: int) -> None:
        """Continue with chunks of another format."""
        rtpmap = rtpmap_of(media.info, media.sample_rate_hz)
        static = (number for number, known in STATIC_PAYLOAD_TYPES.items() if known == rtpmap)
        self._payload_type = next(static, DYNAMIC_PAYLOAD_TYPE)
        self._ticks_per_chunk = rtpmap.rtp_clock_hz * chunk_ms // 1000

    def skip(self) -> None:
        """Skip the numbers of one chunk that is not sent."""
        self._timestamp += self._ticks_per_chunk

    def packet(self, payload: bytes) -> bytes:
        """Build the packet of the next chunk."""
        packet = RtpPacket(
            payload_type=self._payload_type,
            sequence_number=self._sequence_number & 0xFFFF,
            timestamp=self._timestamp & 0xFFFF_FFFF,
            ssrc=self._ssrc,
            payload=payload,
        )
        self._sequence_number += 1
        self._timestamp += self._ticks_per_chunk
        return packet.build()

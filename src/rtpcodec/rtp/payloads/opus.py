"""Payloads of OPUS: exactly one packet each (RFC 7587 section 4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from typing_extensions import Buffer

from rtpcodec.codecs.opus_packet import duration_ticks
from rtpcodec.errors import PayloadError


class OpusFormat:
    """A payload is a packet; what a packet may be is RFC 6716 section 3.4."""

    __slots__ = ()

    def frames(self, payload: Buffer, /) -> list[bytes]:
        """The packet. PayloadError: it is none."""
        packet = bytes(memoryview(payload))
        duration_ticks(packet)
        return [packet]

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        """The packet as a payload. PayloadError: it is none, or there is not exactly one."""
        if len(frames) != 1:
            raise PayloadError(f"OPUS payload of {len(frames)} packets, exactly 1 is needed (RFC 7587 section 4.2)")
        duration_ticks(frames[0])
        return bytes(frames[0])

    def ticks(self, payload: Buffer, /) -> int:
        """Duration by the RTP clock of 48000 Hz (RFC 7587 section 4.1). PayloadError: it is no packet."""
        return duration_ticks(payload)

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        """The packet alone, it is never cut (RFC 7587 section 4.2). PayloadError: it is none, or longer."""
        duration_ticks(payload)
        if len(payload) > max_octets:
            raise PayloadError(f"OPUS packet has {len(payload)} octets, it cannot be cut to {max_octets}")
        yield payload, 0

    def __repr__(self) -> str:
        return "<OpusFormat>"

"""Payloads of OPUS: exactly one packet per payload (RFC 7587 section 4.2).

The packet begins with its TOC octet (RFC 6716 section 3.1); `codecs/opus_packet` parses it:

     0 1 2 3 4 5 6 7
    | config  |s| c |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from typing_extensions import Buffer

from rtpcodec.codecs.opus_packet import duration_ticks
from rtpcodec.errors import PayloadError


class OpusFormat:
    """Payload format of OPUS: a payload is one packet, checked by RFC 6716 section 3.4."""

    __slots__ = ()

    def frames(self, payload: Buffer, /) -> list[bytes]:
        """Return the packet. PayloadError: not a valid OPUS packet."""
        packet = bytes(memoryview(payload))
        duration_ticks(packet)
        return [packet]

    def payload(self, frames: Sequence[bytes], /) -> bytes:
        """Return the packet as a payload. PayloadError: not a valid OPUS packet, or not exactly one packet."""
        if len(frames) != 1:
            raise PayloadError(f"OPUS payload of {len(frames)} packets, exactly 1 is needed (RFC 7587 section 4.2)")
        duration_ticks(frames[0])
        return bytes(frames[0])

    def ticks(self, payload: Buffer, /) -> int:
        """Return the duration in ticks of 48000 Hz (RFC 7587 section 4.1). PayloadError: not a valid packet."""
        return duration_ticks(payload)

    def split(self, payload: bytes, max_octets: int, /) -> Iterator[tuple[bytes, int]]:
        """Yield the whole packet (RFC 7587 section 4.2). PayloadError: an invalid packet, or longer than max_octets."""
        duration_ticks(payload)
        if len(payload) > max_octets:
            raise PayloadError(f"OPUS packet has {len(payload)} octets, it cannot be cut to {max_octets}")
        yield payload, 0

    def __repr__(self) -> str:
        return "<OpusFormat>"

"""The messages of one direction as RTP packets: derived headers, and payloads in the form of RTP."""

from __future__ import annotations

from array import array
from typing import Final

from rtpcodec.codecs import CodecInfo
from rtpcodec.errors import PayloadError
from rtpcodec.pickling import Live
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.packetizer import Packetizer
from rtpcodec.rtp.payloads import PayloadFormat, payload_format
from rtpcodec.rtp.profile import DYNAMIC_PAYLOAD_TYPES, STATIC_PAYLOAD_TYPES, rtpmap_of

MAX_PACKET_OCTETS: Final = 60_000
"""Limit on one packet: a message is one packet if it fits into one datagram."""


class PayloadTypes:
    """The payload types of one call: static types of RFC 3551 section 6, otherwise the next dynamic type."""

    __slots__ = ("_by_name",)

    def __init__(self) -> None:
        self._by_name: dict[str, int] = {}

    def of(self, info: CodecInfo, rate_hz: int) -> int:
        """Return the payload type of a codec at a rate of its PCM."""
        rtpmap = rtpmap_of(info, rate_hz)
        for payload_type, static in STATIC_PAYLOAD_TYPES.items():
            if static == rtpmap:
                return payload_type
        return self._by_name.setdefault(str(rtpmap), DYNAMIC_PAYLOAD_TYPES[len(self._by_name)])

    def attributes(self, info: CodecInfo, rate_hz: int) -> list[str]:
        """Return the SDP lines that describe the payload type."""
        payload_type = self.of(info, rate_hz)
        lines = [f"a=rtpmap:{payload_type} {rtpmap_of(info, rate_hz)}"]
        return [*lines, f"a=fmtp:{payload_type} octet-align=1"] if _has_packings(info) else lines


class RtpStream(Live):
    """Makes the packets of one direction. Use from one thread at a time."""

    __slots__ = ("_payloads", "_repacked", "_swapped", "clock_hz", "packetizer")

    def __init__(
        self, info: CodecInfo, rate_hz: int, payloads: PayloadFormat, types: PayloadTypes, *, ssrc: int, swapped: bool
    ) -> None:
        """Make the stream of one direction.

        Args:
            info, rate_hz: The codec, and the rate of its PCM.
            payloads: The payload format of the messages.
            types: The payload types of the call.
            ssrc: The SSRC of the stream.
            swapped: Whether samples of L16 are little-endian, while RTP needs big-endian (RFC 3551 section 4.5.11).
        """
        self._payloads = payloads
        self._swapped = swapped
        self.clock_hz = info.rtp_clock_hz(rate_hz)
        """Ticks of timestamps per second."""
        options = {"packing": "octet-aligned"} if _has_packings(info) else {}
        written = payload_format(info, rate_hz, **options)
        self._repacked = written if options else None
        self.packetizer = Packetizer(
            written,
            types.of(info, rate_hz),
            sequence_number=0,
            timestamp=0,
            ssrc=ssrc,
            max_octets=MAX_PACKET_OCTETS,
        )

    def packets(self, payload: bytes) -> list[RtpPacket]:
        """Return the packets of a message: one, unless it is longer than a datagram.

        A payload that is not valid in the codec is not changed, and the timestamp does not advance.
        """
        try:
            if self._repacked is not None:
                payload = self._repacked.payload(self._payloads.frames(payload))
            elif self._swapped and len(payload) % 2 == 0:
                payload = _other_order(payload)
            return self.packetizer.packetize(payload)
        except PayloadError:
            return [self.packetizer.packet(payload[:MAX_PACKET_OCTETS])]

    def ticks(self, duration_ms: float) -> int:
        """Return a duration in ticks, rounded."""
        return round(duration_ms * self.clock_hz / 1000)


def _has_packings(info: CodecInfo) -> bool:
    """Return whether payloads of a codec have several packings, of which the octet-aligned one is written."""
    return any(setting.keyword == "packing" for setting in info.payload_settings)


def _other_order(payload: bytes) -> bytes:
    samples = array("h", payload)
    samples.byteswap()
    return samples.tobytes()

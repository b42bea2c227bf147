"""Payloads of one stream to packets: sequence numbers, timestamps and the marker of talk spurts."""

from __future__ import annotations

from random import Random, SystemRandom

from rtpcodec.pickling import Value
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.payloads.format import PayloadFormat

MAX_OCTETS = 1200
"""Octets of a payload that need no IP fragments on any usual path: below 1280, the least MTU of IPv6, minus the
headers of IPv6, UDP, RTP and a tunnel."""


class Packetizer(Value):
    """Numbers and timestamps the packets of one outgoing stream. Use from one thread at a time.

    Timestamps count ticks of the format's RTP clock; a payload begins where the one before it ended. The marker is set
    on the first packet and on the first one after silence (RFC 3551 section 4.1), never on a fragment as such.

    >>> g722 = Packetizer(payload_format(codec("G722")), 9, sequence_number=65535, timestamp=0, ssrc=1)
    >>> [(p.sequence_number, p.timestamp, p.marker) for _ in range(2) for p in g722.packetize(bytes(160))]
    [(65535, 0, True), (0, 160, False)]
    """

    __slots__ = ("_format", "_max_octets", "_talk_spurt_begins", "payload_type", "sequence_number", "ssrc", "timestamp")

    sequence_number: int
    """Sequence number of the next packet."""
    timestamp: int
    """Timestamp of the next payload."""

    def __init__(
        self,
        payload_format: PayloadFormat,
        payload_type: int,
        *,
        sequence_number: int | None = None,
        timestamp: int | None = None,
        ssrc: int | None = None,
        random: Random | None = None,
        max_octets: int = MAX_OCTETS,
    ) -> None:
        """Start a stream.

        Args:
            payload_format: format of the payloads.
            payload_type: payload type of the packets, 0 to 127.
            sequence_number: first sequence number; by default random (RFC 3550 section 5.1).
            timestamp: first timestamp; by default random.
            ssrc: source of the stream; by default random.
            random: generator of the random values; by default the system's.
            max_octets: greatest payload of a packet, in octets; longer payloads are split.
        """
        source = SystemRandom() if random is None else random
        self._format = payload_format
        self._max_octets = max_octets
        self._talk_spurt_begins = True
        self.payload_type = payload_type
        self.sequence_number = source.getrandbits(16) if sequence_number is None else sequence_number
        self.timestamp = source.getrandbits(32) if timestamp is None else timestamp
        self.ssrc = source.getrandbits(32) if ssrc is None else ssrc

    def packetize(self, payload: bytes) -> list[RtpPacket]:
        """Return the packets of a payload: one, or several if it is longer than max_octets, each with its timestamp.

        Raises:
            PayloadError: not a valid payload of this format, or it cannot be split into pieces of max_octets. The
                stream is unchanged.
        """
        ticks = self._format.ticks(payload)
        # Split before the first packet is built, so that an error leaves the stream unchanged.
        whole = len(payload) <= self._max_octets
        pieces = [(payload, 0)] if whole else list(self._format.split(payload, self._max_octets))
        packets = [self.packet(piece, timestamp=self.timestamp + offset) for piece, offset in pieces]
        self.advance(ticks)
        return packets

    def silence(self, ticks: int = 0) -> None:
        """Advance the timestamp without a packet, and begin a talk spurt. With 0 ticks it begins without a pause."""
        self.advance(ticks)
        self._talk_spurt_begins = True

    def packet(
        self,
        payload: bytes,
        *,
        payload_type: int | None = None,
        timestamp: int | None = None,
        marker: bool | None = None,
    ) -> RtpPacket:
        """Return one packet with the next sequence number, for payloads with other rules: events, comfort noise.

        The stream's timestamp does not advance.

        Args:
            payload: octets of the payload, which are not checked.
            payload_type: by default that of the stream.
            timestamp: by default that of the next payload.
            marker: by default True at the begin of a talk spurt. An explicit marker does not begin or end one.
        """
        if marker is None:
            marker, self._talk_spurt_begins = self._talk_spurt_begins, False
        packet = RtpPacket(
            payload_type=self.payload_type if payload_type is None else payload_type,
            sequence_number=self.sequence_number,
            timestamp=(self.timestamp if timestamp is None else timestamp) & 0xFFFF_FFFF,
            ssrc=self.ssrc,
            payload=payload,
            marker=marker,
        )
        self.sequence_number = (self.sequence_number + 1) & 0xFFFF
        return packet

    def advance(self, ticks: int) -> None:
        """Advance the timestamp, because time passes in the stream."""
        self.timestamp = (self.timestamp + ticks) & 0xFFFF_FFFF

    def __repr__(self) -> str:
        return (
            f"<Packetizer payload type {self.payload_type}, ssrc 0x{self.ssrc:08X}, next sequence number "
            f"{self.sequence_number}, timestamp {self.timestamp}>"
        )

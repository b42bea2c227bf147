"""Payloads of one stream into packets: numbers, timestamps and the marker of talk spurts."""

from __future__ import annotations

from random import Random, SystemRandom

from rtpcodec.pickling import Value
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.payloads.format import PayloadFormat

MAX_OCTETS = 1200
"""Octets of a payload that pass every usual path without IP fragments: below 1280, the least MTU of IPv6, with room for
the headers of IPv6, UDP, RTP and a tunnel."""


class Packetizer(Value):
    """One stream that is sent. Timestamps count ticks of the format's RTP clock; a payload begins where one ended.

    sequence_number, timestamp and ssrc start at random (RFC 3550 section 5.1), from `random`, or where they are given.
    The marker is set on the first packet and on the first after silence, never by a packet's place in a payload.

    >>> g722 = Packetizer(payload_format(codec("G722")), 9, sequence_number=65535, timestamp=0, ssrc=1)
    >>> [(p.sequence_number, p.timestamp, p.marker) for _ in range(2) for p in g722.packetize(bytes(160))]
    [(65535, 0, True), (0, 160, False)]
    """

    __slots__ = ("_format", "_max_octets", "_talk_spurt_begins", "payload_type", "sequence_number", "ssrc", "timestamp")

    sequence_number: int
    """Of the next packet."""
    timestamp: int
    """Of the next payload."""

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
        source = SystemRandom() if random is None else random
        self._format = payload_format
        self._max_octets = max_octets
        self._talk_spurt_begins = True
        self.payload_type = payload_type
        self.sequence_number = source.getrandbits(16) if sequence_number is None else sequence_number
        self.timestamp = source.getrandbits(32) if timestamp is None else timestamp
        self.ssrc = source.getrandbits(32) if ssrc is None else ssrc

    def packetize(self, payload: bytes) -> list[RtpPacket]:
        """The packets of a payload: one, or several where it is longer than max_octets, each with its own timestamp.

        PayloadError: no payload of this format, or one that cannot be cut so small.
        """
        ticks = self._format.ticks(payload)
        # All are cut before the first packet is made: a refusal leaves the stream as it was.
        whole = len(payload) <= self._max_octets
        pieces = [(payload, 0)] if whole else list(self._format.split(payload, self._max_octets))
        packets = [self.packet(piece, timestamp=self.timestamp + offset) for piece, offset in pieces]
        self.advance(ticks)
        return packets

    def silence(self, ticks: int = 0) -> None:
        """Nothing is sent for so many ticks; what follows is a talk spurt. 0 marks one without a pause."""
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
        """One packet with the next sequence number, for what has its own rules: events, comfort noise.

        Arguments that are None are those of the stream. The timestamp stays. An explicit marker does not start or end a
        talk spurt.
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
        """Time that passes in the stream."""
        self.timestamp = (self.timestamp + ticks) & 0xFFFF_FFFF

    def __repr__(self) -> str:
        return (
            f"<Packetizer payload type {self.payload_type}, ssrc 0x{self.ssrc:08X}, next sequence number "
            f"{self.sequence_number}, timestamp {self.timestamp}>"
        )

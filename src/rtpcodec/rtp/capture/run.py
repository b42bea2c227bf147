"""Runs of ordinary packets: each is recognised by its first octets, and several are decoded at once.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |V=2|P|X|  CC   |M|     PT      |       sequence number         |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                           timestamp                           |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

These 8 octets (RFC 3550 section 5.1) are the head, as one number. The next packet of a run has the next sequence
number, the timestamp at the end of the audio so far, the same length, and neither padding, extension, CSRCs nor marker.
"""

from __future__ import annotations

import struct
from typing import Final

from rtpcodec.pickling import Live
from rtpcodec.rtp.packet import RtpPacket

FIXED_HEADER: Final = struct.Struct(">QI")
"""The head and the SSRC."""
CLOSED: Final = -1
"""A head that a packet cannot have."""
PLAIN_OCTET: Final = 0x80
"""The first octet: version 2, all other bits 0."""


class Run(Live):
    """The packets of a run that are not decoded yet. Use from one thread at a time."""

    __slots__ = ("datagrams", "head", "heard_ns", "octets", "room", "shift_ns", "step", "stride", "taken", "times_ns")

    def __init__(self, shift_ns: int) -> None:
        """Create a closed run.

        shift_ns is the difference between a place on the track and the time of arrival.
        """
        self.shift_ns = shift_ns
        self.heard_ns = 0
        """When the last packet of the stream was captured, without those that wait here."""
        self.head = CLOSED
        """The head of the packet that continues the run."""
        self.octets = 0
        """The length of each datagram."""
        self.step = 0
        """The difference between two timestamps."""
        self.stride = 0
        """The difference between two heads."""
        self.room = 0
        """The number of packets decoded at once."""
        self.taken = 0
        """The number of packets taken from the run."""
        self.datagrams: list[bytes] = []
        self.times_ns: list[int] = []

    @property
    def packets(self) -> int:
        """The number of packets so far."""
        return self.taken + len(self.times_ns)

    @property
    def is_open(self) -> bool:
        """Whether a packet can continue the run."""
        return self.head != CLOSED

    def open(self, packet: RtpPacket, step: int, room: int) -> None:
        """Continue after a packet, unless its number or timestamp wraps in the next ones.

        Args:
            packet: the last decoded packet.
            step: ticks from its timestamp to the next one.
            room: how many of the next packets are decoded at once.
        """
        number, timestamp = packet.sequence_number, packet.timestamp
        if number + room > 0xFFFF or timestamp + room * step > 0xFFFF_FFFF:
            self.head = CLOSED
            return
        self.step, self.room = step, room
        self.octets = FIXED_HEADER.size + len(packet.payload)
        self.stride = (1 << 32) + step
        front = PLAIN_OCTET << 8 | packet.payload_type
        self.head = (front << 48 | number << 32 | timestamp) + self.stride

    def take(self) -> tuple[list[bytes], list[int]]:
        """Remove and return the waiting datagrams and their times of capture."""
        taken = self.datagrams, self.times_ns
        self.taken += len(self.times_ns)
        self.datagrams, self.times_ns = [], []
        return taken

"""Ordinary packets of one stream in a row: each is known by its first octets, and several are played at once.

     0                   1                   2                   3
     0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |V=2|P|X|  CC   |M|     PT      |       sequence number         |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
    |                           timestamp                           |
    +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

These 8 octets of RFC 3550 section 5.1 are the head, as one number. The next packet of a run has the next sequence
number, the timestamp right behind the audio so far, the same length, and neither padding, extension, CSRCs nor marker.
"""

from __future__ import annotations

import struct
from typing import Final

from rtpcodec.pickling import Live
from rtpcodec.rtp.packet import RtpPacket

FIXED_HEADER: Final = struct.Struct(">QI")
"""The head and the SSRC."""
CLOSED: Final = -1
"""The head that no packet has."""
PLAIN_OCTET: Final = 0x80
"""The first octet: version 2 and nothing else."""


class Run(Live):
    """Packets of a run that were not played yet. Use from one thread at a time."""

    __slots__ = ("datagrams", "head", "heard_ns", "octets", "room", "shift_ns", "step", "stride", "taken", "times_ns")

    def __init__(self, shift_ns: int) -> None:
        """Make a closed run.

        shift_ns: what must be added to an arrival to get its place on the track.
        """
        self.shift_ns = shift_ns
        self.heard_ns = 0
        """When the last packet of the stream was captured, those that wait here not among them."""
        self.head = CLOSED
        """Of the packet that continues the run."""
        self.octets = 0
        """Of each datagram."""
        self.step = 0
        """From timestamp to timestamp."""
        self.stride = 0
        """From head to head."""
        self.room = 0
        """So many packets are played at once."""
        self.taken = 0
        """Packets that were taken from it."""
        self.datagrams: list[bytes] = []
        self.times_ns: list[int] = []

    @property
    def packets(self) -> int:
        """Packets that came into it so far."""
        return self.taken + len(self.times_ns)

    @property
    def is_open(self) -> bool:
        """Whether a packet can continue it."""
        return self.head != CLOSED

    def open(self, packet: RtpPacket, step: int, room: int) -> None:
        """Continue behind a packet, unless its numbers wrap in the next ones.

        packet: the last one that was played.
        step: from its timestamp to the next one.
        room: how many of the next ones are played at once.
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
        """Remove and return the datagrams that wait, and their times of capture."""
        taken = self.datagrams, self.times_ns
        self.taken += len(self.times_ns)
        self.datagrams, self.times_ns = [], []
        return taken

"""Decides whether datagrams that look like RTP are a stream: payload types, numbers and timestamps must agree.

A single datagram proves nothing, because a quarter of all random ones have RTP's version. Several with one SSRC and
address pair, whose sequence numbers and timestamps advance together, are a stream (RFC 3550 appendix A.1 requires two).
"""

from __future__ import annotations

from typing import Final

from rtpcodec.errors import PacketError
from rtpcodec.rtp.capture._counters import StreamKey
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.payloads.telephone_event import EVENT_OCTETS
from rtpcodec.rtp.sequence import sequence_distance, timestamp_distance

MIN_PACKETS: Final = 3
"""Packets in a row that must fit each other. Other protocols have counters too, but not two and a constant SSRC."""
MAX_DATAGRAMS: Final = 64
"""Limit per candidate. If it is not a stream by then, as with a repeated packet, it is replaced by the next
datagram."""
MAX_STEP: Final = 50
"""Limit of missing packets between two packets: a second of speech."""
MAX_TICKS: Final = 1 << 27
"""Limit between two packets, 46 minutes at 48000 Hz. After a longer pause the candidate starts again."""
MAX_CANDIDATES: Final = 4096
MAX_CANDIDATE_OCTETS: Final = 16 << 20
"""Limit of the candidates' datagrams; beyond either limit the oldest candidate is dropped. This bounds the memory in a
flood of random datagrams, each of which is a new candidate."""
MUXED_WITH_RTCP: Final = range(64, 96)
"""Payload types that RTP does not use, because with the marker they would be RTCP (RFC 5761 section 4)."""


class Candidate:
    """Datagrams that may be the begin of a stream."""

    __slots__ = ("_fitting", "datagrams", "octets", "packet")

    def __init__(self, datagram: Datagram, packet: RtpPacket) -> None:
        self.datagrams = [datagram]
        self.packet = packet
        """The packet with the highest number."""
        self.octets = len(datagram.payload)
        self._fitting = 1

    def take(self, datagram: Datagram, packet: RtpPacket) -> bool:
        """Add a datagram. False: it does not fit the others."""
        ahead = sequence_distance(self.packet.sequence_number, packet.sequence_number)
        ticks = timestamp_distance(self.packet.timestamp, packet.timestamp)
        if len(self.datagrams) == MAX_DATAGRAMS or (ahead == 0 and datagram.payload != self.datagrams[-1].payload):
            return False
        if abs(ahead) > MAX_STEP or abs(ticks) > MAX_TICKS or ahead * ticks < 0:
            return False
        # A repeated packet proves nothing and contradicts nothing.
        self._fitting += ahead != 0
        self.datagrams.append(datagram)
        self.octets += len(datagram.payload)
        if ahead > 0:
            self.packet = packet
        return True

    @property
    def is_stream(self) -> bool:
        """Whether enough datagrams fit each other."""
        if self._fitting < MIN_PACKETS:
            return False
        timestamps = {datagram.payload[4:8] for datagram in self.datagrams}
        # All packets of a key press have one timestamp; packets of audio and of several video frames do not.
        return len(timestamps) > 1 or self.packet.payload_octets == EVENT_OCTETS


class Candidates:
    """All candidates, in bounded memory."""

    __slots__ = ("_candidates", "_octets")

    def __init__(self) -> None:
        self._candidates: dict[StreamKey, Candidate] = {}
        self._octets = 0

    def take(self, key: StreamKey, datagram: Datagram, *, is_announced: bool) -> list[Datagram] | None:
        """Return the datagrams of a stream that this one confirms; None: it is not confirmed yet.

        Args:
            key: addresses and SSRC of the datagram.
            datagram: datagram with RTP's version.
            is_announced: whether signalling has announced RTP at its destination, so that one packet suffices.

        Raises:
            PacketError: it is not RTP.
        """
        packet = RtpPacket.parse(datagram.payload)
        if packet.payload_type in MUXED_WITH_RTCP:
            raise PacketError(f"payload type is {packet.payload_type}, 64 to 95 are left to RTCP (RFC 5761 section 4)")
        candidate = self._candidates.pop(key, None)
        if candidate is not None:
            self._octets -= candidate.octets
        if candidate is None or not candidate.take(datagram, packet):
            candidate = Candidate(datagram, packet)
        if is_announced or candidate.is_stream:
            return candidate.datagrams
        self._keep(key, candidate)
        return None

    def _keep(self, key: StreamKey, candidate: Candidate) -> None:
        self._candidates[key] = candidate
        self._octets += candidate.octets
        while len(self._candidates) > MAX_CANDIDATES or self._octets > MAX_CANDIDATE_OCTETS:
            oldest = next(iter(self._candidates))
            self._octets -= self._candidates.pop(oldest).octets

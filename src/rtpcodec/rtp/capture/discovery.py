"""Finds the RTP streams of a capture without signalling, in one pass and bounded memory (docs/captured-streams.md)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import BinaryIO, Final, cast

from rtpcodec.errors import PacketError
from rtpcodec.rtp.capture._counters import StreamCounters, StreamKey
from rtpcodec.rtp.capture.candidates import Candidates
from rtpcodec.rtp.capture.codec_choice import given_codecs
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.pairing import DialogPart, PlacedStream, paired_calls
from rtpcodec.rtp.capture.reading import open_packets
from rtpcodec.rtp.capture.report import CaptureReport, DatagramCounts, StreamCodec
from rtpcodec.rtp.capture.rtcp_log import RtcpLog
from rtpcodec.rtp.capture.signalling import Announcement, Signalling
from rtpcodec.rtp.capture.streams import Guesses, StreamTrack

MAX_STREAMS: Final = 200_000
"""Limit of streams per report, at about 3 KB each; packets of further streams are counted and noted."""
STUN_COOKIE: Final = bytes.fromhex("2112a442")
RTCP_PACKET_TYPES: Final = range(192, 224)
"""RFC 5761 section 4."""
DTLS_CONTENT_TYPES: Final = range(20, 64)
"""RFC 7983 section 7."""


class StreamFinder:
    """Finds the streams of a capture while its datagrams are read.

    >>> finder = StreamFinder()
    >>> finder.receive([])
    >>> finder.report().streams
    ()
    """

    def __init__(self, codecs: Mapping[int, str | StreamCodec] | None = None) -> None:
        self._given = given_codecs(codecs)
        self._counters = StreamCounters()
        self._tracks: dict[StreamKey, StreamTrack] = {}
        self._candidates = Candidates()
        self._guesses = Guesses()
        self._rtcp = RtcpLog()
        self._signalling = Signalling()
        self._handshakes: set[frozenset[SocketAddress]] = set()
        self._counts = dict.fromkeys(("rtp", "rtcp", "sip", "stun", "dtls", "other"), 0)
        self._beyond_limit = 0

    def receive(self, datagrams: Iterable[Datagram]) -> None:
        """Read datagrams in the order of the capture."""
        iterator = iter(datagrams)
        count = self._counters.count
        while (datagram := count(iterator)) is not None:
            self._counts[self._receive(datagram)] += 1

    def report(self) -> CaptureReport:
        """Return the streams and calls found so far."""
        placed = sorted(map(self._placed, self._tracks.values()), key=lambda one: one.stream.first_ns)
        counts = dict(self._counts)
        counts["rtp"] += self._counters.counted
        notes = list(self._signalling.notes)
        if self._beyond_limit:
            notes.append(
                f"{self._beyond_limit} packets belong to streams beyond the first {MAX_STREAMS}, which are not listed"
            )
        return CaptureReport(
            streams=tuple(one.stream for one in placed),
            calls=paired_calls(placed),
            counts=DatagramCounts(datagrams=sum(counts.values()), **counts),
            notes=tuple(notes),
        )

    def _receive(self, datagram: Datagram) -> str:
        """Take a datagram that is not an ordinary packet of a known stream. Return its kind.

        The first octet distinguishes the protocols of one port (RFC 7983 section 7).
        """
        octets = datagram.payload
        first = octets[0] if octets else 0
        # 1. RTP or RTCP, by the packet type.
        if first >> 6 == 2 and len(octets) >= 8:
            if octets[1] not in RTCP_PACKET_TYPES:
                return self._rtp(datagram)
            return "rtcp" if self._rtcp.take(datagram) else "other"
        # 2. STUN.
        if first < 4 and octets[4:8] == STUN_COOKIE:
            return "stun"
        # 3. DTLS: keeps the addresses, because their RTP is encrypted.
        if first in DTLS_CONTENT_TYPES and octets[1:2] in (b"\xfe", b"\x01"):
            if len(self._handshakes) < MAX_STREAMS:
                self._handshakes.add(frozenset((datagram.source, datagram.destination)))
            return "dtls"
        # 4. SIP begins with a method or `SIP/2.0`.
        return "sip" if octets[:1].isupper() and self._signalling.take(octets) else "other"

    def _rtp(self, datagram: Datagram) -> str:
        """Take a datagram that looks like RTP. Return its kind."""
        # 1. A known stream: another payload type, or a packet that needs more than counting.
        key = datagram.source, datagram.destination, int.from_bytes(datagram.payload[8:12], "big")
        track = self._tracks.get(key)
        if track is not None:
            return "rtp" if track.take(datagram) else "other"
        # 2. A candidate, until enough packets in a row agree or signalling has announced it.
        try:
            found = self._candidates.take(key, datagram, is_announced=self._is_announced(datagram))
        except PacketError:
            return "other"
        if found is None:
            return "other"
        # 3. A stream: the earlier datagrams of the candidate were counted as `other`.
        self._counts["other"] -= len(found) - 1
        self._counts["rtp"] += len(found) - 1
        if len(self._tracks) == MAX_STREAMS:
            self._beyond_limit += len(found)
            return "rtp"
        track = self._tracks[key] = StreamTrack(key, found[0].payload[1] & 0x7F, self._codec_of, self._guesses)
        announced = self._announcements(key)
        track.announced = announced if any(announced) else None
        # 4. From now on, the counters take its ordinary packets.
        for one in found:
            track.take(one)
        self._counters.add(key, track.counter)
        return "rtp"

    def _is_announced(self, datagram: Datagram) -> bool:
        """Return whether signalling has announced this destination with this payload type."""
        announcement = self._signalling.at(datagram.destination)
        return announcement is not None and (datagram.payload[1] & 0x7F) in announcement.media.payload_types

    def _codec_of(self, key: StreamKey, payload_type: int) -> StreamCodec | None:
        return self._given.get(payload_type) or self._signalling.codec_of(key, payload_type)

    def _placed(self, track: StreamTrack) -> PlacedStream:
        """Return a stream with its figures so far, and where it was announced."""
        source, destination, _ = track.key
        dialog = None
        # Signalling may follow the first packets: an answer after early media.
        at_destination, at_source = track.announced or self._announcements(track.key)
        announcement = at_destination or at_source
        if announcement is not None:
            is_to_caller = announcement.is_callers == (at_destination is not None)
            dialog = DialogPart(announcement.call_id, announcement.part, is_to_caller)
        is_encrypted = frozenset((source, destination)) in self._handshakes or (
            announcement is not None and announcement.media.is_encrypted
        )
        return PlacedStream(track.captured(self._rtcp.of(*track.key), is_encrypted=is_encrypted), dialog)

    def _announcements(self, key: StreamKey) -> tuple[Announcement | None, Announcement | None]:
        return self._signalling.at(key[1]), self._signalling.at(key[0])


def find_streams(
    source: str | os.PathLike[str] | BinaryIO | Iterable[Datagram],
    *,
    codecs: Mapping[int, str | StreamCodec] | None = None,
) -> CaptureReport:
    """Find the RTP streams of a packet capture, and the calls that they belong to.

    Args:
        source: path or open binary file of pcap or pcapng, optionally compressed with gzip; or an iterable of Datagram.
        codecs: codec per payload type, for captures without signalling: a StreamCodec, or `NAME/RATE` such as
            "L16/16000".

    Returns:
        Streams with their figures, calls, and counts of all datagrams.

    Raises:
        PacketFileError: not a capture, or it breaks a rule of its format.
        UnknownCodec: `codecs` names an unknown codec.
        ValueError: `codecs` has a wrong payload type or rate.
        OSError: the file cannot be read.
    """
    finder = StreamFinder(codecs)
    if not (isinstance(source, str | os.PathLike) or hasattr(source, "read")):
        finder.receive(source)
        return finder.report()
    with open_packets(cast("str | os.PathLike[str] | BinaryIO", source)) as packets:
        finder.receive(packets)
    report = finder.report()
    return replace(report, file_counts=packets.counts, notes=report.notes + packets.notes)

"""RTP streams in a capture, found without signalling, in one pass and bounded memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import BinaryIO, Final, cast

from rtpcodec.errors import PacketError
from rtpcodec.rtp.capture._counters import StreamCounters, StreamKey
from rtpcodec.rtp.capture.candidates import Candidates
from rtpcodec.rtp.capture.codec_choice import given_codecs
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.pairing import DialogPart, PlacedStream, paired_calls
from rtpcodec.rtp.capture.report import CaptureReport, DatagramCounts, StreamCodec
from rtpcodec.rtp.capture.rtcp_log import RtcpLog
from rtpcodec.rtp.capture.signalling import Announcement, Signalling
from rtpcodec.rtp.capture.streams import Guesses, StreamTrack

MAX_STREAMS: Final = 200_000
"""Streams of one report, at about 3 KB each; packets of more are counted, and a note says so."""
STUN_COOKIE: Final = bytes.fromhex("2112a442")
RTCP_PACKET_TYPES: Final = range(192, 224)
"""RFC 5761 section 4."""
DTLS_CONTENT_TYPES: Final = range(20, 64)
"""RFC 7983 section 7."""


class StreamFinder:
    """Finds the streams of a capture while its datagrams pass.

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
        """Take datagrams in the order of the capture."""
        iterator = iter(datagrams)
        count = self._counters.count
        while (datagram := count(iterator)) is not None:
            self._counts[self._receive(datagram)] += 1

    def report(self) -> CaptureReport:
        """Return what was found so far."""
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
        """Take a datagram that is not an ordinary packet of a known stream. Return what it is."""
        octets = datagram.payload
        first = octets[0] if octets else 0
        if first >> 6 == 2 and len(octets) >= 8:
            if octets[1] not in RTCP_PACKET_TYPES:
                return self._rtp(datagram)
            return "rtcp" if self._rtcp.take(datagram) else "other"
        if first < 4 and octets[4:8] == STUN_COOKIE:
            return "stun"
        if first in DTLS_CONTENT_TYPES and octets[1:2] in (b"\xfe", b"\x01"):
            if len(self._handshakes) < MAX_STREAMS:
                self._handshakes.add(frozenset((datagram.source, datagram.destination)))
            return "dtls"
        return "sip" if octets[:1].isupper() and self._signalling.take(octets) else "other"

    def _rtp(self, datagram: Datagram) -> str:
        key = datagram.source, datagram.destination, int.from_bytes(datagram.payload[8:12], "big")
        track = self._tracks.get(key)
        if track is not None:
            return "rtp" if track.take(datagram) else "other"
        try:
            found = self._candidates.take(key, datagram, is_announced=self._is_announced(datagram))
        except PacketError:
            return "other"
        if found is None:
            return "other"
        # Datagrams of a candidate were counted as something else until it was sure.
        self._counts["other"] -= len(found) - 1
        self._counts["rtp"] += len(found) - 1
        if len(self._tracks) == MAX_STREAMS:
            self._beyond_limit += len(found)
            return "rtp"
        track = self._tracks[key] = StreamTrack(key, found[0].payload[1] & 0x7F, self._codec_of, self._guesses)
        announced = self._announcements(key)
        track.announced = announced if any(announced) else None
        for one in found:
            track.take(one)
        self._counters.add(key, track.counter)
        return "rtp"

    def _is_announced(self, datagram: Datagram) -> bool:
        """Whether signalling said that such a packet would come."""
        announcement = self._signalling.at(datagram.destination)
        return announcement is not None and (datagram.payload[1] & 0x7F) in announcement.media.payload_types

    def _codec_of(self, key: StreamKey, payload_type: int) -> StreamCodec | None:
        return self._given.get(payload_type) or self._signalling.codec_of(key, payload_type)

    def _placed(self, track: StreamTrack) -> PlacedStream:
        """Return a stream as it is known now, and where it was announced."""
        source, destination, _ = track.key
        dialog = None
        # Signalling may come after the first packets: an answer that follows early media.
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

    source: a path or an open binary file of pcap or pcapng, which may be compressed by gzip; or datagrams.
    codecs: what payload types mean, for captures without signalling: a StreamCodec, or `NAME/RATE` such as "L16/16000".

    Returns:
        Streams with their figures, calls, and counts of all datagrams.

    Raises:
        PacketFileError: not a capture, or one that breaks a rule of its format.
        UnknownCodec: codecs names a codec that is not here. ValueError: with a wrong payload type or rate.
    """
    finder = StreamFinder(codecs)
    if isinstance(source, str | os.PathLike) or hasattr(source, "read"):
        from rtpcodec.rtp.capture.reading import open_packets  # noqa: PLC0415

        with open_packets(cast("str | os.PathLike[str] | BinaryIO", source)) as packets:
            finder.receive(packets)
    else:
        finder.receive(source)
    return finder.report()

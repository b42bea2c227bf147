"""Results of find_streams: RTP streams, the calls that they belong to, and counts of everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rtpcodec.pickling import Value
from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.frames import CaptureCounts

KnownBy = Literal["given", "sdp", "static", "guess", "nothing"]
"""The source of a codec's name, the most reliable first: the caller, a session description in the capture, the table of
RFC 3551 section 6, the payloads themselves; or nothing names it."""
UNKNOWN = "unknown"
"""The name of a codec that nothing names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCodec(Value):
    """The codec of one payload type of a stream."""

    name: str
    """As `codec_names()` spells it, if it is one of those; otherwise the name in SDP, such as `GSM` or `H264`; also
    `telephone-event`, `CN` and `unknown`."""
    sample_rate_hz: int | None
    """The sample rate of the audio; None: not audio that this package decodes."""
    clock_hz: int | None
    """The RTP clock in Hz; None: unknown."""
    channels: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    """The parameters of SDP's `fmtp`, names in small letters; for a guess those that the payloads show, such as
    `octet-align`."""
    known_by: KnownBy
    seen: str = ""
    """For a guess and for `unknown`: a description of the payloads in one line."""


class SenderReport(NamedTuple):
    """One instant by a sender's wall clock and by its RTP clock (RFC 3550 section 6.4.1)."""

    ntp_s: float
    """Seconds since 1900 by the sender's wall clock."""
    rtp_timestamp: int
    arrival_ns: int
    """When the report was captured."""


class TimedTimestamp(NamedTuple):
    """An RTP timestamp and the time at which its packet was captured."""

    rtp_timestamp: int
    arrival_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedStream(Value):
    """One RTP stream: the packets of one SSRC from one address to another."""

    source: SocketAddress
    destination: SocketAddress
    ssrc: int
    codecs: Mapping[int, StreamCodec]
    """The codec of each payload type that the stream used."""
    payload_type_packets: Mapping[int, int]
    """The number of packets of each payload type."""
    packets: int
    """All packets received, including late ones and duplicates."""
    expected: int
    """Packets sent, by their sequence numbers, over all restarts of the numbering."""
    lost: int
    """Expected packets that never arrived."""
    duplicates: int
    late: int
    """Packets that arrived after one with a higher number, without duplicates."""
    restarts: int
    """How often the sequence numbers restarted."""
    loss_bursts: int
    """Losses, where consecutive ones count as one."""
    first_ns: int
    """When the first packet was captured, in nanoseconds since 1970 UTC."""
    last_ns: int
    first_sequence_number: int
    first_timestamp: int
    least_transit: TimedTimestamp
    """The packet of the first minute with the least transit time, by its timestamp: it was not queued. Later packets
    would show the drift of the clocks. If timestamps jump, the longest section counts."""
    jitter_ms: float | None
    """Interarrival jitter at the end (RFC 3550 section 6.4.1); None: the clock is unknown."""
    max_jitter_ms: float | None
    mean_jitter_ms: float | None
    packet_ms: float | None
    """The duration of most packets; None: the clock is unknown, or the stream has only one packet."""
    payload_octets: int
    """The sum over all payloads."""
    min_payload_octets: int
    max_payload_octets: int
    mos: float | None
    """An estimate by the E-model from loss and jitter, without the network's delay; None: not PCMU or PCMA."""
    max_delay_ms: float | None = None
    """How much longer the transit of the slowest packet took than that of the quickest one; jumps of timestamps count
    as delay. None: the clock is unknown."""
    digits: str = field(default="", repr=False)
    """Keys of telephone events. Private: not part of the repr."""
    sender_reports: tuple[SenderReport, ...] = ()
    """The reports of this SSRC, in the order of arrival; if there are very many, a sample over the whole stream."""
    said_bye: bool = False
    """Whether an RTCP BYE ended the stream."""
    cname: str | None = field(default=None, repr=False)
    """The canonical name in RTCP's SDES, the same for all streams of one sender. Private: often a user's name."""
    encrypted: bool = False
    """Whether the payloads are SRTP, by SDP or by a DTLS handshake between the same addresses: they are not decoded."""
    notes: tuple[str, ...] = ()
    """Unusual facts about the stream, one sentence each."""

    @property
    def duration_ms(self) -> float:
        """Time from the first to the last packet."""
        return (self.last_ns - self.first_ns) / 1e6

    @property
    def loss(self) -> float:
        """The share of the expected packets that never arrived, 0 to 1."""
        return self.lost / self.expected if self.expected else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedCall(Value):
    """Both directions of one call. A direction has several streams if its SSRC changed."""

    forward: tuple[CapturedStream, ...]
    """The streams from the side that was heard first, in the order of their first packets."""
    backward: tuple[CapturedStream, ...] = ()
    """The other direction; empty: the capture has only one direction."""
    call_id: str | None = None
    """SIP's Call-ID; None: no SIP dialog in the capture announced the streams."""
    paired_by: Literal["sip", "addresses", "overlap", "alone"] = "alone"
    """How the directions were paired. `addresses`: the same two, reversed. `overlap`: between the same hosts at the
    same time. `alone`: the call has only one direction."""

    @property
    def streams(self) -> tuple[CapturedStream, ...]:
        """All streams of both directions."""
        return self.forward + self.backward


@dataclass(frozen=True, slots=True, kw_only=True)
class DatagramCounts(Value):
    """Numbers of UDP datagrams by kind."""

    datagrams: int = 0
    rtp: int = 0
    rtcp: int = 0
    sip: int = 0
    stun: int = 0
    dtls: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureReport(Value):
    """The result of `find_streams`."""

    streams: tuple[CapturedStream, ...]
    """All streams, in the order of their first packets."""
    calls: tuple[CapturedCall, ...]
    """All calls; every stream belongs to exactly one."""
    counts: DatagramCounts
    file_counts: CaptureCounts | None = None
    """Counts of all packets of the file, also those without a whole UDP datagram; None: the source was not a file."""
    notes: tuple[str, ...] = ()
    """Unusual facts about the capture and its file, one sentence each."""

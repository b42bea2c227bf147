"""Results of find_streams: RTP streams, the calls that they belong to, and counts of everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from rtpcodec.pickling import Value
from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.frames import CaptureCounts

KnownBy = Literal["given", "sdp", "static", "guess", "nothing"]
"""Where the meaning of a payload type comes from, the surest first: the caller, a session description in the capture,
RFC 3551's table, the payloads themselves; or nothing says it."""
UNKNOWN = "unknown"
"""The name of a codec that nothing says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCodec(Value):
    """The meaning of one payload type of a stream."""

    name: str
    """As `codec_names()` spells it, if that codec is here; else the name in SDP, such as `GSM` or `H264`; also
    `telephone-event`, `CN` and `unknown`."""
    sample_rate_hz: int | None
    """The rate of the audio; None: not audio that this package decodes."""
    clock_hz: int | None
    """Ticks of an RTP timestamp per second; None: unknown."""
    channels: int = 1
    options: Mapping[str, str] = field(default_factory=dict)
    """The parameters of SDP's `fmtp`, names in small letters; of a guess those that the payloads show, such as
    `octet-align`."""
    known_by: KnownBy
    seen: str = ""
    """For a guess and for `unknown`: what the payloads showed, one line."""


class SenderReport(NamedTuple):
    """Where a sender's wall clock and RTP clock meet (RFC 3550 section 6.4.1)."""

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
    """By payload type, each that the stream used."""
    payload_type_packets: Mapping[int, int]
    """How many packets each payload type has."""
    packets: int
    """All packets, late ones and duplicates among them."""
    expected: int
    """Packets that the sequence numbers say were sent, over all restarts of the numbering."""
    lost: int
    """Expected packets that never came."""
    duplicates: int
    late: int
    """Packets that came after one with a higher number, duplicates not among them."""
    restarts: int
    """How often the sequence numbers were restarted."""
    loss_bursts: int
    """Losses in a row count as one."""
    first_ns: int
    """When the first packet was captured, since 1970."""
    last_ns: int
    first_sequence_number: int
    first_timestamp: int
    least_transit: TimedTimestamp
    """The packet of the first minute that was on its way for the shortest time, by its timestamp: nothing delayed it in
    a queue. Later ones would show the drift of the clocks; of a stream whose timestamps jump, the longest section
    counts."""
    jitter_ms: float | None
    """Interarrival jitter at the end (RFC 3550 section 6.4.1); None: the clock is unknown."""
    max_jitter_ms: float | None
    mean_jitter_ms: float | None
    packet_ms: float | None
    """How much audio most packets hold; None: the clock is unknown, or there is only one packet."""
    payload_octets: int
    """All payloads together."""
    min_payload_octets: int
    max_payload_octets: int
    mos: float | None
    """An estimate by the E-model from loss and jitter, without the network's delay; None: not possible here."""
    max_delay_ms: float | None = None
    """How much longer the slowest packet was on its way than the quickest one, where timestamps jump too much; None:
    the clock is unknown."""
    digits: str = field(default="", repr=False)
    """Keys of telephone events. Private: not part of the repr."""
    sender_reports: tuple[SenderReport, ...] = ()
    """Those of this SSRC, in the order of arrival; of very many, a sample over the whole stream."""
    said_bye: bool = False
    """Whether a BYE of RTCP ended it."""
    cname: str | None = field(default=None, repr=False)
    """The canonical name of RTCP's SDES, the same for all streams of one sender. Private: often a user's name."""
    encrypted: bool = False
    """Payloads are SRTP, as its SDP or a DTLS handshake between the same addresses says: they cannot be decoded."""
    notes: tuple[str, ...] = ()
    """Oddities of the stream, one sentence each."""

    @property
    def duration_ms(self) -> float:
        """Time from the first to the last packet."""
        return (self.last_ns - self.first_ns) / 1e6

    @property
    def loss(self) -> float:
        """The share of the expected packets that never came, 0 to 1."""
        return self.lost / self.expected if self.expected else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedCall(Value):
    """Both directions of one call. A direction has several streams if its SSRC changed, one after the other."""

    forward: tuple[CapturedStream, ...]
    """From the side that was heard first, in the order of their first packets."""
    backward: tuple[CapturedStream, ...] = ()
    """The other direction; empty: the capture holds one direction alone."""
    call_id: str | None = None
    """SIP's Call-ID; None: no SIP dialog in the capture announced the streams."""
    paired_by: Literal["sip", "addresses", "overlap", "alone"] = "alone"
    """`addresses`: the same two, reversed. `overlap`: streams between the same hosts at the same time."""

    @property
    def streams(self) -> tuple[CapturedStream, ...]:
        """All streams of both directions."""
        return self.forward + self.backward


@dataclass(frozen=True, slots=True, kw_only=True)
class DatagramCounts(Value):
    """How many UDP datagrams were what."""

    datagrams: int = 0
    rtp: int = 0
    rtcp: int = 0
    sip: int = 0
    stun: int = 0
    dtls: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureReport(Value):
    """All that one pass over a capture finds."""

    streams: tuple[CapturedStream, ...]
    """In the order of their first packets."""
    calls: tuple[CapturedCall, ...]
    """Every stream is in exactly one call."""
    counts: DatagramCounts
    file_counts: CaptureCounts | None = None
    """All packets of the file, also those without a whole UDP datagram; None: datagrams were passed, not a file."""
    notes: tuple[str, ...] = ()
    """Oddities of the capture as a whole and of its file, one sentence each."""

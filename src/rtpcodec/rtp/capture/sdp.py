"""Session descriptions (RFC 8866 section 5), as far as they describe the addresses and payload types of RTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Final, Literal

from rtpcodec.errors import SdpError
from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.profile import RtpMap

__all__ = ["MediaDescription", "SessionDescription", "parse_sdp"]

MAX_OCTETS: Final = 1 << 16
"""A datagram cannot have a longer description."""
MAX_LINES: Final = 4096
"""A description of a conference with all its candidates has a few hundred."""
MAX_MEDIA: Final = 128
"""Parts that begin with `m=`."""
MAX_ATTRIBUTE_CHARACTERS: Final = 4096
Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
_DIRECTIONS: Final[dict[str, Direction]] = {
    "sendrecv": "sendrecv",
    "sendonly": "sendonly",
    "recvonly": "recvonly",
    "inactive": "inactive",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDescription:
    """One part of a description, from `m=` to the next."""

    kind: str
    """`audio`, `video`, `image` and so on."""
    port: int
    """The port at which its author receives; 0: refused or ended (RFC 3264 section 6)."""
    protocol: str
    """Such as `RTP/AVP`."""
    formats: tuple[str, ...]
    """Payload types, the preferred one first."""
    host: bytes | None = None
    """The address of `c=`, in network byte order; None: a name, or no address."""
    rtpmaps: Mapping[int, RtpMap] = field(default_factory=dict)
    fmtps: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """Parameters by payload type; names are in small letters, parameters without a value have ""."""
    packet_ms: float | None = None
    """`ptime`."""
    direction: Direction = "sendrecv"
    rtcp_port: int | None = None
    is_muxed: bool = False
    """Whether RTCP uses the port of RTP (RFC 5761 section 5.1.1)."""
    candidates: tuple[SocketAddress, ...] = ()
    """UDP addresses of ICE for RTP (RFC 8839 section 5.1)."""

    @property
    def is_rtp(self) -> bool:
        """Whether the port receives RTP."""
        return "RTP/" in self.protocol.upper() and self.port > 0

    @property
    def is_encrypted(self) -> bool:
        """Whether it is SRTP."""
        return "SAVP" in self.protocol.upper()

    @property
    def payload_types(self) -> tuple[int, ...]:
        """The formats that are numbers of payload types."""
        return tuple(int(one) for one in self.formats if _is_number(one, 127))

    @property
    def addresses(self) -> tuple[SocketAddress, ...]:
        """All addresses at which its author may receive RTP."""
        own = () if self.host is None or not any(self.host) else (SocketAddress(self.host, self.port),)
        return own + self.candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionDescription:
    """A parsed session description."""

    media: tuple[MediaDescription, ...]
    notes: tuple[str, ...] = ()
    """Attributes that were ignored because they break a rule, one sentence each."""


def parse_sdp(text: bytes | str) -> SessionDescription:
    r"""Parse a session description.

    Lines end with CRLF or LF. Unknown lines and attributes are skipped; a known attribute that breaks its rule is
    ignored and noted.

    Raises:
        SdpError: the text is too long, a line is not `letter=value`, the first one is not `v=0`, or a line `m=` or `c=`
            breaks its rule; the message names the line.

    >>> (audio,) = parse_sdp("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\n").media
    >>> str(audio.addresses[0]), str(audio.rtpmaps[96])
    ('192.0.2.1:4000', 'opus/48000/2')
    """
    if len(text) > MAX_OCTETS:
        raise SdpError(f"session description has {len(text)} octets, at most {MAX_OCTETS} are accepted")
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    lines = text.rstrip("\r\n\0 ").split("\n")
    if len(lines) > MAX_LINES:
        raise SdpError(f"session description has {len(lines)} lines, at most {MAX_LINES} are accepted")
    reader = _Reader()
    for number, ended in enumerate(lines, start=1):
        line = ended.rstrip("\r")
        if line[1:2] != "=" or not line[0].isascii() or not line[0].islower():
            raise SdpError(f"session description line {number} is not `letter=value`")
        if number == 1 and line.strip() != "v=0":
            raise SdpError("session description line 1 is not v=0 (RFC 8866 section 5.1)")
        reader.take(number, line[0], line[2:])
    return reader.description()


class _Reader:
    """Collects lines into a description; lines before the first `m=` apply to all parts."""

    def __init__(self) -> None:
        self._common = _Part("", 0, "", ())
        self._parts: list[_Part] = []
        self._notes: list[str] = []

    def take(self, number: int, letter: str, value: str) -> None:
        """Read one line."""
        part = self._parts[-1] if self._parts else self._common
        if letter == "m":
            if len(self._parts) == MAX_MEDIA:
                raise SdpError(f"session description line {number}: more than {MAX_MEDIA} parts with m=")
            self._parts.append(_media_line(number, value))
        elif letter == "c":
            part.host = _connection(number, value)
            part.has_host = True
        elif letter == "a":
            name, _, content = value.partition(":")
            if len(value) > MAX_ATTRIBUTE_CHARACTERS or not part.take_attribute(name.strip().lower(), content.strip()):
                self._notes.append(f"line {number} of a session description: attribute {name.strip()[:20]!r} is wrong")

    def description(self) -> SessionDescription:
        """Return all parts."""
        media = tuple(part.described(self._common) for part in self._parts)
        return SessionDescription(media=media, notes=tuple(self._notes[:16]))


class _Part:
    """One part while it is read."""

    def __init__(self, kind: str, port: int, protocol: str, formats: tuple[str, ...]) -> None:
        self._head = MediaDescription(kind=kind, port=port, protocol=protocol, formats=formats)
        self.host: bytes | None = None
        self.has_host = False
        self._rtpmaps: dict[int, RtpMap] = {}
        self._fmtps: dict[int, dict[str, str]] = {}
        self._candidates: list[SocketAddress] = []
        self._packet_ms: float | None = None
        self._direction: Direction | None = None
        self._rtcp_port: int | None = None
        self._is_muxed = False

    def take_attribute(self, name: str, value: str) -> bool:
        """Read an attribute. False: it breaks its rule."""
        if name in _DIRECTIONS:
            self._direction = _DIRECTIONS[name]
        elif name == "rtcp-mux":
            self._is_muxed = True
        elif name == "rtpmap":
            return self._take_rtpmap(value)
        elif name == "fmtp":
            return self._take_fmtp(value)
        elif name == "ptime":
            whole_ms = value.partition(".")[0]
            if not _is_number(whole_ms, 10_000):
                return False
            self._packet_ms = float(whole_ms)
        elif name == "rtcp":
            port = value.partition(" ")[0]
            if not _is_number(port, 0xFFFF):
                return False
            self._rtcp_port = int(port)
        elif name == "candidate":
            return self._take_candidate(value.split())
        return True

    def described(self, common: _Part) -> MediaDescription:
        """Return the part, with the values common to all parts."""
        return replace(
            self._head,
            host=self.host if self.has_host else common.host,
            rtpmaps=self._rtpmaps,
            fmtps=self._fmtps,
            packet_ms=self._packet_ms if self._packet_ms is not None else common._packet_ms,
            direction=self._direction or common._direction or "sendrecv",
            rtcp_port=self._rtcp_port,
            is_muxed=self._is_muxed or common._is_muxed,
            candidates=tuple(self._candidates),
        )

    def _take_rtpmap(self, value: str) -> bool:
        number, _, text = value.partition(" ")
        # Some senders leave a slash after the clock.
        text = text.strip().rstrip("/")
        if not _is_number(number, 127) or len(text) > 100:
            return False
        try:
            rtpmap = RtpMap.parse(text)
        except ValueError:
            return False
        if rtpmap.rtp_clock_hz > 1_000_000 or (rtpmap.channels or 1) > 255:
            return False
        self._rtpmaps[int(number)] = rtpmap
        return True

    def _take_fmtp(self, value: str) -> bool:
        number, _, text = value.partition(" ")
        if not _is_number(number, 127):
            return False
        parameters = {}
        for parameter in text.split(";"):
            name, _, content = parameter.strip().partition("=")
            if name:
                parameters[name.strip().lower()] = content.strip()
        self._fmtps[int(number)] = parameters
        return True

    def _take_candidate(self, words: list[str]) -> bool:
        """Parse `foundation component transport priority address port typ ...` (RFC 8839 section 5.1)."""
        if len(words) < 8 or not _is_number(words[1], 256) or not _is_number(words[5], 0xFFFF):
            return False
        host = _host(words[4])
        if words[1] == "1" and words[2].lower() == "udp" and host is not None:
            self._candidates.append(SocketAddress(host, int(words[5])))
        return True


def _media_line(number: int, value: str) -> _Part:
    """Parse `kind port[/ports] protocol format ...` (RFC 8866 section 5.14)."""
    words = value.split()
    if len(words) < 4:
        raise SdpError(f"session description line {number}: m= has {len(words)} fields, at least 4 are needed")
    port = words[1].partition("/")[0]
    if not _is_number(port, 0xFFFF):
        raise SdpError(f"session description line {number}: the port of m= is not a number from 0 to 65535")
    return _Part(words[0], int(port), words[2], tuple(words[3:]))


def _connection(number: int, value: str) -> bytes | None:
    """Parse `IN IP4 address[/ttl]` or `IN IP6 address` (RFC 8866 section 5.7). None: a name, not an address."""
    words = value.split()
    if len(words) != 3 or words[0] != "IN" or words[1] not in ("IP4", "IP6"):
        raise SdpError(f"session description line {number}: c= is not `IN IP4 address` or `IN IP6 address`")
    return _host(words[2].partition("/")[0])


def _host(text: str) -> bytes | None:
    try:
        return ip_address(text).packed
    except ValueError:
        return None


def _is_number(text: str, largest: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6 and int(text) <= largest

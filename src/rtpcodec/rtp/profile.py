"""Payload types, SDP names and RTP clocks of audio (RFC 3551 section 6). RTP clock and sample rate may differ."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from rtpcodec.codecs import codec, codec_names
from rtpcodec.codecs.info import CodecInfo
from rtpcodec.errors import UnknownCodec

__all__ = ["STATIC_PAYLOAD_TYPES", "RtpMap", "milliseconds", "rtpmap_of", "ticks"]

DYNAMIC_PAYLOAD_TYPES = range(96, 128)
"""Payload types whose meaning a call's signalling defines."""


@dataclass(frozen=True, slots=True)
class RtpMap:
    """The `a=rtpmap` of a payload type in SDP: encoding name, RTP clock and channels (RFC 8866 section 6.6).

    >>> str(RtpMap("OPUS", 48000, 2)), RtpMap.parse("g722/8000").rtp_clock_hz
    ('OPUS/48000/2', 8000)
    """

    encoding_name: str
    """As SDP spells it, in any case."""
    rtp_clock_hz: int
    """The RTP clock in Hz."""
    channels: int | None = 1
    """None: the payload itself has the number (MPA)."""

    @classmethod
    def parse(cls, text: str) -> RtpMap:
        """Parse `NAME/clock` or `NAME/clock/channels`, the text after the payload type. ValueError: it is neither."""
        name, *numbers = text.strip().split("/")
        if not name or not 1 <= len(numbers) <= 2 or not all(part.isascii() and part.isdigit() for part in numbers):
            raise ValueError(f"rtpmap is {text!r}, NAME/clock or NAME/clock/channels is needed")
        return cls(name, *map(int, numbers))

    def codec(self) -> tuple[CodecInfo, int]:
        """Return the codec and the sample rate of its PCM in Hz, which may differ from the RTP clock.

        Upper and lower case of the name are equal.

        Raises:
            UnknownCodec: no codec has this name, clock and number of channels.

        >>> info, sample_rate_hz = RtpMap("G722", 8000).codec()
        >>> info.name, sample_rate_hz
        ('G722', 16000)
        """
        wanted = str(self).upper()
        for name in codec_names():
            info = codec(name)
            for sample_rate_hz in info.sample_rates_hz:
                if str(rtpmap_of(info, sample_rate_hz)).upper() == wanted:
                    return info, sample_rate_hz
        raise UnknownCodec(f"no codec has the rtpmap {self}")

    def __str__(self) -> str:
        channels = "" if self.channels in (None, 1) else f"/{self.channels}"
        return f"{self.encoding_name}/{self.rtp_clock_hz}{channels}"


def rtpmap_of(info: CodecInfo, sample_rate_hz: int | None = None) -> RtpMap:
    """Return the `rtpmap` of a codec at a sample rate of its PCM. ValueError: the codec does not have this rate.

    >>> str(rtpmap_of(codec("G722"))), str(rtpmap_of(codec("OPUS")))
    ('G722/8000', 'opus/48000/2')
    """
    clock_hz = info.rtp_clock_hz(sample_rate_hz)
    if info.rtpmap is None:
        return RtpMap(info.name, clock_hz)
    name, channels = info.rtpmap
    return RtpMap(name, clock_hz, channels)


def milliseconds(duration_ticks: int, rtp_clock_hz: int) -> float:
    """Return the duration of ticks of an RTP clock."""
    return duration_ticks * 1000 / rtp_clock_hz


def ticks(duration_ms: float, rtp_clock_hz: int) -> int:
    """Return a duration in ticks of an RTP clock, rounded to the nearest."""
    return round(duration_ms * rtp_clock_hz / 1000)


STATIC_PAYLOAD_TYPES = MappingProxyType(
    {
        0: RtpMap("PCMU", 8000),
        3: RtpMap("GSM", 8000),
        4: RtpMap("G723", 8000),
        5: RtpMap("DVI4", 8000),
        6: RtpMap("DVI4", 16000),
        7: RtpMap("LPC", 8000),
        8: RtpMap("PCMA", 8000),
        9: RtpMap("G722", 8000),
        10: RtpMap("L16", 44100, 2),
        11: RtpMap("L16", 44100),
        12: RtpMap("QCELP", 8000),
        13: RtpMap("CN", 8000),
        14: RtpMap("MPA", 90000, None),
        15: RtpMap("G728", 8000),
        16: RtpMap("DVI4", 11025),
        17: RtpMap("DVI4", 22050),
        18: RtpMap("G729", 8000),
    }
)
"""The audio payload types below 96; others are reserved, unassigned or video (RFC 3551 section 6, table 4)."""

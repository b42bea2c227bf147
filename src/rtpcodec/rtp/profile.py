"""Payload types, names in SDP and clocks of audio (RFC 3551 section 6). Clock and sample rate are two facts."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from rtpcodec.codecs import codec, codec_names
from rtpcodec.codecs.info import CodecInfo
from rtpcodec.errors import UnknownCodec

__all__ = ["STATIC_PAYLOAD_TYPES", "RtpMap", "milliseconds", "rtpmap_of", "ticks"]

DYNAMIC_PAYLOAD_TYPES = range(96, 128)
"""Payload types that only a call's signalling gives a meaning."""


@dataclass(frozen=True, slots=True)
class RtpMap:
    """What SDP says of a payload type in `a=rtpmap`: the name, the RTP clock and the channels.

    >>> str(RtpMap("OPUS", 48000, 2)), RtpMap.parse("g722/8000").rtp_clock_hz
    ('OPUS/48000/2', 8000)
    """

    encoding_name: str
    rtp_clock_hz: int
    channels: int | None = 1
    """None: the payload itself says how many (MPA)."""

    @classmethod
    def parse(cls, text: str) -> RtpMap:
        """Read `NAME/clock` or `NAME/clock/channels`, what follows the payload type. ValueError: it is neither."""
        name, *numbers = text.strip().split("/")
        if not name or not 1 <= len(numbers) <= 2 or not all(part.isascii() and part.isdigit() for part in numbers):
            raise ValueError(f"rtpmap is {text!r}, NAME/clock or NAME/clock/channels is needed")
        return cls(name, *map(int, numbers))

    def codec(self) -> tuple[CodecInfo, int]:
        """The codec of that name, in any case of letters, and the rate of its PCM, which may differ from the clock.

        UnknownCodec: there is none of that name, clock and channels.

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
    """How SDP names a codec at a rate of its PCM. ValueError: the codec has no such rate.

    >>> str(rtpmap_of(codec("G722"))), str(rtpmap_of(codec("OPUS")))
    ('G722/8000', 'opus/48000/2')
    """
    clock_hz = info.rtp_clock_hz(sample_rate_hz)
    if info.rtpmap is None:
        return RtpMap(info.name, clock_hz)
    name, channels = info.rtpmap
    return RtpMap(name, clock_hz, channels)


def milliseconds(duration_ticks: int, rtp_clock_hz: int) -> float:
    """How long ticks of an RTP clock are."""
    return duration_ticks * 1000 / rtp_clock_hz


def ticks(duration_ms: float, rtp_clock_hz: int) -> int:
    """Ticks of an RTP clock, rounded to the nearest."""
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
"""What the audio payload types below 96 mean; others are reserved, unassigned or video (table 4)."""

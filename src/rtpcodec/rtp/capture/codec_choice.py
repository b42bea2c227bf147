"""The codec of a payload type: from the caller, from SDP, or from the table of RFC 3551 section 6, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from rtpcodec.codecs import codec, codec_names
from rtpcodec.codecs.opus_packet import CLOCK_HZ as OPUS_CLOCK_HZ
from rtpcodec.errors import UnknownCodec
from rtpcodec.rtp.capture.report import UNKNOWN, KnownBy, StreamCodec
from rtpcodec.rtp.profile import STATIC_PAYLOAD_TYPES, RtpMap, rtpmap_of

TELEPHONE_EVENT: Final = "telephone-event"
COMFORT_NOISE: Final = "CN"
_NAMES_OF_OURS: Final = {"TELEPHONE-EVENT": TELEPHONE_EVENT, "CN": COMFORT_NOISE}


def codec_of_rtpmap(rtpmap: RtpMap, known_by: KnownBy, options: Mapping[str, str] | None = None) -> StreamCodec:
    """Return the codec that an rtpmap names; an unknown codec keeps its name and has no sample rate."""
    channels = rtpmap.channels or 1
    try:
        info, sample_rate_hz = rtpmap.codec()
    except UnknownCodec:
        info, sample_rate_hz = None, 0
        # L16 of any rate and channels is the same coding. RFC 7587 section 7 requires opus/48000/2, but many senders
        # omit the channels.
        if rtpmap.encoding_name.upper() == "L16":
            info, sample_rate_hz = codec("L16"), rtpmap.rtp_clock_hz
        elif rtpmap.encoding_name.upper() == "OPUS" and rtpmap.rtp_clock_hz == OPUS_CLOCK_HZ:
            info = codec("OPUS")
    if info is None:
        name = _NAMES_OF_OURS.get(rtpmap.encoding_name.upper(), rtpmap.encoding_name)
        return StreamCodec(
            name=name,
            sample_rate_hz=None,
            clock_hz=rtpmap.rtp_clock_hz or None,
            channels=channels,
            options=dict(options or {}),
            known_by=known_by,
        )
    # OPUS is decoded with its full band. Its SDP always has two channels, whatever its packets have (RFC 7587 section
    # 7).
    return StreamCodec(
        name=info.name,
        sample_rate_hz=OPUS_CLOCK_HZ if info.name == "OPUS" else sample_rate_hz,
        clock_hz=rtpmap.rtp_clock_hz,
        channels=1 if info.rtpmap is not None else channels,
        options=dict(options or {}),
        known_by=known_by,
    )


@cache
def static_codec(payload_type: int) -> StreamCodec | None:
    """Return the codec in the table of RFC 3551 section 6. None: the table does not name one."""
    rtpmap = STATIC_PAYLOAD_TYPES.get(payload_type)
    return None if rtpmap is None else codec_of_rtpmap(rtpmap, "static")


def unknown_codec(seen: str) -> StreamCodec:
    """Return the codec of a payload type that nothing names."""
    return StreamCodec(name=UNKNOWN, sample_rate_hz=None, clock_hz=None, known_by="nothing", seen=seen)


def given_codecs(codecs: Mapping[int, str | StreamCodec] | None) -> dict[int, StreamCodec]:
    """Return the codecs that the caller names.

    Args:
        codecs: per payload type a StreamCodec, or `NAME`, `NAME/RATE` or `NAME/RATE/CHANNELS`; the rate is that of the
            audio, the RTP clock follows from the codec.

    Raises:
        UnknownCodec: no codec has that name.
        ValueError: a payload type beyond 0 to 127, or a rate that the codec does not have.
    """
    given: dict[int, StreamCodec] = {}
    for payload_type, named in (codecs or {}).items():
        if not 0 <= payload_type <= 127:
            raise ValueError(f"payload type is {payload_type}, 0 to 127 are allowed")
        given[payload_type] = named if isinstance(named, StreamCodec) else _named_codec(named)
    return given


def _named_codec(text: str) -> StreamCodec:
    name, *numbers = text.split("/")
    if len(numbers) > 2 or not all(part.isascii() and part.isdigit() and len(part) < 8 for part in numbers):
        raise ValueError(f"codec is {text!r}, NAME, NAME/RATE or NAME/RATE/CHANNELS is needed")
    rate_hz = int(numbers[0]) if numbers else None
    channels = int(numbers[1]) if len(numbers) > 1 else 1
    upper = name.upper()
    if upper in _NAMES_OF_OURS:
        clock_hz = rate_hz or 8000
        return StreamCodec(name=_NAMES_OF_OURS[upper], sample_rate_hz=None, clock_hz=clock_hz, known_by="given")
    known = {one.upper(): one for one in codec_names()}
    if upper not in known:
        raise UnknownCodec(f"no codec is named {name!r}; known: {', '.join(known.values())}, telephone-event, CN")
    info = codec(known[upper])
    if info.name == "L16" and rate_hz:
        return StreamCodec(name="L16", sample_rate_hz=rate_hz, clock_hz=rate_hz, channels=channels, known_by="given")
    sample_rate_hz = info.sample_rate_hz(OPUS_CLOCK_HZ if info.name == "OPUS" and rate_hz is None else rate_hz)
    clock_hz = rtpmap_of(info, sample_rate_hz).rtp_clock_hz
    return StreamCodec(name=info.name, sample_rate_hz=sample_rate_hz, clock_hz=clock_hz, known_by="given")

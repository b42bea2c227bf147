"""Session descriptions and the SIP that carries them: any octets are a value, or a documented error.

An input is read as a session description, and as a message of SIP; the body of a message is read again through the
signalling of a capture, which raises nothing.
"""

from rtpcodec.errors import SdpError
from rtpcodec.rtp.capture.sdp import MAX_MEDIA, SessionDescription, parse_sdp
from rtpcodec.rtp.capture.signalling import Signalling
from rtpcodec.rtp.capture.sip import parse_sip


def run(data: bytes) -> int:
    """Read an input in all ways."""
    _check(data)
    message = parse_sip(data)
    signalling = Signalling()
    assert signalling.take(data) == (message is not None)
    if message is None or message.sdp is None:
        return 3
    assert message.sdp in data
    described = _check(message.sdp)
    assert bool(signalling.notes) == (bool(message.sdp) and (described is None or bool(described.notes)))
    return 4


def _check(data: bytes) -> SessionDescription | None:
    try:
        description = parse_sdp(data)
    except SdpError:
        return None
    assert len(description.media) <= MAX_MEDIA
    for media in description.media:
        assert 0 <= media.port <= 0xFFFF
        assert all(len(one.host) in (4, 16) and 0 <= one.port <= 0xFFFF for one in media.addresses)
        assert all(0 <= number <= 127 for number in (*media.rtpmaps, *media.fmtps, *media.payload_types))
        assert str(list(media.rtpmaps.values())) is not None
    return description

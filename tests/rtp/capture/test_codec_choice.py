"""Codec names in SDP, in the spellings that senders use."""

from __future__ import annotations

import pytest

from rtpcodec.rtp.capture.codec_choice import codec_of_rtpmap, static_codec
from rtpcodec.rtp.profile import STATIC_PAYLOAD_TYPES, RtpMap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PCMU/8000", ("PCMU", 8000, 8000, 1)),
        ("pcma/8000/1", ("PCMA", 8000, 8000, 1)),
        ("G722/8000", ("G722", 16000, 8000, 1)),
        ("L16/16000", ("L16", 16000, 16000, 1)),
        ("L16/44100/2", ("L16", 44100, 44100, 2)),
        ("opus/48000/2", ("OPUS", 48000, 48000, 1)),
        ("OPUS/48000", ("OPUS", 48000, 48000, 1)),
        ("AMR-WB/16000/1", ("AMR-WB", 16000, 16000, 1)),
        ("telephone-event/48000", ("telephone-event", None, 48000, 1)),
        ("cn/16000", ("CN", None, 16000, 1)),
        ("H264/90000", ("H264", None, 90000, 1)),
        ("iLBC/8000", ("iLBC", None, 8000, 1)),
        ("odd/0", ("odd", None, None, 1)),
    ],
)
def test_names_of_sdp(text: str, expected: tuple[str, int | None, int | None, int]) -> None:
    found = codec_of_rtpmap(RtpMap.parse(text), "sdp")
    assert (found.name, found.sample_rate_hz, found.clock_hz, found.channels) == expected


def test_the_table_names_every_static_payload_type() -> None:
    assert all((codec := static_codec(number)) and codec.known_by == "static" for number in STATIC_PAYLOAD_TYPES)
    assert static_codec(96) is None

"""Payload types, names and clocks against the tables of RFC 3551 and the codecs themselves."""

from __future__ import annotations

import re

import pytest

from rtpcodec import codec, codec_names
from rtpcodec.errors import UnknownCodec
from rtpcodec.rtp.profile import STATIC_PAYLOAD_TYPES, RtpMap, milliseconds, rtpmap_of, ticks


def test_static_payload_types_agree_with_the_codecs() -> None:
    for name in codec_names():
        info = codec(name)
        if info.payload_type is not None:
            assert STATIC_PAYLOAD_TYPES[info.payload_type] == rtpmap_of(info)
    assert {number for number in range(96) if number in STATIC_PAYLOAD_TYPES} == {0, *range(3, 19)}
    assert str(STATIC_PAYLOAD_TYPES[10]) == "L16/44100/2"
    assert str(STATIC_PAYLOAD_TYPES[14]) == "MPA/90000"


@pytest.mark.parametrize(
    ("name", "rate_hz", "text"),
    [
        ("PCMU", None, "PCMU/8000"),
        ("PCMA", None, "PCMA/8000"),
        ("G722", None, "G722/8000"),
        ("L16", 16000, "L16/16000"),
        ("L16", 8000, "L16/8000"),
        ("AMR-WB", None, "AMR-WB/16000"),
        ("OPUS", 16000, "opus/48000/2"),
    ],
)
def test_rtpmap_both_ways(name: str, rate_hz: int | None, text: str) -> None:
    info = codec(name)
    assert str(rtpmap_of(info, rate_hz)) == text
    found, found_hz = RtpMap.parse(text.lower()).codec()
    assert (found, found_hz) == (info, info.sample_rate_hz(rate_hz))


@pytest.mark.parametrize("text", ["", "PCMU", "PCMU/", "PCMU/8k", "/8000", "PCMU/8000/1/1", "PCMU/-8000", "PCMU/²"])
def test_texts_that_are_not_an_rtpmap_are_refused(text: str) -> None:
    message = f"rtpmap is {text!r}, NAME/clock or NAME/clock/channels is needed"
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        RtpMap.parse(text)


@pytest.mark.parametrize("text", ["G722/16000", "GSM/8000", "opus/48000", "PCMU/8000/2"])
def test_a_map_that_no_codec_has(text: str) -> None:
    with pytest.raises(UnknownCodec, match=f"^no codec has the rtpmap {text}$"):
        RtpMap.parse(text).codec()


def test_a_channel_may_be_written() -> None:
    assert RtpMap.parse("PCMU/8000/1").codec()[0] is codec("PCMU")


@pytest.mark.parametrize(("name", "step"), [("PCMU", 160), ("G722", 160), ("L16", 320), ("AMR-WB", 320), ("OPUS", 960)])
def test_ticks_of_20_ms(name: str, step: int) -> None:
    clock_hz = codec(name).rtp_clock_hz(16000 if name == "L16" else None)
    assert ticks(20, clock_hz) == step
    assert milliseconds(step, clock_hz) == 20

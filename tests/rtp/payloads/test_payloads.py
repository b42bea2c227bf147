"""The payload format of each codec, and those of sample codecs and OPUS."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rtpcodec import codec, codec_names, payload_format
from rtpcodec.errors import PayloadError, UnknownCodec
from rtpcodec.rtp.payloads import AmrWbFormat, OpusFormat, SampleFormat

SAMPLE_CODECS = ("PCMU", "PCMA", "G722", "L16")
OPUS_20_MS = bytes.fromhex("48aabbcc")


@pytest.mark.parametrize("name", codec_names())
def test_every_codec_has_a_format_for_each_of_its_rates(name: str) -> None:
    for rate_hz in codec(name).sample_rates_hz:
        payload_format(codec(name), rate_hz)


def test_the_format_is_the_codecs() -> None:
    assert all(isinstance(payload_format(codec(name)), SampleFormat) for name in SAMPLE_CODECS)
    assert isinstance(payload_format(codec("OPUS")), OpusFormat)
    amrwb = payload_format(codec("AMR-WB"), 16000, packing="octet-aligned", cmr=3)
    assert isinstance(amrwb, AmrWbFormat)
    assert (amrwb.packing, amrwb.cmr) == ("octet-aligned", 3)


def test_rates_and_options_that_a_codec_lacks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^PCMU has no sample rate of 16000 Hz, only 8000$"):
        payload_format(codec("PCMU"), 16000)
    with pytest.raises(ValueError, match=r"^AMR-WB has no sample rate of 8000 Hz, only 16000$"):
        payload_format(codec("AMR-WB"), 8000)
    for info in (codec("PCMU"), codec("OPUS")):
        with pytest.raises(TypeError):
            payload_format(info, packing="auto")
    with pytest.raises(UnknownCodec, match=r"^no payload format is known for GSM, only for OPUS, AMR-WB$"):
        payload_format(dataclasses.replace(codec("OPUS"), name="GSM"))


@pytest.mark.parametrize(
    ("name", "rate_hz", "octets", "ticks"),
    [
        ("PCMU", 8000, 160, 160),
        ("PCMA", 8000, 1, 1),
        ("G722", 16000, 160, 160),
        ("L16", 16000, 640, 320),
        ("L16", 8000, 320, 160),
        ("L16", 44100, 2, 1),
    ],
)
def test_ticks_of_sample_codecs(name: str, rate_hz: int, octets: int, ticks: int) -> None:
    assert payload_format(codec(name), rate_hz).ticks(bytes(octets)) == ticks


@pytest.mark.parametrize("name", SAMPLE_CODECS)
def test_a_payload_of_a_sample_codec_is_one_piece(name: str) -> None:
    samples = payload_format(codec(name))
    assert samples.frames(bytearray(b"abcd")) == [b"abcd"]
    assert samples.payload([b"ab", b"cd"]) == b"abcd"
    assert samples.frames(b"") == [b""]
    assert samples.ticks(b"") == 0
    assert repr(samples).startswith(f"<SampleFormat {name} ")


@pytest.mark.parametrize("method", ["frames", "ticks", "payload"])
def test_a_payload_of_l16_ends_between_two_samples(method: str) -> None:
    argument: Any = [bytes(300), bytes(21)] if method == "payload" else bytes(321)
    with pytest.raises(PayloadError, match=r"^L16 payload has 321 octets, a multiple of 2 is needed$"):
        getattr(payload_format(codec("L16")), method)(argument)


def test_a_payload_of_opus_is_one_packet() -> None:
    opus = OpusFormat()
    assert opus.frames(memoryview(OPUS_20_MS)) == [OPUS_20_MS]
    assert opus.payload([OPUS_20_MS]) == OPUS_20_MS
    assert opus.ticks(OPUS_20_MS) == 960
    assert opus.ticks(b"\x58") == 2880
    assert repr(opus) == "<OpusFormat>"
    for packets in ([], [OPUS_20_MS] * 2):
        with pytest.raises(PayloadError) as caught:
            opus.payload(packets)
        expected = f"OPUS payload of {len(packets)} packets, exactly 1 is needed (RFC 7587 section 4.2)"
        assert str(caught.value) == expected


@pytest.mark.parametrize("method", ["frames", "ticks", "payload"])
def test_a_payload_of_opus_keeps_the_rules_of_packets(method: str) -> None:
    argument: Any = [b"\x49\0"] if method == "payload" else b"\x49\0"
    with pytest.raises(PayloadError, match=r"1 octets for two .*R3\)$"):
        getattr(OpusFormat(), method)(argument)

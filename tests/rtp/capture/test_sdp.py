"""Session descriptions: what of them says where RTP goes and what it is, and which rule a broken one breaks."""

from __future__ import annotations

import random
import re

import pytest
from aiortc import sdp as aiortc_sdp

from rtpcodec.errors import SdpError
from rtpcodec.rtp.capture.datagrams import SocketAddress
from rtpcodec.rtp.capture.sdp import MAX_LINES, MAX_MEDIA, MAX_OCTETS, parse_sdp

PHONE = """\
v=0
o=alice 2890844526 2890844526 IN IP4 192.0.2.1
s=
c=IN IP4 192.0.2.1
t=0 0
a=sendonly
m=audio 49170 RTP/AVP 96 97 0 101
a=rtpmap:96 AMR-WB/16000/1
a=fmtp:96 octet-align=1; mode-set=0,1,2
a=rtpmap:97 opus/48000/2
a=fmtp:97 useinbandfec=1;maxplaybackrate=16000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv
m=video 51372 RTP/SAVP 99
c=IN IP6 2001:db8::5
a=rtpmap:99 H264/90000
a=rtcp:51400 IN IP6 2001:db8::5
m=image 0 udptl t38
"""

BROWSER = """\
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 45076 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 192.168.99.58
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:2665802302 1 udp 2122262783 2a02:a03f:3eb0:e000:b0aa:d60a:cff2:933c 38475 typ host
a=candidate:1039001212 1 udp 2122194687 192.168.99.58 45076 typ host
a=candidate:1039001212 2 udp 2122194687 192.168.99.58 45077 typ host
a=candidate:3496416974 1 tcp 1518283007 2a02:a03f:3eb0:e000:b0aa:d60a:cff2:933c 9 typ host tcptype active
a=ice-ufrag:5+Ix
a=ice-pwd:uK8IlylxzDMUhrkVzdmj0M+v
a=fingerprint:sha-256 6B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08
a=setup:actpass
a=mid:0
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:1944796561 cname:/vC4ULAr8vHNjXmq
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_phones_description(end: str) -> None:
    audio, video, image = parse_sdp(PHONE.replace("\n", end).encode()).media
    assert audio.addresses == (SocketAddress(bytes((192, 0, 2, 1)), 49170),)
    assert {number: str(one) for number, one in audio.rtpmaps.items()} == {
        96: "AMR-WB/16000",
        97: "opus/48000/2",
        101: "telephone-event/8000",
    }
    assert audio.fmtps == {
        96: {"octet-align": "1", "mode-set": "0,1,2"},
        97: {"useinbandfec": "1", "maxplaybackrate": "16000"},
        101: {"0-16": ""},
    }
    assert (audio.packet_ms, audio.direction, audio.payload_types) == (20, "sendrecv", (96, 97, 0, 101))
    assert not audio.is_encrypted
    assert [str(one) for one in video.addresses] == ["[2001:db8::5]:51372"]
    assert (video.kind, video.is_encrypted, video.rtcp_port, video.direction) == ("video", True, 51400, "sendonly")
    assert (image.is_rtp, audio.is_rtp, video.is_rtp) == (False, True, True)


def test_a_browsers_description_reads_as_aiortc_reads_it() -> None:
    (ours,) = parse_sdp(BROWSER).media
    (theirs,) = aiortc_sdp.SessionDescription.parse(BROWSER).media
    assert (ours.kind, ours.port, ours.protocol) == (theirs.kind, theirs.port, theirs.profile)
    assert list(ours.payload_types) == theirs.fmt
    assert {number: (one.encoding_name, one.rtp_clock_hz, one.channels) for number, one in ours.rtpmaps.items()} == {
        codec.payloadType: (codec.name, codec.clockRate, codec.channels or 1) for codec in theirs.rtp.codecs
    }
    assert (ours.direction, ours.is_muxed) == (theirs.direction, theirs.rtcp_mux)
    wanted = [(one.ip, one.port) for one in theirs.ice_candidates if one.component == 1 and one.protocol == "udp"]
    assert [str(one) for one in ours.candidates] == [
        f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}" for ip, port in wanted
    ]
    assert ours.is_encrypted


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "session description line 1 is not `letter=value`"),
        (b"o=- 1 1\n", "session description line 1 is not v=0 (RFC 8866 section 5.1)"),
        (b"v=1\n", "session description line 1 is not v=0"),
        (b"v=0\nnonsense\n", "session description line 2 is not `letter=value`"),
        (b"v=0\n=x\n", "session description line 2 is not `letter=value`"),
        (b"v=0\n\nm=audio 1 RTP/AVP 0\n", "session description line 2 is not `letter=value`"),
        (b"v=0\nm=audio 4000 RTP/AVP\n", "session description line 2: m= has 3 fields, at least 4 are needed"),
        (b"v=0\nm=audio 65536 RTP/AVP 0\n", "line 2: the port of m= is not a number from 0 to 65535"),
        (b"v=0\nm=audio x RTP/AVP 0\n", "line 2: the port of m= is not a number from 0 to 65535"),
        (b"v=0\nc=IN IP4\n", "session description line 2: c= is not `IN IP4 address` or `IN IP6 address`"),
        (
            b"v=0\n" + b"a=x\n" * MAX_LINES,
            f"session description has {MAX_LINES + 1} lines, at most {MAX_LINES} are accepted",
        ),
        (b"v=0\n" + b"m=audio 1 RTP/AVP 0\n" * 129, f"line 130: more than {MAX_MEDIA} parts with m="),
        (b"v=0\ns=" + b"x" * MAX_OCTETS, f"session description has 65542 octets, at most {MAX_OCTETS} are accepted"),
    ],
)
def test_a_broken_description_names_line_and_rule(text: bytes, rule: str) -> None:
    with pytest.raises(SdpError, match=re.escape(rule)):
        parse_sdp(text)


@pytest.mark.parametrize(
    "attribute",
    [
        "rtpmap:96",
        "rtpmap:128 PCMU/8000",
        "rtpmap:96 opus",
        "rtpmap:96 opus/x/2",
        "rtpmap:96 opus/99999999/2",
        "fmtp:x a=b",
        "ptime:-20",
        "rtcp:99999",
        "candidate:1 1 udp",
        "rtpmap:96 " + "x" * 5000,
    ],
)
def test_a_broken_attribute_is_left_out_and_noted(attribute: str) -> None:
    description = parse_sdp(f"v=0\nm=audio 4000 RTP/AVP 96 0\na={attribute}\na=rtpmap:0 PCMU/8000\n")
    name = attribute.partition(":")[0]
    assert description.notes == (f"line 3 of a session description: attribute '{name}' is wrong",)
    assert list(description.media[0].rtpmaps) == [0]


def test_odd_but_readable_attributes_are_read() -> None:
    text = "v=0\nc=IN IP4 224.2.1.1/127\nm=audio 4000/2 RTP/AVP 96\na=rtpmap:96  opus/48000/2/ \na=ptime:20.0\n"
    (audio,) = parse_sdp(text).media
    assert (str(audio.rtpmaps[96]), audio.packet_ms, str(audio.addresses[0])) == (
        "opus/48000/2",
        20.0,
        "224.2.1.1:4000",
    )


def test_a_name_or_an_address_of_zeros_is_not_an_address() -> None:
    assert parse_sdp("v=0\nc=IN IP4 phone.example.com\nm=audio 4000 RTP/AVP 0\n").media[0].addresses == ()
    assert parse_sdp("v=0\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\n").media[0].addresses == ()


def test_disturbed_descriptions_raise_the_documented_error_alone() -> None:
    chance = random.Random(8)
    for _ in range(1000):
        octets = bytearray(chance.choice((PHONE, BROWSER)).encode())
        for _ in range(chance.randrange(1, 30)):
            at = chance.randrange(len(octets))
            octets[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        try:
            parse_sdp(bytes(octets))
        except SdpError:
            continue

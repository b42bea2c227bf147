"""Streams of other senders: every packet reads as tshark read it, is built again, and the audio is the recorded one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from rtpcodec import RtpPacket, is_rtcp, payload_format
from rtpcodec.codecs import CodecInfo
from rtpcodec.rtp.profile import STATIC_PAYLOAD_TYPES, RtpMap
from rtpcodec.rtp.sequence import sequence_distance, timestamp_distance
from tests.vectors import SHIPPED, whole_set

FOLDER = (whole_set() or SHIPPED) / "rtp"
FILES = sorted(FOLDER.glob("*.jsonl"))
SENT = [path for path in FILES if path.stem != "aiortc_fixtures"]
CAPTURES = [path for path in SENT if not path.stem.startswith("ffmpeg")]


class Stream(NamedTuple):
    """A file: facts about the whole, and packets with tshark's reading."""

    meta: dict[str, Any]
    datagrams: list[bytes]
    expected: list[dict[str, Any]]


def read(path: Path) -> Stream:
    first, *lines = map(json.loads, path.read_text("utf-8").splitlines())
    return Stream(first["meta"], [bytes.fromhex(line["rtp"]) for line in lines], [line["expect"] for line in lines])


def sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def test_there_are_streams() -> None:
    assert len(FILES) == (19 if whole_set() else 5)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_packets_read_as_tshark_read_them_and_are_built_again(path: Path) -> None:
    stream = read(path)
    assert stream.datagrams
    for datagram, expected in zip(stream.datagrams, stream.expected, strict=True):
        packet = RtpPacket.parse(datagram)
        reading = {
            "version": packet.version,
            "padding": bool(packet.padding),
            "extension": packet.extension is not None,
            "cc": len(packet.csrcs),
            "marker": packet.marker,
            "pt": packet.payload_type,
            "seq": packet.sequence_number,
            "timestamp": packet.timestamp,
            "ssrc": packet.ssrc,
            "csrc": list(packet.csrcs),
            "payload_len": packet.payload_octets,
            "payload_sha256": sha256(packet.payload),
        }
        if packet.padding:
            reading["padding_count"] = packet.padding[-1]
        if packet.extension is not None:
            reading |= {"ext_profile": packet.extension[0], "ext_words": len(packet.extension[1]) // 4}
        assert reading == expected
        assert not is_rtcp(datagram)
        assert built_anew(packet) == datagram


def built_anew(packet: RtpPacket) -> bytes:
    """Build a packet from its fields alone."""
    return RtpPacket(
        payload_type=packet.payload_type,
        sequence_number=packet.sequence_number,
        timestamp=packet.timestamp,
        ssrc=packet.ssrc,
        payload=packet.payload,
        marker=packet.marker,
        csrcs=packet.csrcs,
        extension=packet.extension,
        padding=packet.padding,
    ).build()


def of_type(stream: Stream, payload_type: int) -> Iterator[RtpPacket]:
    return (packet for packet in map(RtpPacket.parse, stream.datagrams) if packet.payload_type == payload_type)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_captured_audio_is_the_recorded_one(path: Path) -> None:
    stream = read(path)
    decoded = 0
    for number, facts in stream.meta["by_payload_type"].items():
        packets = list(of_type(stream, int(number)))
        assert len(packets) == facts["packets"]
        assert sha256(b"".join(packet.payload for packet in packets)) == facts["payload_sha256"]
        if "decoded_s16le_sha256" not in facts:
            continue
        info, rate_hz = STATIC_PAYLOAD_TYPES[int(number)].codec()
        decoder = info.decoder(rate_hz)
        pcm = bytearray()
        for packet in packets:
            room = bytearray(2 * info.samples_in(packet.payload))
            assert packet.decode_into(decoder, room) == len(room) // 2
            pcm += room
        assert len(pcm) == 2 * facts["decoded_samples"]
        assert sha256(np.frombuffer(pcm, np.int16).astype("<i2").tobytes()) == facts["decoded_s16le_sha256"]
        decoded += 1
    assert decoded == (0 if "opus" in path.stem else 1)


@pytest.mark.parametrize("path", [path for path in SENT if "mp3" not in path.stem], ids=lambda path: path.stem)
def test_timestamps_step_by_what_a_payload_lasts(path: Path, usable_codec: Callable[[str], CodecInfo]) -> None:
    """The clock of the payload type's map rules, G722's 8000 included. Where talk spurts begin, time jumps ahead."""
    stream = read(path)
    info, rate_hz = map_of(stream).codec()
    layout = payload_format(info, rate_hz)
    audio = [packet for packet in map(RtpPacket.parse, stream.datagrams) if packet.payload_type not in (13, 96)]
    jumps = 0
    for packet, following in pairwise(audio):
        if sequence_distance(packet.sequence_number, following.sequence_number) == 1:
            step, lasts = timestamp_distance(packet.timestamp, following.timestamp), layout.ticks(packet.payload)
            assert step >= lasts
            jumps += step > lasts
    assert jumps < len(audio) / 20


def map_of(stream: Stream) -> RtpMap:
    lines = str(stream.meta.get("sdp", "")).splitlines()
    maps = [line.partition(" ")[2].removesuffix("/1") for line in lines if line.startswith("a=rtpmap:")]
    number = RtpPacket.parse(stream.datagrams[0]).payload_type
    if maps:
        return RtpMap.parse(maps[0])
    return RtpMap("opus", 48000, 2) if number == 99 else STATIC_PAYLOAD_TYPES[number]


@pytest.mark.parametrize("path", [path for path in SENT if "opus" in path.stem], ids=lambda path: path.stem)
def test_opus_streams_decode_to_their_timestamps(path: Path, usable_codec: Callable[[str], CodecInfo]) -> None:
    """At any rate of the PCM, the audio is as long as the RTP clock says, and is not silent."""
    info = usable_codec("OPUS")
    layout = payload_format(info)
    packets = [packet for packet in map(RtpPacket.parse, read(path).datagrams) if packet.payload_type != 13]
    ticks = sum(layout.ticks(packet.payload) for packet in packets)
    assert {timestamp_distance(*stamps) for stamps in pairwise(packet.timestamp for packet in packets)} == {960}
    for rate_hz in (8000, 16_000, 48_000):
        decoder = info.decoder(rate_hz)
        pcm = b"".join(decoder.decode(frame) for packet in packets for frame in layout.frames(packet.payload))
        assert len(pcm) // 2 == ticks * rate_hz // 48_000
        assert np.abs(np.frombuffer(pcm, np.int16).astype(float)).mean() > 50


def test_amrwb_of_ffmpeg_is_decoded(usable_codec: Callable[[str], CodecInfo]) -> None:
    info = usable_codec("AMR-WB")
    packets = list(map(RtpPacket.parse, read(FOLDER / "ffmpeg_amrwb_oa.jsonl").datagrams))
    layout, decoder = payload_format(info), info.decoder()
    frames = [frame for packet in packets for frame in layout.frames(packet.payload)]
    assert len(frames) == 2 * 34
    assert timestamp_distance(packets[0].timestamp, packets[1].timestamp) == layout.ticks(packets[0].payload) == 10880
    pcm = b"".join(map(decoder.decode, frames))
    assert len(pcm) == 640 * len(frames)
    assert np.abs(np.frombuffer(pcm, np.int16).astype(float)).mean() > 50

"""RTP streams are found without signalling, and nothing else is mistaken for one."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec import RtpPacket
from rtpcodec.errors import UnknownCodec
from rtpcodec.rtp.capture import candidates, discovery
from rtpcodec.rtp.capture.datagrams import Datagram, SocketAddress
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.packet_writer import write_packets
from tests.rtp.capture.noise import FLOWS, Flow, datagrams
from tests.rtp.capture.wire import ALICE, BOB, START_NS, in_order, stream


def test_both_directions_are_one_call() -> None:
    there = stream(100, ALICE, BOB, ssrc=1, payload_type=0)
    back = stream(80, BOB, ALICE, ssrc=2, payload_type=8, start_ms=5)
    report = rtpcodec.find_streams(in_order(there, back))
    assert [(one.ssrc, one.packets, one.expected, one.lost) for one in report.streams] == [
        (1, 100, 100, 0),
        (2, 80, 80, 0),
    ]
    assert [one.codecs[next(iter(one.codecs))].name for one in report.streams] == ["PCMU", "PCMA"]
    (call,) = report.calls
    assert (call.forward, call.backward) == (report.streams[:1], report.streams[1:])
    assert call.paired_by == "addresses"
    assert report.counts.rtp == report.counts.datagrams == 180


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
def test_other_protocols_are_not_streams(flow: Callable[[random.Random], Flow]) -> None:
    noise = datagrams(flow(random.Random(19)), 1000)
    report = find_streams(noise)
    assert report.streams == ()
    assert report.counts.rtp == 0
    assert report.counts.datagrams == 1000


def test_a_stream_is_found_among_all_of_them_at_once() -> None:
    chance = random.Random(5)
    noise = [datagrams(flow(chance), 300) for flow in FLOWS]
    report = find_streams(in_order(stream(100, start_ms=700), *noise))
    assert [(one.ssrc, one.packets, one.lost) for one in report.streams] == [(0x1234, 100, 0)]
    counts = report.counts
    assert (counts.rtp, counts.rtcp, counts.stun, counts.dtls) == (100, 300, 300, 300)


@pytest.mark.parametrize("seed", range(10))
def test_a_stream_with_loss_and_disorder_is_found_whole(seed: int) -> None:
    chance = random.Random(seed)
    packets = [one for one in stream(500, seed=seed, jitter_ms=30) if chance.random() > 0.05]
    (found,) = find_streams(packets).streams
    assert found.packets == len(packets)
    assert found.duplicates == 0


@pytest.mark.parametrize("packet_ms", [2.5, 10, 20, 30, 60, 120])
def test_packets_of_any_length_are_found(packet_ms: float) -> None:
    step = round(8 * packet_ms)
    (found,) = find_streams(stream(30, step_ticks=step, packet_ms=packet_ms)).streams
    assert (found.packets, found.packet_ms) == (30, packet_ms)


def test_a_stream_with_pauses_is_found_from_its_first_packet() -> None:
    # DTX: one packet per 400 ms or even per minute, each with the timestamp of its time.
    packets = []
    at_ms = 0
    for number, pause_ms in enumerate([400, 400, 60_000, 20, 20, 400] * 5):
        packet = RtpPacket(payload_type=13, sequence_number=number, timestamp=8 * at_ms, ssrc=9, payload=b"\x40")
        packets.append(Datagram(START_NS + at_ms * 1_000_000, ALICE, BOB, packet.build(), number))
        at_ms += pause_ms
    (found,) = find_streams(packets).streams
    assert (found.packets, found.lost, found.jitter_ms) == (30, 0, 0.0)


def test_payload_types_that_change_are_one_stream() -> None:
    packets = [
        RtpPacket(
            payload_type=(0, 13, 8, 0)[n // 10 % 4], sequence_number=n, timestamp=160 * n, ssrc=9, payload=bytes(160)
        )
        for n in range(100)
    ]
    sent = [Datagram(START_NS + n * 20_000_000, ALICE, BOB, one.build(), n) for n, one in enumerate(packets)]
    (found,) = find_streams(sent).streams
    assert found.payload_type_packets == {0: 50, 13: 30, 8: 20}
    assert {number: codec.name for number, codec in found.codecs.items()} == {0: "PCMU", 13: "CN", 8: "PCMA"}
    assert (found.packets, found.lost) == (100, 0)


def test_one_ssrc_between_two_pairs_of_addresses_is_two_streams() -> None:
    other = SocketAddress(ALICE.host, 4002)
    report = find_streams(in_order(stream(50), stream(60, other, BOB)))
    assert sorted((one.source.port, one.packets) for one in report.streams) == [(4000, 50), (4002, 60)]


def test_a_pair_of_packets_proves_nothing_and_three_do() -> None:
    assert find_streams(stream(2)).streams == ()
    assert find_streams(stream(3)).streams[0].packets == 3


def test_repeated_packets_prove_nothing() -> None:
    assert find_streams(stream(1) * 50).streams == ()
    (found,) = find_streams([one for one in stream(30) for _ in range(2)]).streams
    assert (found.packets, found.duplicates, found.lost) == (60, 30, 0)


def test_a_flood_of_candidates_stays_within_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MAX_CANDIDATES", 100)
    monkeypatch.setattr(candidates, "MAX_CANDIDATE_OCTETS", 10_000)
    finder = discovery.StreamFinder()
    chance = random.Random(3)
    for one in datagrams(FLOWS[1](chance), 2000):
        finder.receive([one])
        held = finder._candidates
        assert len(held._candidates) <= 100
        assert held._octets == sum(len(d.payload) for c in held._candidates.values() for d in c.datagrams) <= 10_000


def test_streams_beyond_the_limit_are_counted_and_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "MAX_STREAMS", 3)
    report = find_streams(in_order(*(stream(9, ssrc=ssrc) for ssrc in range(5))))
    assert len(report.streams) == 3
    assert report.counts.rtp == 45
    assert report.notes == ("18 packets belong to streams beyond the first 3, which are not listed",)


def test_given_codecs_override_the_table() -> None:
    report = find_streams(stream(20, payload_type=0), codecs={0: "l16/44100/2"})
    codec = report.streams[0].codecs[0]
    assert (codec.name, codec.sample_rate_hz, codec.clock_hz, codec.channels, codec.known_by) == (
        "L16",
        44100,
        44100,
        2,
        "given",
    )


@pytest.mark.parametrize(
    ("codecs", "error", "rule"),
    [
        (
            {0: "FOO"},
            UnknownCodec,
            "no codec is named 'FOO'; known: PCMU, PCMA, G722, L16, OPUS, AMR-WB, telephone-event, CN",
        ),
        ({128: "PCMU"}, ValueError, "payload type is 128, 0 to 127 are allowed"),
        ({96: "L16/x"}, ValueError, "codec is 'L16/x', NAME, NAME/RATE or NAME/RATE/CHANNELS is needed"),
        ({96: "PCMU/16000"}, ValueError, "PCMU has no sample rate of 16000 Hz, only 8000"),
    ],
)
def test_wrong_codecs_are_refused(codecs: dict[int, str], error: type[Exception], rule: str) -> None:
    with pytest.raises(error, match=re.escape(rule)):
        find_streams([], codecs=codecs)


def test_counts_and_notes_of_a_file_are_in_the_report(tmp_path: Path) -> None:
    path = tmp_path / "call.pcap"
    write_packets(path, stream(50))
    report = find_streams(path)
    assert report.file_counts is not None
    assert (report.file_counts.packets, report.streams[0].packets, report.notes) == (50, 50, ())
    path.write_bytes(path.read_bytes()[:-100])
    report = find_streams(BytesIO(path.read_bytes()))
    assert report.streams[0].packets == 49
    assert report.notes == ("the file ends inside packet 50: 130 octets of it are there",)
    assert find_streams(stream(50)).file_counts is None

"""A network that holds one direction for seconds and then delivers it at once: its packets are at their places."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from rtpcodec import RtpPacket, codec
from rtpcodec.rtp.capture.call_decoding import decode_datagrams
from rtpcodec.rtp.capture.discovery import StreamFinder
from rtpcodec.rtp.capture.report import CapturedCall, StreamCodec
from rtpcodec.rtp.capture.sound import StreamSound
from tests.rtp.capture.made_calls import OPUS, PCMU, A, B, Kept, Sender, decoded, packets, report_of
from tests.rtp.capture.test_decoding import heard, pieces, speech, ulaw
from tests.rtp.capture.test_disturbed_calls import TYPE, random_stream
from tests.traced_memory import traced

BEGIN_MS = 500.0


def stalled(sender: Sender, stall_ms: float, begin_ms: float = BEGIN_MS) -> Sender:
    """Hold all packets sent during a stall until its end."""
    end_ms = begin_ms + stall_ms
    sender.sent = [(max(at, end_ms) if at >= begin_ms else at, one) for at, one in sender.sent]
    return sender


def side(payloads: list[bytes], of: StreamCodec, *, is_backward: bool = False) -> Sender:
    ssrc, payload_type = 2 if is_backward else 1, 0 if of is PCMU else TYPE
    source, destination = (B, A) if is_backward else (A, B)
    sender = Sender(codecs={payload_type: of}, ssrc=ssrc, source=source, destination=destination)
    sender.send(packets(payloads, of=of, payload_type=payload_type, ssrc=ssrc), 0)
    return sender


def changed(packet: RtpPacket, **given: Any) -> RtpPacket:
    names = ("payload_type", "sequence_number", "timestamp", "ssrc", "marker", "payload")
    return RtpPacket(**{name: getattr(packet, name) for name in names} | given)


def came(stream: StreamSound) -> int:
    """Return the sum of a stream's counts, which leave out events and comfort noise."""
    return (
        stream.decoded_packets + stream.duplicate_packets + stream.late_packets + stream.undecoded_packets
        + stream.damaged_packets + stream.parallel_packets + stream.discarded_packets + stream.empty_packets
    )  # fmt: skip


@pytest.mark.parametrize("stall_ms", [4000, 8000, 30_000])
def test_a_direction_that_stalls_is_whole(stall_ms: int) -> None:
    payload, other = ulaw(8 * 10_400), ulaw(8 * 10_400, seed=2)
    sides = stalled(side(pieces(payload, 160), PCMU), stall_ms), side(pieces(other, 160), PCMU, is_backward=True)
    for channel in (0, 1):
        kept, sound = decoded([sides[channel]], [sides[1 - channel]])
        assert (kept.channel(channel), kept.channel(1 - channel)) == (heard(payload), heard(other))
        assert [track.streams[0].paused_ms for track in sound.tracks] == [0, 0]
        assert sound.notes == ()
    assert bytes(decoded([sides[0]])[0].pcm) == heard(payload)


@pytest.mark.parametrize("stall_ms", [4000, 8000])
def test_opus_that_stalls_is_whole(stall_ms: int) -> None:
    encoder, decoder = codec("OPUS").encoder(16_000), codec("OPUS").decoder(16_000)
    frames = [encoder.encode(piece) for piece in pieces(speech(16_000 * 10, 16_000), 640)]
    expected = b"".join(map(decoder.decode, frames))
    forward = stalled(side(frames, OPUS), stall_ms)
    kept, _ = decoded([forward], [side(frames, OPUS, is_backward=True)], pcm_hz=16_000)
    assert (kept.channel(0), kept.channel(1)) == (expected, expected)


def test_the_search_for_streams_measures_how_late_packets_came() -> None:
    sides = (
        stalled(side(pieces(ulaw(80_000), 160), PCMU), 8000),
        side(pieces(ulaw(80_000), 160), PCMU, is_backward=True),
    )
    datagrams = sorted((one for sender in sides for one in sender.datagrams()), key=lambda one: one.time_ns)
    finder = StreamFinder()
    finder.receive(datagrams)
    report = finder.report()
    assert {one.ssrc: one.max_delay_ms for one in report.streams} == {1: 8000, 2: 0}
    kept = Kept()
    kept.channels = 2
    (sound,) = decode_datagrams(datagrams, report, lambda *_: kept)
    assert [track.streams[0].decoded_packets for track in sound.tracks] == [500, 500]


def test_packets_that_arrive_too_late_are_counted() -> None:
    payload = ulaw(8 * 100_000)
    forward = stalled(side(pieces(payload, 160), PCMU), 90_000)
    _, sound = decoded([forward], [side(pieces(payload, 160), PCMU, is_backward=True)])
    (stream,) = sound.tracks[0].streams
    # When they arrive, 27.5 s of the 90.5 s have been filled.
    assert 1300 < stream.discarded_packets < 1380
    assert came(stream) == 5000
    assert sound.notes == (
        f"{stream.discarded_packets} packets of stream 0x00000001 are not heard: their place already had other sound",
    )


def test_memory_is_bounded_while_a_direction_is_waited_for() -> None:
    silence = [bytes([255]) * 160] * 4000

    def peak_octets(late_ms: float | None) -> int:
        sides = side(silence[:1], PCMU), side(silence, PCMU, is_backward=True)
        datagrams = sorted((one for sender in sides for one in sender.datagrams()), key=lambda one: one.time_ns)
        forward, backward = (replace(sender.stream(), max_delay_ms=late_ms) for sender in sides)
        report = report_of([CapturedCall(forward=(forward,), backward=(backward,))])
        with traced():
            decode_datagrams(datagrams, report, lambda *_: None)
            return tracemalloc.get_traced_memory()[1]

    assert peak_octets(0) < 500_000
    assert peak_octets(None) < 500_000 + 2 * 8 * 63_000 * 2


@pytest.mark.parametrize("seed", range(12))
def test_every_packet_is_decoded_or_counted(seed: int) -> None:
    chance = Random(seed)
    sides = random_stream(chance)[0], random_stream(chance)[0]
    sides[1].source, sides[1].destination, sides[1].ssrc = B, A, 0xBEEF
    sides[1].sent = [(at, changed(one, ssrc=0xBEEF)) for at, one in sides[1].sent]
    for sender in sides:
        jitter_ms, loss = chance.choice((0, 20, 150, 1500)), chance.choice((0, 0.02, 0.3))
        doubled = chance.choice((0, 0.05))
        first, *rest = (one for one in sender.sent if one[1].payload_type == TYPE)
        kept = [(at + chance.uniform(0, jitter_ms), one) for at, one in rest if chance.random() >= loss]
        kept += [(at + chance.uniform(1, 60), one) for at, one in kept if chance.random() < doubled]
        kept = [(at, changed(one, payload=b"") if chance.random() < 0.01 else one) for at, one in kept]
        kept = [(at, changed(one, payload_type=55) if chance.random() < 0.01 else one) for at, one in kept]
        sender.sent = [first, *kept]
        stalled(sender, chance.choice((0, 2000, 8000, 90_000)), chance.uniform(500, 3000))
        sender.sent.sort(key=lambda one: one[0])
    _, sound = decoded([sides[0]], [sides[1]])
    for sender, track in zip(sides, sound.tracks, strict=True):
        (stream,) = track.streams
        assert came(stream) == len(sender.sent)

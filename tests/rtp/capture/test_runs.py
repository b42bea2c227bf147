"""Ordinary packets are played several at once: the sound is that of each packet on its own.

A marker keeps a packet out of a run and changes nothing else, so every call is decoded twice: as it is, and with the
marker in all of its packets.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from rtpcodec import RtpPacket, codec
from rtpcodec.rtp.capture.call_decoding import decode_datagrams
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.report import CapturedCall, StreamCodec
from rtpcodec.rtp.capture.sound import CallSound, Gaps
from rtpcodec.rtp.capture.timeline import CallTimeline
from rtpcodec.rtp.capture.track import StreamTrack
from rtpcodec.rtp.payloads.comfort_noise import ComfortNoise
from tests.rtp.capture.made_calls import (
    BEGIN_NS,
    CN,
    EVENT,
    G722,
    MS,
    OPUS,
    PCMA,
    PCMU,
    A,
    B,
    Kept,
    Sender,
    l16,
    packetizer,
    packets,
    report_of,
)
from tests.rtp.capture.test_decoding import pieces, ulaw

TYPE = 97
PACKETS = 160
CODECS = {0: PCMU, 8: PCMA, 9: G722, 13: CN, 101: EVENT}
SAMPLE_CODECS = [PCMU, PCMA, G722, l16(8000), l16(16_000), l16(44_100, 2), l16(48_000)]


class KeptWrites(Kept):
    """A sink that keeps each piece apart."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, pcm: bytes) -> None:
        self.writes.append(pcm)


def with_markers(datagrams: Sequence[Datagram]) -> list[Datagram]:
    return [one._replace(payload=bytes([one.payload[0], one.payload[1] | 0x80]) + one.payload[2:]) for one in datagrams]


def sound_of(
    call: CapturedCall, datagrams: Sequence[Datagram], pcm_hz: int | None = None, gaps: Gaps = "conceal"
) -> tuple[list[bytes], list[CallSound]]:
    kept = KeptWrites()
    sounds = decode_datagrams(datagrams, report_of([call]), lambda *_: kept, pcm_hz=pcm_hz, gaps=gaps)
    return kept.writes, sounds


def type_of(of: StreamCodec) -> int:
    return {"PCMU": 0, "PCMA": 8, "G722": 9}.get(of.name, TYPE)


def random_sender(chance: Random, ssrc: int, *, backward: bool) -> Sender:
    """Return a stream with everything that ends a run, and ordinary packets between."""
    of = chance.choice(SAMPLE_CODECS)
    ms = chance.choice((5, 10, 20, 20, 20, 30, 60))
    clock_hz = of.clock_hz or 8000
    ticks = clock_hz * ms // 1000
    unit = 2 * of.channels if of.name == "L16" else 1
    sender = Sender(codecs=CODECS | {type_of(of): of}, ssrc=ssrc, packet_ms=ms)
    if backward:
        sender.source, sender.destination = B, A
    number, timestamp = chance.choice((65_400, 7)), chance.choice((2**32 - 50 * ticks, 0))
    at_ms, odd = 0.0, chance.choice((0, 0.01, 0.05))

    def send(payload: bytes, kind: int) -> None:
        nonlocal number
        packet = RtpPacket(
            payload_type=kind, sequence_number=number & 0xFFFF, timestamp=timestamp & 0xFFFF_FFFF, ssrc=ssrc,
            payload=payload, extension=(0xBEDE, bytes(4)) if chance.random() < odd / 4 else None,
        )  # fmt: skip
        sender.sent.append((at_ms, packet))
        number += 1

    for _ in range(PACKETS):
        send(chance.randbytes(unit * ticks), type_of(of))
        timestamp += ticks
        at_ms += ms
        if chance.random() >= odd:
            continue
        kind = chance.choice(("noise", "key", "timestamp", "number", "payload", "pause", "arrival"))
        if kind == "noise":
            send(ComfortNoise(-50).build(), 13)
        elif kind == "key":
            send(bytes([5, 10, 0, 160]), 101)
        elif kind == "payload":
            send(chance.randbytes(33), chance.choice((0, 8, 9, 55)))
        pause = {"noise": 40, "pause": 300}.get(kind, 0)
        timestamp += pause * ticks + (chance.choice((1, -1, 77, -80 * ticks, 1 << 30)) if kind == "timestamp" else 0)
        number += chance.choice((2, 5, 2000, -4)) if kind == "number" else 0
        at_ms += pause * ms + (chance.choice((1500, -300)) if kind == "arrival" else 0)
    return sender


def disturb(chance: Random, sender: Sender) -> Sender:
    loss, jitter_ms = chance.choice((0, 0, 0.02, 0.1)), chance.choice((0, 0, 9, 70))
    first, *rest = sender.sent
    kept = [(at_ms + chance.uniform(0, jitter_ms), one) for at_ms, one in rest if chance.random() >= loss]
    kept += [(at_ms + 7, one) for at_ms, one in kept if chance.random() < loss / 4]
    sender.sent = [first, *kept]
    return sender


@pytest.mark.parametrize("seed", [*range(16), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(16, 120))])
def test_a_run_sounds_as_its_packets_do(seed: int) -> None:
    chance = Random(seed)
    ways = [
        [
            disturb(chance, random_sender(chance, 10 * way + n, backward=bool(way)))
            for n in range(chance.choice((1, 1, 2)))
        ]
        for way in range(2)
    ]
    # A direction that begins late, or lags behind the other one by nearly as much as it may.
    for senders, later_ms in zip(ways, ((0, 0), (0, 0), (0, 900), (0, 2950), (4000, 0))[seed % 5], strict=True):
        for n, sender in enumerate(senders):
            sender.sent = [(at_ms + later_ms + 3000 * n, one) for at_ms, one in sender.sent]
    call = CapturedCall(forward=tuple(one.stream() for one in ways[0]), backward=tuple(one.stream() for one in ways[1]))
    sent = [one for senders in ways for sender in senders for one in sender.datagrams()]
    sent.sort(key=lambda one: one.time_ns)
    pcm_hz = chance.choice((None, None, 8000, 16_000, 48_000))
    for gaps in ("conceal", "silence") if seed % 8 == 0 else ("conceal",):
        assert sound_of(call, sent, pcm_hz, gaps) == sound_of(call, with_markers(sent), pcm_hz, gaps)


def test_a_direction_far_behind_the_other_sounds_the_same() -> None:
    """Its run is played before the track is filled for it."""
    payload = ulaw(64_000)
    ahead, behind = Sender(), Sender(ssrc=2, source=B, destination=A)
    ahead.send(packets(pieces(payload, 160)), 0)
    behind.send(packets(pieces(payload, 160), ssrc=2), 0)
    # One is captured at once where the other one is in the middle of a run.
    ahead.sent = [(min(at_ms, 1010 + number / 1000), one) for number, (at_ms, one) in enumerate(ahead.sent)]
    call = CapturedCall(forward=(ahead.stream(),), backward=(behind.stream(),))
    for cut in range(12):
        sent = sorted(ahead.datagrams()[: 200 + cut] + behind.datagrams(), key=lambda one: one.time_ns)
        assert sound_of(call, sent) == sound_of(call, with_markers(sent))


def track_of(of: StreamCodec, kind: int, rate_hz: int = 48_000) -> tuple[StreamTrack, Sender]:
    sender = Sender(codecs=CODECS | {kind: of})
    stream = packetizer(of, kind, timestamp=0)
    unit = 2 if of.name == "L16" else 1
    frame = (
        bytes(unit * (of.clock_hz or 8000) // 50)
        if of.name != "OPUS"
        else codec("OPUS").encoder(8000).encode(bytes(320))
    )
    sender.send([one for _ in range(20) for one in stream.packetize(frame)], 0)
    track = CallTimeline(rate_hz, [0.0], None).tracks[0]
    clock_hz = of.clock_hz or 8000
    return StreamTrack(sender.stream(), track, 0, clock_hz, "conceal", shift_ns=-BEGIN_NS), sender


@pytest.mark.parametrize(
    ("of", "is_run"), [*((one, True) for one in SAMPLE_CODECS if one.channels == 1), (OPUS, False)]
)
def test_ordinary_packets_of_sample_codecs_are_runs(of: StreamCodec, is_run: bool) -> None:
    track, sender = track_of(of, type_of(of))
    for at_ms, packet in sender.sent:
        track.put(packet, BEGIN_NS + round(at_ms * MS))
    track.open_run(sender.sent[-1][1])
    assert track.run.is_open == is_run


@pytest.mark.parametrize(("number", "timestamp"), [(0x10000 - 24, 0), (0, 2**32 - 160 * 24), (0, 0)])
def test_a_run_ends_before_its_numbers_wrap(number: int, timestamp: int) -> None:
    """Else the timestamp's carry would look like a sequence number."""
    track, _ = track_of(PCMU, 0)
    made = [
        RtpPacket(payload_type=0, sequence_number=number + n, timestamp=timestamp + 160 * n, ssrc=1, payload=bytes(160))
        for n in range(21)
    ]
    for n, packet in enumerate(made):
        track.put(packet, BEGIN_NS + 20 * MS * n)
    track.open_run(made[-1])
    assert track.run.is_open == (number == timestamp == 0)

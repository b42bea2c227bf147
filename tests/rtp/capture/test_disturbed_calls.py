"""Streams with all disturbances at once: every packet that arrived is at its place, and no error is raised."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from rtpcodec import RtpPacket, codec
from rtpcodec.codecs import FecDecoder
from rtpcodec.rtp.capture.report import StreamCodec
from rtpcodec.rtp.capture.sound import Gaps
from rtpcodec.rtp.payloads.comfort_noise import ComfortNoise
from tests.rtp.capture.made_calls import CN, EVENT, G722, OPUS, PCMU, A, B, Sender, decoded, l16, packetizer, packets
from tests.rtp.capture.test_decoding import heard, pieces, speech, ulaw

RATE_HZ = 8000
FADED_SAMPLES = 20
"""2.5 ms after a concealed gap are cross-faded."""
TYPE = 97


def numbered(number: int, samples: int) -> bytes:
    """Return samples that identify their packet."""
    return (1000 + number).to_bytes(2, "big") * samples


def random_stream(chance: Random) -> tuple[Sender, dict[int, int], int]:
    """Return a sender, the place of each packet by its number, and the length of a packet."""
    of = {TYPE: l16(RATE_HZ), 13: CN, 101: EVENT}
    samples = chance.choice((80, 160, 240, 480))
    stream, sender, places = (
        packetizer(l16(RATE_HZ), TYPE, timestamp=chance.getrandbits(32)),
        Sender(codecs=of, packet_ms=samples / 8),
        {},
    )
    stream.sequence_number = chance.getrandbits(16)
    begin, at = stream.timestamp, 0
    for number in range(200):
        kind = chance.random()
        if number and kind < 0.02:
            pause = chance.randrange(100, 20_000)
            sender.send([stream.packet(ComfortNoise(-60).build(), payload_type=13)], at / 8)
            stream.silence(pause)
            at += pause
        elif number and kind < 0.04:
            for repeat in range(1, 6):
                event = stream.packet(bytes([5, 10, 0, 32 * repeat]), payload_type=101)
                sender.send([event], (at + 160 * repeat) / 8)
            stream.silence(800)
            at += 800
        (packet,) = stream.packetize(numbered(number, samples))
        sender.send([packet], at / 8)
        places[number] = at
        at += samples
    assert begin == sender.sent[0][1].timestamp
    return sender, places, samples


@pytest.mark.parametrize("gaps", ["conceal", "silence"])
@pytest.mark.parametrize("seed", [*range(8), 14, 89])
def test_every_packet_that_arrived_is_at_its_place(seed: int, gaps: Gaps) -> None:
    chance = Random(seed)
    sender, places, samples = random_stream(chance)
    loss, jitter_ms = chance.choice((0, 0.01, 0.1, 0.3)), chance.choice((0, 15, 60, 150))
    first, *rest = sender.sent
    kept = [one for one in rest if chance.random() >= loss]
    kept += [(at + 5, one) for at, one in kept if chance.random() < 0.02]
    # The first packet is on time, so that the place of the others is known.
    sender.sent = [first, *((at + chance.uniform(0, jitter_ms), one) for at, one in kept)]
    arrived = {int.from_bytes(one.payload[:2], "big") - 1000 for _, one in sender.sent if one.payload_type == TYPE}
    sink, sound = decoded([sender], gaps=gaps)
    found = np.frombuffer(sink.pcm, np.int16)
    faded = FADED_SAMPLES if gaps == "conceal" and loss else 0
    for number in arrived:
        place = places[number]
        assert set(found[place + faded : place + samples].tolist()) == {1000 + number}
    (stream,) = sound.tracks[0].streams
    assert stream.decoded_packets == len(arrived)
    if not loss:
        assert stream.concealed_ms == 0


@pytest.mark.parametrize("seed", [*range(12), 45, 60])
def test_nonsense_raises_nothing(seed: int) -> None:
    """Headers and payloads at random: sound of a length that the arrival bounds."""
    chance = Random(seed)
    codecs = {TYPE: chance.choice((OPUS, l16(16_000), l16(48_000, 2))), 0: PCMU, 9: G722, 13: CN, 101: EVENT}
    sender = Sender(codecs=codecs)
    number, timestamp = chance.getrandbits(16), chance.getrandbits(32)
    for step in range(300):
        if chance.random() < 0.05:
            number, timestamp = chance.getrandbits(16), chance.getrandbits(32)
        number, timestamp = (number + 1) & 0xFFFF, (timestamp + chance.choice((0, 160, 160, 320, 961))) & 0xFFFF_FFFF
        packet = RtpPacket(
            payload_type=chance.choice((0, 0, 0, 9, 13, 101, TYPE, TYPE, 55)),
            sequence_number=number,
            timestamp=timestamp,
            ssrc=sender.ssrc,
            payload=chance.randbytes(chance.choice((0, 1, 4, 33, 160, 321))),
        )
        sender.send([packet], 20 * step + chance.uniform(0, 30))
    kept, sound = decoded([sender], pcm_hz=chance.choice((None, 8000, 44_100)))
    assert len(kept.pcm) == 2 * sound.samples
    # Six seconds passed; each restart may add the duration of its packets.
    assert sound.duration_ms < 60_000


@pytest.mark.parametrize("years", [-50, 50])
def test_a_clock_set_in_mid_call_adds_no_silence(years: int) -> None:
    payload = ulaw(16_000)
    sender = Sender()
    sender.send(packets(pieces(payload, 160)), 0)
    moved_ms = years * 365 * 86_400_000
    sender.sent[50:] = [(at_ms + moved_ms, one) for at_ms, one in sender.sent[50:]]
    in_order = sorted(sender.sent, key=lambda one: one[1].timestamp - (one[1].timestamp > 0x8000_0000) * 2**32)
    kept, _ = decoded([sender], datagrams=replace(sender, sent=in_order).datagrams())
    assert bytes(kept.pcm) == heard(payload)


def test_a_side_whose_time_is_damaged_continues_at_once() -> None:
    payload = ulaw(8000)
    sides = Sender(), Sender(ssrc=2, source=B, destination=A)
    sides[0].send(packets(pieces(payload, 160)), 0)
    sides[1].send(packets(pieces(payload, 160), ssrc=2), 50 * 365 * 86_400_000)
    kept, sound = decoded([sides[0]], [sides[1]])
    assert sound.samples <= 17_000
    assert heard(payload) in kept.channel(1)


def test_lost_opus_packets_come_from_the_copy_in_the_next_one() -> None:
    encoder = codec("OPUS").encoder(16_000, fec=True, expected_loss_percent=30, bitrate=32_000)
    pcm = speech(32_000, 16_000)
    made = packets([encoder.encode(piece) for piece in pieces(pcm, 640)], of=OPUS, payload_type=TYPE)
    lost = range(20, 100, 10)
    sender = Sender(codecs={TYPE: OPUS})
    sender.send(made, 0)
    sender.sent = [one for number, one in enumerate(sender.sent) if number not in lost]
    decoder = codec("OPUS").decoder(16_000)
    assert isinstance(decoder, FecDecoder)
    expected = b""
    for number, packet in enumerate(made):
        if number not in lost:
            expected += decoder.decode_fec(packet.payload, 320) if number - 1 in lost else b""
            expected += decoder.decode(packet.payload)
    kept, sound = decoded([sender], pcm_hz=16_000)
    assert bytes(kept.pcm) == expected
    assert sound.tracks[0].streams[0].concealed_ms == 20 * len(lost)


def test_two_channels_of_a_payload_are_their_mean() -> None:
    of = l16(16_000, 2)
    left, right = (np.frombuffer(speech(16_000, 16_000, seed=seed), np.int16) for seed in (1, 2))
    payload = np.stack([left, right], axis=1).astype(">i2").tobytes()
    sender = Sender(codecs={TYPE: of})
    stream = packetizer(of, TYPE)
    begin = stream.timestamp
    made = [
        stream.packet(piece, timestamp=(begin + 320 * number) & 0xFFFF_FFFF)
        for number, piece in enumerate(pieces(payload, 1280))
    ]
    sender.send(made, 0)
    kept, sound = decoded([sender])
    mean = np.frombuffer(kept.pcm, np.int16).astype(int) - (left.astype(int) + right) / 2
    assert sound.samples == 16_000
    assert np.abs(mean).max() <= 0.5


def test_a_payload_type_of_another_clock_continues_the_sound() -> None:
    """RFC 7160: a sender that changes from PCMU to Opus under one SSRC."""
    first, second = ulaw(8000), speech(16_000, 16_000)
    stream = packetizer(PCMU, 0)
    sender = Sender(codecs={0: PCMU, TYPE: OPUS})
    sender.send([one for piece in pieces(first, 160) for one in stream.packetize(piece)], 0)
    frames = [codec("OPUS").encoder(16_000).encode(piece) for piece in pieces(second, 640)]
    sender.send(
        [stream.packet(frame, payload_type=TYPE, timestamp=960 * number) for number, frame in enumerate(frames)], 1000
    )
    kept, sound = decoded([sender], pcm_hz=8000)
    assert sound.samples == 16_000
    assert bytes(kept.pcm)[:16_000] == heard(first)
    decoder = codec("OPUS").decoder(8000)
    assert bytes(kept.pcm)[16_000:] == b"".join(map(decoder.decode, frames))


def test_rtcp_on_the_port_of_the_audio_is_not_played() -> None:
    payload = ulaw(1600)
    sender = Sender()
    sender.send(packets(pieces(payload, 160)), 0)
    report = bytes.fromhex("80c80006") + (0x1234).to_bytes(4, "big") + sender.ssrc.to_bytes(4, "big") + bytes(16)
    datagrams = sender.datagrams()
    datagrams.insert(5, datagrams[5]._replace(payload=report))
    kept, _ = decoded([sender], datagrams=datagrams)
    assert bytes(kept.pcm) == heard(payload)


def unknown_type() -> StreamCodec:
    return StreamCodec(name="GSM", sample_rate_hz=8000, clock_hz=8000, known_by="static")


def test_packets_that_are_not_decoded_are_silent_and_counted() -> None:
    payload = ulaw(3200)
    sender = Sender(codecs={0: PCMU, 3: unknown_type()})
    made = packets(pieces(payload, 160))
    made[5:8] = [RtpPacket(payload_type=3, sequence_number=one.sequence_number, timestamp=one.timestamp,
                           ssrc=one.ssrc, payload=bytes(33)) for one in made[5:8]]  # fmt: skip
    sender.send(made, 0)
    kept, sound = decoded([sender])
    pcm = heard(payload)
    assert bytes(kept.pcm) == pcm[:1600] + bytes(960) + pcm[2560:]
    (found,) = sound.tracks[0].streams
    assert (found.undecoded_packets, found.concealed_ms, found.notes) == (3, 0, ("GSM is not decoded here",))

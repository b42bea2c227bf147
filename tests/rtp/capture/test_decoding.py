"""Captured calls are decoded with every sample at the place of its timestamp."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
import pytest

from rtpcodec import RtpPacket, codec
from rtpcodec.audio.levels import rms_dbov
from rtpcodec.audio.resample import Resampler
from rtpcodec.rtp.capture.report import StreamCodec
from rtpcodec.rtp.capture.sound import Gaps
from rtpcodec.rtp.payloads import payload_format
from rtpcodec.rtp.payloads.comfort_noise import ComfortNoise
from rtpcodec.rtp.payloads.telephone_event import digit_packets
from tests.rtp.capture.made_calls import (
    AMRWB,
    CN,
    EVENT,
    G722,
    OPUS,
    PCMA,
    PCMU,
    Sender,
    decoded,
    l16,
    packetizer,
    packets,
)


def speech(samples: int, rate_hz: int = 8000, seed: int = 1) -> bytes:
    """Return tones of changing loudness, without repetition."""
    random = np.random.default_rng(seed)
    time_s = np.arange(samples) / rate_hz
    tone = np.sin(2 * np.pi * (200 + 40 * np.sin(time_s * 3)) * time_s) * (0.6 + 0.4 * np.sin(time_s * 7))
    return (tone * 9000 + random.normal(0, 200, samples)).astype(np.int16).tobytes()


def pieces(octets: bytes, size: int) -> list[bytes]:
    return [octets[at : at + size] for at in range(0, len(octets), size)]


def test_one_stream_is_its_payloads_decoded() -> None:
    payload = codec("PCMU").encoder().encode(speech(8000))
    sender = Sender()
    sender.send(packets(pieces(payload, 160)), 100)
    kept, sound = decoded([sender])
    assert bytes(kept.pcm) == codec("PCMU").decoder().decode(payload)
    assert (kept.rate_hz, kept.channels, kept.left_by) == (8000, 1, [None])
    assert (sound.samples, sound.alignment, sound.tracks[0].streams[0].decoded_packets) == (8000, None, 50)


def ulaw(samples: int, seed: int = 1) -> bytes:
    return codec("PCMU").encoder().encode(speech(samples, seed=seed))


def heard(payload: bytes) -> bytes:
    return codec("PCMU").decoder().decode(payload)


def disturbed(
    sender: Sender, *, keep: Callable[[int], bool] = lambda _number: True, delay_ms: Callable[[int], float]
) -> Sender:
    sender.sent = [(at + delay_ms(number), one) for number, (at, one) in enumerate(sender.sent) if keep(number)]
    return sender


def test_jitter_reordering_and_duplicates_change_nothing() -> None:
    payload, random = ulaw(16_000), Random(7)
    sender = Sender()
    sender.send(packets(pieces(payload, 160)), 0)
    sender.sent += [(at_ms + 3, packet) for at_ms, packet in sender.sent[::9]]
    disturbed(sender, delay_ms=lambda number: 0 if number == 50 else 80 if number == 0 else random.uniform(0, 90))
    kept, sound = decoded([sender])
    assert bytes(kept.pcm) == heard(payload)
    (stream,) = sound.tracks[0].streams
    assert stream.duplicate_packets >= 10
    assert stream.concealed_ms == 0


@pytest.mark.parametrize("gaps", ["conceal", "silence"])
def test_lost_packets_keep_the_place_of_the_others(gaps: Gaps) -> None:
    payload = ulaw(16_000)
    lost = {10, 40, 41, 42, 70}
    sender = Sender()
    sender.send(packets(pieces(payload, 160)), 0)
    disturbed(sender, keep=lambda number: number not in lost, delay_ms=lambda _number: 0)
    kept, sound = decoded([sender], gaps=gaps)
    found, wanted = np.frombuffer(kept.pcm, np.int16), np.frombuffer(heard(payload), np.int16)
    assert len(found) == len(wanted) == 16_000
    is_lost = np.repeat([number in lost for number in range(100)], 160)
    fading = np.zeros(16_000, bool)
    if gaps == "conceal":
        for number in lost:
            fading[160 * (number + 1) : 160 * (number + 1) + 20] = True  # 2.5 ms are cross-faded
    assert np.array_equal(found[~is_lost & ~fading], wanted[~is_lost & ~fading])
    assert bool(np.any(found[is_lost])) == (gaps == "conceal")
    (stream,) = sound.tracks[0].streams
    assert stream.concealed_ms == 100
    assert sum(sound.tracks[0].series.lost) == 5


def test_a_pause_of_the_sender_is_silent_and_no_loss() -> None:
    payload = ulaw(3200)
    stream = packetizer(PCMU, 0)
    sender = Sender()
    sender.send([one for piece in pieces(payload[:1600], 160) for one in stream.packetize(piece)], 0)
    stream.silence(80_000)
    sender.send([one for piece in pieces(payload[1600:], 160) for one in stream.packetize(piece)], 10_200)
    kept, sound = decoded([sender])
    pcm = heard(payload)
    assert bytes(kept.pcm) == pcm[:3200] + bytes(160_000) + pcm[3200:]
    assert sound.tracks[0].streams[0].concealed_ms == 0
    assert sound.tracks[0].streams[0].paused_ms == 10_000


def test_comfort_noise_fills_the_pause_that_it_describes() -> None:
    payload = ulaw(3200)
    stream = packetizer(PCMU, 0)
    sender = Sender(codecs={0: PCMU, 13: CN})
    sender.send([one for piece in pieces(payload[:1600], 160) for one in stream.packetize(piece)], 0)
    sender.send([stream.packet(ComfortNoise(-40).build(), payload_type=13)], 200)
    stream.silence(16_000)
    sender.send([one for piece in pieces(payload[1600:], 160) for one in stream.packetize(piece)], 2200)
    kept, sound = decoded([sender])
    pcm = heard(payload)
    assert bytes(kept.pcm)[:3200] == pcm[:3200]
    assert bytes(kept.pcm)[-3200:] == pcm[3200:]
    noise = bytes(kept.pcm)[3200:-3200]
    assert len(noise) == 32_000
    assert rms_dbov(noise[1600:]) == pytest.approx(-40, abs=0.5)
    assert sound.tracks[0].streams[0].concealed_ms == 0


def test_keys_leave_no_gap_and_are_no_loss() -> None:
    payload = ulaw(3200)
    stream = packetizer(PCMU, 0)
    sender = Sender(codecs={0: PCMU, 101: EVENT})
    sender.send([one for piece in pieces(payload[:1600], 160) for one in stream.packetize(piece)], 0)
    timed = digit_packets(stream, "5", 100, payload_type=101, rtp_clock_hz=8000)
    sender.sent += [(200 + one.after_ms, one.packet) for one in timed if one.after_ms != 60]
    sender.send([one for piece in pieces(payload[1600:], 160) for one in stream.packetize(piece)], 300)
    kept, sound = decoded([sender])
    pcm = heard(payload)
    assert bytes(kept.pcm) == pcm[:3200] + bytes(1600) + pcm[3200:]
    assert sound.tracks[0].streams[0].concealed_ms == 0


def test_a_codec_that_changes_in_the_stream_continues_at_its_rate() -> None:
    stream = packetizer(PCMU, 0)
    first, second = ulaw(8000), speech(16_000, 16_000)
    coded = codec("G722").encoder().encode(second)
    sender = Sender(codecs={0: PCMU, 9: G722})
    sender.send([one for piece in pieces(first, 160) for one in stream.packetize(piece)], 0)
    later = [stream.packet(piece, payload_type=9, timestamp=stream.timestamp + 160 * number)
             for number, piece in enumerate(pieces(coded, 160))]  # fmt: skip
    sender.send(later, 1000)
    kept, sound = decoded([sender])
    assert (kept.rate_hz, sound.samples) == (16_000, 32_000)
    resampler = Resampler(8000, 16_000)
    up = (resampler.resample(heard(first)) + resampler.flush())[2 * resampler.delay_samples :]
    assert bytes(kept.pcm) == up + codec("G722").decoder().decode(coded)


def test_timestamps_that_restart_continue_the_sound() -> None:
    payload = ulaw(16_000)
    sender = Sender()
    sender.send(packets(pieces(payload[:8000], 160)), 0)
    after = packetizer(PCMU, 0, timestamp=77)
    after.sequence_number = (65_530 + 50) & 0xFFFF
    sender.send([one for piece in pieces(payload[8000:], 160) for one in after.packetize(piece)], 1000)
    kept, sound = decoded([sender])
    assert bytes(kept.pcm) == heard(payload)
    assert sound.tracks[0].streams[0].jumps == 1


def test_a_single_odd_timestamp_changes_nothing() -> None:
    payload = ulaw(16_000)
    made = packets(pieces(payload, 160))
    odd = made[30]
    made[30] = RtpPacket(payload_type=0, sequence_number=odd.sequence_number, timestamp=odd.timestamp ^ 0x4000_0000,
                         ssrc=odd.ssrc, payload=odd.payload)  # fmt: skip
    sender = Sender()
    sender.send(made, 0)
    kept, sound = decoded([sender])
    assert bytes(kept.pcm) == heard(payload)
    assert sound.tracks[0].streams[0].jumps == 0


def test_another_ssrc_continues_the_track() -> None:
    payload = ulaw(16_000)
    first, second = Sender(), Sender(ssrc=0xBEEF)
    first.send(packets(pieces(payload[:8000], 160)), 0)
    second.send(packets(pieces(payload[8000:], 160), ssrc=0xBEEF, timestamp=5), 1000)
    kept, sound = decoded([first, second])
    assert bytes(kept.pcm) == heard(payload)
    assert [stream.decoded_packets for stream in sound.tracks[0].streams] == [50, 50]


def test_a_second_stream_at_the_same_time_waits_until_the_first_is_over() -> None:
    first, second = Sender(), Sender(ssrc=0xBEEF)
    one, two = ulaw(8000), ulaw(24_000, seed=2)
    first.send(packets(pieces(one, 160)), 0)
    second.send(packets(pieces(two, 160), ssrc=0xBEEF), 10)
    kept, sound = decoded([first, second])
    assert bytes(kept.pcm) == heard(one) + heard(two)[2 * (8000 - 80) :]
    assert sound.tracks[0].streams[1].parallel_packets == 0


@pytest.mark.parametrize(("of", "payload_type", "options"), [
    (l16(8000), 97, {"byte_order": "big"}), (l16(16_000), 97, {"byte_order": "big"}),
    (l16(44_100), 97, {"byte_order": "big"}), (l16(48_000), 97, {"byte_order": "big"}),
    (PCMA, 8, {}), (G722, 9, {}), (OPUS, 97, {}), (AMRWB, 97, {}),
], ids=lambda value: f"{value.name}-{value.sample_rate_hz}" if isinstance(value, StreamCodec) else "")  # fmt: skip
def test_every_codec_is_decoded_exactly(of: StreamCodec, payload_type: int, options: dict[str, str]) -> None:
    info = codec(of.name)
    rate_hz = of.sample_rate_hz or 0
    pcm = speech(rate_hz, rate_hz)
    encoder, decoder = info.encoder(rate_hz, **options), info.decoder(rate_hz, **options)
    layout = packetizer(of, payload_type)
    frames = [encoder.encode(piece) for piece in pieces(pcm, rate_hz // 25)]
    payloads = (
        frames
        if of.name != "AMR-WB"
        else [payload_format(info, packing="octet-aligned").payload([one]) for one in frames]
    )
    sender = Sender(codecs={payload_type: of})
    sender.send([one for payload in payloads for one in layout.packetize(payload)], 0)
    kept, _ = decoded([sender])
    assert kept.rate_hz == rate_hz
    assert bytes(kept.pcm) == b"".join(map(decoder.decode, frames))


def test_a_first_packet_with_more_audio_than_time_loses_its_beginning() -> None:
    # As senders of Opus do, whose decoder needs 312 samples to warm up (RFC 7845 section 4.2).
    encoder, decoder = codec("OPUS").encoder(48_000), codec("OPUS").decoder(48_000)
    frames = [encoder.encode(piece) for piece in pieces(speech(48_000, 48_000), 1920)]
    stream = packetizer(OPUS, 97)
    first = stream.packetize(frames[0])
    stream.advance(-312)
    sender = Sender(codecs={97: OPUS})
    sender.send([*first, *(one for frame in frames[1:] for one in stream.packetize(frame))], 0)
    kept, _ = decoded([sender])
    assert bytes(kept.pcm) == b"".join(map(decoder.decode, frames))[2 * 312 :]

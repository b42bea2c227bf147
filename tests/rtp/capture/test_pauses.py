"""Pauses of senders: comfort noise of each codec, silence where nothing describes it."""

from __future__ import annotations

import numpy as np
import pytest

from rtpcodec import codec
from rtpcodec.audio.levels import rms_dbov
from rtpcodec.codecs.amrwb_frame import NO_DATA, SID, frame_type
from rtpcodec.codecs.opus_packet import parse
from rtpcodec.rtp.capture.sound import Gaps
from rtpcodec.rtp.payloads import payload_format
from tests.rtp.capture.made_calls import AMRWB, OPUS, PCMU, Sender, decoded, packetizer
from tests.rtp.capture.test_decoding import pieces, speech


def talk_noise_talk(rate_hz: int) -> bytes:
    """Return a second of speech, two of room noise, a second of speech."""
    noise = np.random.default_rng(3).normal(0, 60, 2 * rate_hz).astype(np.int16).tobytes()
    return speech(rate_hz, rate_hz) + noise + speech(rate_hz, rate_hz, seed=2)


@pytest.mark.parametrize("gaps", ["conceal", "silence"])
def test_amrwb_continues_the_noise_of_its_sid_frames(gaps: Gaps) -> None:
    info = codec("AMR-WB")
    encoder, layout = info.encoder(dtx=True), payload_format(info, packing="octet-aligned")
    stream, sender = packetizer(AMRWB, 97), Sender(codecs={97: AMRWB})
    sent = 0
    for number, piece in enumerate(pieces(talk_noise_talk(16_000), 640)):
        frame = encoder.encode(piece)
        if frame_type(frame) == NO_DATA:
            stream.silence(320)
            continue
        sent += frame_type(frame) == SID
        sender.send(stream.packetize(layout.payload([frame])), 20 * number)
    kept, sound = decoded([sender], gaps=gaps)
    assert sent >= 8
    assert sound.samples == 64_000
    (found,) = sound.tracks[0].streams
    assert found.concealed_ms == 0
    assert found.paused_ms > 500
    middle = bytes(kept.pcm)[2 * 24_000 : 2 * 40_000]
    levels = [rms_dbov(piece) for piece in pieces(middle, 640)]
    assert min(levels) > -70
    assert max(levels) < -45


def test_opus_continues_its_noise_between_refreshes() -> None:
    encoder = codec("OPUS").encoder(16_000, dtx=True)
    stream, sender = packetizer(OPUS, 97), Sender(codecs={97: OPUS})
    dropped = 0
    for number, piece in enumerate(pieces(talk_noise_talk(16_000), 640)):
        packet = encoder.encode(piece)
        if max(parse(packet).frame_octets) <= 1:
            stream.silence(960)
            dropped += 1
            continue
        sender.send(stream.packetize(packet), 20 * number)
    kept, sound = decoded([sender], pcm_hz=16_000)
    assert dropped > 30
    assert sound.samples == 64_000
    assert sound.tracks[0].streams[0].concealed_ms == 0
    middle = bytes(kept.pcm)[2 * 24_000 : 2 * 40_000]
    assert min(rms_dbov(piece) for piece in pieces(middle, 6400)) > -70


@pytest.mark.parametrize("silent", [0, 1])
def test_a_side_that_is_silent_for_long_holds_nothing_back(silent: int) -> None:
    """Its pause is filled while the other one talks, and what it says later is at its place."""
    talking, pausing = Sender(), Sender(ssrc=0xB, source=Sender().destination, destination=Sender().source)
    payload = codec("PCMU").encoder().encode(speech(160_000))
    first = packetizer(PCMU, 0)
    talking.send([one for piece in pieces(payload, 160) for one in first.packetize(piece)], 0)
    second = packetizer(PCMU, 0, ssrc=0xB)
    pausing.send([one for piece in pieces(payload[:8000], 160) for one in second.packetize(piece)], 0)
    second.silence(120_000)
    pausing.send([one for piece in pieces(payload[:8000], 160) for one in second.packetize(piece)], 16_000)
    sides = ([talking], [pausing]) if silent else ([pausing], [talking])
    kept, sound = decoded(*sides)
    pcm = codec("PCMU").decoder().decode(payload)
    assert kept.channel(1 - silent) == pcm
    assert kept.channel(silent) == pcm[:16_000] + bytes(240_000) + pcm[:16_000] + bytes(2 * 24_000)
    assert sound.samples == 160_000

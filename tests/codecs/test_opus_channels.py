"""OPUS with two channels, and a decoder's gain, which Ogg files need and calls do not."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.harness.signals import speech
from rtpcodec.codecs import CodecInfo
from rtpcodec.codecs._opus import OpusDecoder, OpusEncoder

FRAME = 960


def stereo(samples: int) -> np.ndarray:
    left = speech(samples, 48_000)
    return np.stack([left, left[::-1] // 3], 1)


def coded(opus: CodecInfo, pcm: np.ndarray) -> list[bytes]:
    encoder = OpusEncoder(opus, 48_000, 2, bitrate=256_000, application="audio")
    return [encoder.encode(pcm[at : at + FRAME].tobytes()) for at in range(0, len(pcm), FRAME)]


def test_two_channels_come_back_apart(opus: CodecInfo) -> None:
    pcm = stereo(20 * FRAME)
    decoder = OpusDecoder(opus, 48_000, channels=2)
    heard = np.frombuffer(b"".join(map(decoder.decode, coded(opus, pcm))), np.int16).reshape(-1, 2)[312:]
    for channel in (0, 1):
        assert np.corrcoef(heard[FRAME:, channel], pcm[FRAME : len(heard), channel])[0, 1] > 0.97


def test_a_mono_decoder_mixes_and_a_stereo_one_doubles(opus: CodecInfo) -> None:
    packet = coded(opus, stereo(FRAME))[0]
    assert len(OpusDecoder(opus, 48_000).decode(packet)) == 2 * FRAME
    mono = OpusEncoder(opus, 48_000).encode(speech(FRAME, 48_000).tobytes())
    both = np.frombuffer(OpusDecoder(opus, 48_000, channels=2).decode(mono), np.int16).reshape(-1, 2)
    assert np.array_equal(both[:, 0], both[:, 1])
    assert both[:, 0].tobytes() == OpusDecoder(opus, 48_000).decode(mono)


def test_every_way_of_a_decoder_gives_both_channels(opus: CodecInfo) -> None:
    decoder = OpusDecoder(opus, 48_000, channels=2)
    packets = coded(opus, stereo(3 * FRAME))
    assert len(decoder.decode(packets[0])) == len(decoder.conceal(FRAME)) == 4 * FRAME
    assert len(decoder.decode_fec(packets[2], FRAME)) == 4 * FRAME
    room = bytearray(4 * FRAME)
    assert decoder.copy().decode_into(packets[2], room) == FRAME
    assert bytes(room) == decoder.copy().decode(packets[2])
    assert decoder.copy().channels == decoder.channels == 2
    with pytest.raises(ValueError, match=r"^out has room for 3838 octets, the result needs 3840$"):
        decoder.decode_into(packets[2], bytearray(4 * FRAME - 2))


def test_the_longest_packet_of_two_channels_fits(opus: CodecInfo) -> None:
    packet = bytes([0xFF, 6]) + bytes(6)  # six frames of 20 ms, CELT, stereo, one octet each
    assert len(OpusDecoder(opus, 48_000, channels=2).decode(packet)) == 4 * 5760


def test_an_encoder_of_two_channels_takes_both(opus: CodecInfo) -> None:
    encoder = OpusEncoder(opus, 16_000, 2)
    assert encoder.channels == encoder.copy().channels == 2
    with pytest.raises(ValueError, match=r"^OPUS frame has 320 samples, 640 are needed$"):
        encoder.encode(bytes(640))
    pcm = stereo(320).tobytes()
    assert encoder.copy().encode(pcm) == encoder.encode(pcm)


@pytest.mark.parametrize(("gain_q8_db", "times"), [(6 * 256, 10 ** (6 / 20)), (-20 * 256, 0.1), (0, 1.0)])
def test_a_gain_is_in_decibels(opus: CodecInfo, gain_q8_db: int, times: float) -> None:
    packet = OpusEncoder(opus, 48_000).encode((speech(FRAME, 48_000) // 4).tobytes())
    plain = np.frombuffer(OpusDecoder(opus, 48_000).decode(packet), np.int16).astype(float)
    decoder = OpusDecoder(opus, 48_000, gain_q8_db=gain_q8_db)
    louder = np.frombuffer(decoder.copy().decode(packet), np.int16)
    assert decoder.gain_q8_db == decoder.copy().gain_q8_db == gain_q8_db
    assert np.abs(louder - times * plain).max() <= 1 + times / 2
    decoder.reset()
    assert decoder.decode(packet) == louder.tobytes()


def test_other_channels_and_gains_are_refused(opus: CodecInfo) -> None:
    for channels in (0, 3, None):
        with pytest.raises(ValueError, match=rf"^channels is {channels}, 1 or 2 are allowed$"):
            OpusDecoder(opus, 48_000, channels=channels)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match=rf"^channels is {channels}, 1 or 2 are allowed$"):
            OpusEncoder(opus, 48_000, channels)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^gain_q8_db is 32768, -32768 to 32767 are allowed$"):
        OpusDecoder(opus, 48_000, gain_q8_db=32768)

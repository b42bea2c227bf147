"""Behaviour specific to AMR-WB: modes, DTX, lost and damaged frames, vectors."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from benchmarks.harness.signals import speech
from rtpcodec.codecs import CodecInfo
from rtpcodec.codecs._amrwb import AmrWbDecoder, AmrWbEncoder
from rtpcodec.errors import PayloadError

FRAME = 320
SPEECH_OCTETS = (17, 23, 32, 36, 40, 46, 50, 58, 60, 5)
LOST, NO_DATA = b"\x74", b"\x7c"
PCM = [part.tobytes() for part in np.split(speech(100 * FRAME, 16000), 100)]


def encoder_of(amrwb: CodecInfo, mode: int = 8, dtx: bool = False) -> AmrWbEncoder:
    made = amrwb.encoder(mode=mode, dtx=dtx)
    assert isinstance(made, AmrWbEncoder)
    return made


def decoder_of(amrwb: CodecInfo) -> AmrWbDecoder:
    made = amrwb.decoder()
    assert isinstance(made, AmrWbDecoder)
    return made


def heard(amrwb: CodecInfo, frames: list[bytes]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    decoder = decoder_of(amrwb)
    return np.frombuffer(b"".join(map(decoder.decode, frames)), np.int16).astype(float).reshape(-1, FRAME)


def frames_of(awb: bytes) -> list[bytes]:
    """Read a file of the storage format (RFC 4867 section 5)."""
    assert awb.startswith(b"#!AMR-WB\n")
    at, found = 9, []
    while at < len(awb):
        size = 1 + (*SPEECH_OCTETS, *[0] * 6)[awb[at] >> 3 & 15]
        found.append(awb[at : at + size])
        at += size
    return found


@pytest.mark.parametrize("mode", range(9))
def test_frames_of_each_mode(amrwb: CodecInfo, mode: int) -> None:
    encoder = encoder_of(amrwb, mode)
    for pcm in PCM[:10]:
        frame = encoder.encode(pcm)
        assert (frame[0], len(frame)) == (mode << 3 | 4, 1 + SPEECH_OCTETS[mode])


def test_the_mode_may_change_before_each_frame(amrwb: CodecInfo) -> None:
    encoder, rng = encoder_of(amrwb), random.Random(9)
    frames, modes = [], [rng.randrange(9) for _ in PCM]
    for mode, pcm in zip(modes, PCM, strict=True):
        encoder.mode = mode
        frames.append(encoder.encode(pcm))
    assert [frame[0] >> 3 for frame in frames] == modes
    loud = np.abs(heard(amrwb, frames)).max(axis=1)
    assert np.corrcoef(loud, np.abs(np.frombuffer(b"".join(PCM), np.int16).reshape(-1, FRAME)).max(axis=1))[0, 1] > 0.8
    encoder.reset()
    assert encoder.mode == modes[-1]
    for wrong in (-1, 9, 1.5, "8", None):
        with pytest.raises(ValueError, match=f"^mode is {wrong!r}, 0 to 8 are allowed$"):
            encoder.mode = wrong  # type: ignore[assignment]
        with pytest.raises(ValueError, match=f"^mode is {wrong!r}, 0 to 8 are allowed$"):
            amrwb.encoder(mode=wrong)
    assert encoder.mode == modes[-1]


def test_defaults_of_an_encoder_are_mode_2_and_no_dtx(amrwb: CodecInfo) -> None:
    free = amrwb.encoder()
    assert isinstance(free, AmrWbEncoder)
    assert (free.mode, free.mode_given, free.dtx) == (2, None, False)
    assert {free.encode(bytes(2 * FRAME))[0] >> 3 for _ in range(60)} == {2}
    assert [encoder_of(amrwb, mode).mode_given for mode in range(9)] == list(range(9))


def test_dtx_sends_noise_descriptions_and_nothing(amrwb: CodecInfo) -> None:
    encoder = encoder_of(amrwb, dtx=True)
    assert encoder.dtx
    frames = [encoder.encode(bytes(2 * FRAME)) for _ in range(60)]
    types = [frame[0] >> 3 & 15 for frame in frames]
    assert {9, 15} <= set(types)
    assert {len(frame) for frame, kind in zip(frames, types, strict=True) if kind == 9} == {6}
    assert {frame for frame, kind in zip(frames, types, strict=True) if kind == 15} == {NO_DATA}
    assert np.abs(heard(amrwb, frames)).max() < 50
    assert {encoder_of(amrwb).encode(bytes(2 * FRAME))[0] >> 3} == {8}


def test_damaged_frames_are_concealed_like_lost_ones(amrwb: CodecInfo) -> None:
    frames = list(map(encoder_of(amrwb).encode, PCM))
    whole, rng = heard(amrwb, frames), random.Random(5)
    lost = set(rng.sample(range(5, 95), 10))
    damaged = [frames[i][:1] + rng.randbytes(60) if i in lost else frames[i] for i in range(100)]
    marked = [bytes([frame[0] & ~4]) + frame[1:] if i in lost else frame for i, frame in enumerate(damaged)]
    concealed = heard(amrwb, [LOST if i in lost else frame for i, frame in enumerate(frames)])
    assert np.array_equal(heard(amrwb, marked), concealed)
    assert np.abs(heard(amrwb, damaged)).max() > 2 * np.abs(concealed).max(), "without the mark it is a click"
    assert np.abs(concealed).max() <= 1.2 * np.abs(whole).max()
    decoder, got = decoder_of(amrwb), b""
    for i, frame in enumerate(frames):
        got += decoder.conceal(FRAME) if i in lost else decoder.decode(frame)
    assert np.array_equal(np.frombuffer(got, np.int16), concealed.ravel())


@pytest.mark.parametrize("frame", [LOST, NO_DATA, b"\x70", b"\x78", b"\x40" + bytes(60)])
def test_a_burst_of_losses_fades_to_silence(amrwb: CodecInfo, frame: bytes) -> None:
    loudest = int(np.argmax([np.abs(np.frombuffer(pcm, np.int16)).max() for pcm in PCM[:60]])) + 1
    frames = list(map(encoder_of(amrwb).encode, PCM[:loudest]))
    levels = np.sqrt((heard(amrwb, [*frames, *[frame] * 20]) ** 2).mean(axis=1))
    before, burst = levels[loudest - 1], levels[loudest:]
    assert burst[0] > before / 10, "the first lost frame is silent"
    assert burst.max() < 1.5 * before
    assert burst[6:].max() < before / 50


def test_lost_frames_before_any_other_are_silence(amrwb: CodecInfo) -> None:
    for frame in (LOST, NO_DATA, b"\x48" + bytes(5)):
        assert np.abs(heard(amrwb, [frame] * 20)).max() < 50


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (b"", "AMR-WB frame has 0 octets, at least 1 is needed"),
        (b"\x44" + bytes(59), "AMR-WB frame of type 8 has 60 octets, 61 are needed"),
        (b"\x44" + bytes(61), "AMR-WB frame of type 8 has 62 octets, 61 are needed"),
        (b"\x40", "AMR-WB frame of type 8 has 1 octets, 61 are needed"),
        (b"\x7c\x00", "AMR-WB frame of type 15 has 2 octets, 1 are needed"),
        (b"\x4c" + bytes(6), "AMR-WB frame of type 9 has 7 octets, 6 are needed"),
        (b"\xc4" + bytes(60), "AMR-WB frame starts with octet 0xC4, its bits 7, 1 and 0 must be 0"),
        (b"\x45" + bytes(60), "AMR-WB frame starts with octet 0x45, its bits 7, 1 and 0 must be 0"),
        *(
            (bytes([kind << 3 | 4]), f"AMR-WB frame has type {kind}, types 10 to 13 are reserved")
            for kind in range(10, 14)
        ),
    ],
)
def test_errors_of_invalid_frames_have_rule_and_value(amrwb: CodecInfo, frame: bytes, text: str) -> None:
    for call in (amrwb.decoder().decode, lambda frame: amrwb.decoder().decode_into(frame, bytearray(640))):
        with pytest.raises(PayloadError) as found:
            call(frame)
        assert str(found.value) == text


def test_lost_frames_are_concealed_one_after_the_other(amrwb: CodecInfo) -> None:
    together, alone = decoder_of(amrwb), decoder_of(amrwb)
    assert together.conceal(960) == b"".join(alone.conceal(320) for _ in range(3))
    with pytest.raises(ValueError, match=r"^samples is 321, a multiple of 320 \(a frame\) up to 16000 is needed$"):
        together.conceal(321)


@pytest.mark.parametrize("name", ["mode0", "mode2", "mode2_dtx", "mode8", "mode_switching"])
def test_vectors_are_decoded_exactly(vectors: Path, amrwb: CodecInfo, name: str) -> None:
    """The codec is specified bit for bit (3GPP TS 26.173), so every version of the library gives the same."""
    frames = frames_of((vectors / "amrwb" / f"{name}.awb").read_bytes())
    wanted = np.fromfile(vectors / "amrwb" / f"{name}.opencore.s16le", "<i2")
    assert np.array_equal(heard(amrwb, frames).ravel(), wanted)


@pytest.mark.parametrize(("name", "mode", "dtx"), [("mode0", 0, False), ("mode2", 2, False), ("mode2_dtx", 2, True)])
def test_vectors_are_encoded_exactly(vectors: Path, amrwb: CodecInfo, name: str, mode: int, dtx: bool) -> None:
    pcm = (vectors / "amrwb" / "input.s16le").read_bytes()
    encoder = encoder_of(amrwb, mode, dtx)
    frames = [encoder.encode(pcm[at : at + 2 * FRAME]) for at in range(0, len(pcm), 2 * FRAME)]
    assert b"#!AMR-WB\n" + b"".join(frames) == (vectors / "amrwb" / f"{name}.awb").read_bytes()

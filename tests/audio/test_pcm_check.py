"""Floats that are passed as 16-bit samples are detected, and 16-bit samples are never taken for floats."""

from __future__ import annotations

import warnings
from array import array

import numpy as np
import pytest

from rtpcodec.audio.pcm_check import PcmCheck, float_bits
from rtpcodec.errors import AudioWarning
from tests.audio.test_file_headers import cut, signals
from tests.wav_files import speechlike


@pytest.mark.parametrize("kind", ["<f4", "<f8"])
@pytest.mark.parametrize("level", [1.0, 0.1, 0.003])
@pytest.mark.parametrize("octets", [320, 640, 1920, 9600])
def test_floats_warn_once_and_by_name(kind: str, level: float, octets: int) -> None:
    floats = (level * speechlike(48_000)).astype(kind)
    floats[:4000] = 0
    check = PcmCheck("pcm")
    rule = f"^pcm looks like {8 * floats.itemsize}-bit floats taken for 16-bit samples, which is loud noise; convert"
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for piece in cut(floats.tobytes(), octets):
            check.check(memoryview(piece))
    assert [one.category for one in found] == [AudioWarning]
    with pytest.warns(AudioWarning, match=rule):
        PcmCheck("pcm").check(memoryview(floats[4000:].tobytes()))
    assert not check.alert


def test_floats_that_were_16_bit_samples_are_noticed() -> None:
    for samples in (speechlike(8000) * 32768, np.sin(np.arange(8000) * 0.2) * 20_000):
        floats = (samples.astype(np.int16) / np.float32(32768)).astype("<f4")
        assert float_bits(floats.tobytes()[:1024]) == 32


def test_16_bit_samples_are_never_floats() -> None:
    for name, pcm in signals():
        for at in range(0, len(pcm) - 1024, 1024):
            assert float_bits(pcm[at : at + 1024]) in (0, None), name
        assert float_bits(pcm[:640]) in (0, None), name


def test_silence_is_undecided_and_speech_decides() -> None:
    check = PcmCheck("pcm")
    for _ in range(100):
        check.check(memoryview(bytes(320)))
    assert check.alert
    for _ in range(3):
        check.check(memoryview((8000 * speechlike(160)).astype(np.int16).tobytes()))
    assert not check.alert


def test_arrays_of_samples_are_checked_and_other_arrays_are_left_to_the_encoder() -> None:
    check = PcmCheck("pcm")
    with pytest.raises(ValueError, match=r"^pcm is a WAV file \(RIFF\), samples are needed; read it with"):
        check.check(memoryview(array("h", b"RIFF\0\0\0\0WAVE")))
    check.check(memoryview(array("f", speechlike(500))))
    check.check(memoryview(bytes(320)).cast("h", (2, 80)))


def test_a_header_over_two_chunks() -> None:
    check = PcmCheck("speech")
    check.check(memoryview(b"RI"))
    assert check.alert
    with pytest.raises(ValueError, match=r"^speech is a WAV file"):
        check.check(memoryview(b"FF\0\0\0\0WAVE"))

"""The gain of concealment and FEC at 10 % loss, and the measures themselves."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import loss
from benchmarks.harness.signals import speech
from rtpcodec.codecs import CodecInfo


def test_equal_audio_has_the_best_figures() -> None:
    audio = loss.framed(speech(50 * loss.FRAME, loss.RATE_HZ).tobytes())
    assert loss.segmental_snr_db(audio, audio) == 35
    assert loss.log_spectral_distance_db(audio, audio) == 0


@pytest.mark.parametrize("gain_db", [-6.0, 6.0])
def test_a_gain_is_a_distance_of_as_many_db(gain_db: float) -> None:
    audio = loss.framed(speech(50 * loss.FRAME, loss.RATE_HZ).tobytes()) * 4
    louder = audio * 10 ** (gain_db / 20)
    assert loss.log_spectral_distance_db(audio, louder) == pytest.approx(6.0, abs=0.5)
    assert loss.segmental_snr_db(audio, louder) == pytest.approx(
        -20 * np.log10(abs(10 ** (gain_db / 20) - 1)), abs=0.01
    )


def test_a_tenth_of_the_packets_is_lost_by_the_seed() -> None:
    assert [len(loss.lost_of(1000, seed)) for seed in loss.SEEDS] == [100] * len(loss.SEEDS)
    assert loss.lost_of(1000, 1) == loss.lost_of(1000, 1) != loss.lost_of(1000, 2)


def test_fec_is_better_than_concealment_by_a_decibel_and_more(opus: CodecInfo) -> None:
    stream = loss.coded(opus.name, bitrate=loss.FEC_BITRATE, fec=True, expected_loss_percent=10)
    used = loss.figure(opus.name, "FEC", stream, loss.with_fec)
    not_used = loss.figure(opus.name, "concealment", stream, loss.concealed(opus.name))
    assert used.segmental_snr_db >= not_used.segmental_snr_db + 1
    assert used.log_spectral_distance_db < not_used.log_spectral_distance_db


def test_concealment_of_amrwb_is_better_than_zeros(amrwb: CodecInfo) -> None:
    frames = loss.coded(amrwb.name)
    made_up = loss.figure(amrwb.name, "concealment", frames, loss.concealed(amrwb.name))
    zeros = loss.figure(amrwb.name, "zeros", frames, loss.zero_filled(amrwb.name))
    assert made_up.log_spectral_distance_db < zeros.log_spectral_distance_db - 1
    assert made_up.segmental_snr_db > zeros.segmental_snr_db + 1

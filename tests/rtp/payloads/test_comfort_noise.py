"""Comfort noise: quantised levels and coefficients, and generated noise that is measured again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rtpcodec import RtpPacket
from rtpcodec.errors import PayloadError
from rtpcodec.rtp.payloads.comfort_noise import PAYLOAD_TYPE, ComfortNoise, NoiseGenerator
from tests.rtp.test_streams import read


def made(noise: ComfortNoise, samples: int = 40_000, seed: int = 3) -> NDArray[np.float64]:
    generator = NoiseGenerator(seed)
    generator.update(noise)
    generator.generate(160)  # the level glides there
    return np.frombuffer(generator.generate(samples), np.int16).astype(float)


def test_the_examples() -> None:
    assert ComfortNoise(-40).build() == b"\x28"
    assert ComfortNoise.parse(b"\x28") == ComfortNoise(-40)
    parsed = ComfortNoise.parse(bytes([0, 127, 64, 190, 254, 0]))
    assert [round(k, 5) for k in parsed.reflection] == [0, -0.49603, 0.49603, 0.99994, -0.99994]


@given(st.integers(0, 127), st.binary(max_size=40).map(lambda octets: octets.replace(b"\xff", b"\xfe")))
def test_payloads_come_back(level: int, coefficients: bytes) -> None:
    payload = bytes([level]) + coefficients
    noise = ComfortNoise.parse(payload)
    assert noise.level_dbov == -level
    assert noise.build() == payload


def test_the_unused_bit_is_ignored() -> None:
    assert ComfortNoise.parse(b"\xa8") == ComfortNoise(-40)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "CN payload has 0 octets, at least 1 is needed"),
        (b"\x28\x7f\xff", "CN payload: octet 2 is 255, coefficients are 0 to 254"),
    ],
)
def test_invalid_payloads_are_refused(payload: bytes, message: str) -> None:
    with pytest.raises(PayloadError, match=f"^{message}$"):
        ComfortNoise.parse(payload)


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^level_dbov is -128, -127 to 0 are allowed$"):
        ComfortNoise(-128).build()
    with pytest.raises(ValueError, match=r"^reflection is \(1.5,\), -1 to 1 are allowed$"):
        ComfortNoise(-40, (1.5,)).build()
    with pytest.raises(ValueError, match=r"^reflection is \(1.0,\), between -1 and 1 is needed$"):
        NoiseGenerator().update(ComfortNoise(-40, (1.0,)))
    with pytest.raises(ValueError, match=r"^samples is -1, it cannot be below 0$"):
        NoiseGenerator().generate(-1)
    for octets in (0, 3):
        with pytest.raises(ValueError, match=rf"^pcm has {octets} octets, 16-bit samples need an even number above 0$"):
            ComfortNoise.measure(bytes(octets))
    with pytest.raises(ValueError, match=r"^order is -1, it cannot be below 0$"):
        ComfortNoise.measure(bytes(320), order=-1)


@pytest.mark.parametrize("level", [-20, -40, -60])
def test_white_noise_has_its_level_and_a_flat_spectrum(level: int) -> None:
    samples = made(ComfortNoise(level))
    assert 20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768) == pytest.approx(level, abs=0.3)
    bands = np.abs(np.fft.rfft(samples)[:-1]).reshape(8, -1) ** 2
    spread_db = 10 * np.log10(bands.mean(axis=1))
    assert np.ptp(spread_db) < 1


@pytest.mark.parametrize("k1", [-0.9, -0.5, 0.5, 0.9])
def test_a_first_order_spectrum_is_that_of_the_filter(k1: float) -> None:
    """The correlation of neighbours under 1 / (1 + k1 / z) is -k1, at any level the same."""
    samples = made(ComfortNoise(-30, (k1,)))
    assert 20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768) == pytest.approx(-30, abs=0.5)
    assert samples[1:] @ samples[:-1] / (samples @ samples) == pytest.approx(-k1, abs=0.02)


@pytest.mark.parametrize("reflection", [(-0.8, 0.5), (0.3, 0.6, -0.4, 0.2), (-0.9, 0.7, -0.2, 0.1, 0.1, -0.3)])
def test_generated_noise_is_measured_again(reflection: tuple[float, ...]) -> None:
    noise = ComfortNoise(-35, reflection)
    measured = ComfortNoise.measure(made(noise).astype(np.int16).tobytes(), order=len(reflection))
    assert abs(measured.level_dbov + 35) <= 1
    assert measured.reflection == pytest.approx(reflection, abs=0.05)
    assert ComfortNoise.parse(measured.build()).reflection == pytest.approx(measured.reflection, abs=258 / 65536)


def test_frames_join_and_a_seed_repeats() -> None:
    def run(cuts: list[int], seed: int) -> bytes:
        generator = NoiseGenerator(seed)
        generator.update(ComfortNoise(-30, (-0.9, 0.4)))
        return b"".join(generator.generate(samples) for samples in cuts)

    assert run([160] * 5, 1) == run([800], 1) == run([1, 0, 399, 400], 1)
    assert run([800], 1) != run([800], 2)
    assert NoiseGenerator(1).generate(160) == bytes(320)


def test_a_level_changes_gradually() -> None:
    def loudness(level: int, before: int) -> list[float]:
        found = []
        for seed in range(40):
            generator = NoiseGenerator(seed)
            generator.update(ComfortNoise(before))
            generator.generate(160)
            generator.update(ComfortNoise(level))
            parts = np.frombuffer(generator.generate(240), np.int16).astype(float).reshape(6, 40)
            found.append(np.mean(parts**2, axis=1))
        return [float(power) for power in np.sqrt(np.mean(found, axis=0)) / 32768]

    ups = loudness(-20, before=-60)
    assert ups[:4] == sorted(ups[:4])
    assert ups[0] < 0.02
    assert ups[4] > 0.08
    downs = loudness(-60, before=-20)
    assert downs[:5] == sorted(downs[:5], reverse=True)
    assert downs[0] > 0.08
    assert downs[4] < 0.002


def test_silence_and_tones_are_measured() -> None:
    assert ComfortNoise.measure(bytes(320)) == ComfortNoise(-127, (0.0,) * 10)
    assert ComfortNoise.measure(bytes(2), order=2) == ComfortNoise(-127, (0.0, 0.0))
    loudest = np.full(160, -32768, np.int16).tobytes()
    assert ComfortNoise.measure(loudest, order=0).level_dbov == 0
    tone = np.rint(8000 * np.sin(np.arange(160) * 0.7)).astype(np.int16).tobytes()
    generator = NoiseGenerator(1)
    generator.update(ComfortNoise.parse(ComfortNoise.measure(tone).build()))
    assert len(generator.generate(160)) == 320


@pytest.mark.parametrize("name", ["sample_rtp-protocol_cn_06c156fd", "sample_rtp-protocol_cn_44c61afb"])
def test_comfort_noise_of_a_capture_is_generated(vectors: Path, name: str) -> None:
    packets = map(RtpPacket.parse, read(vectors / "rtp" / f"{name}.jsonl").datagrams)
    noises = [ComfortNoise.parse(packet.payload) for packet in packets if packet.payload_type == PAYLOAD_TYPE]
    assert len(noises) in (5, 8)
    for noise in noises:
        heard = made(noise, 8000)
        assert 20 * np.log10(np.sqrt(np.mean(heard**2)) / 32768) == pytest.approx(noise.level_dbov, abs=0.5)

"""Dynamic payload types without signalling: named only when the payloads leave no doubt."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from rtpcodec import codec, payload_format
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.report import StreamCodec
from tests.rtp.capture.noise import random_octets
from tests.rtp.capture.wire import stream

SPEECH_SEED = 3


def speech(sample_rate_hz: int, seconds: float = 2) -> bytes:
    """Something like voiced speech: harmonics of a gliding pitch, in syllables, above a little noise."""
    chance = np.random.default_rng(SPEECH_SEED)
    t = np.arange(round(sample_rate_hz * seconds)) / sample_rate_hz
    pitch = 2 * np.pi * np.cumsum(120 + 30 * np.sin(2 * np.pi * 0.7 * t)) / sample_rate_hz
    voice = sum(np.sin(n * pitch) / n for n in range(1, 12))
    syllables = np.maximum(np.sin(2 * np.pi * 3 * t), 0.05)
    sound = 4000 * voice * syllables + chance.normal(0, 20, t.size)
    return np.clip(sound, -32768, 32767).astype(np.int16).tobytes()


def encoded(name: str, sample_rate_hz: int, packet_ms: int = 20, **options: str) -> tuple[list[bytes], int]:
    """Return payloads of speech, and the step of their timestamps."""
    info = codec(name)
    coder_options = {"byte_order": "big"} if name == "L16" else {}
    encoder = info.encoder(sample_rate_hz, **coder_options)
    form = payload_format(info, sample_rate_hz, **options)
    pcm, octets = speech(sample_rate_hz), 2 * sample_rate_hz * packet_ms // 1000
    starts = range(0, len(pcm) - octets + 1, octets)
    payloads = [form.payload([encoder.encode(pcm[at : at + octets])]) for at in starts]
    return payloads, info.rtp_clock_hz(sample_rate_hz) * packet_ms // 1000


def guessed(payloads: list[bytes], step_ticks: int, packet_ms: float = 20) -> StreamCodec:
    def payload_of(number: int) -> bytes:
        return payloads[number]

    packets = stream(
        len(payloads), payload_type=97, step_ticks=step_ticks, packet_ms=packet_ms, payload_of=payload_of, jitter_ms=5
    )
    (found,) = find_streams(packets).streams
    return found.codecs[97]


@pytest.mark.parametrize(
    ("name", "sample_rate_hz"), [("PCMU", 8000), ("PCMA", 8000), ("G722", 16000), ("L16", 8000), ("L16", 16000)]
)
@pytest.mark.parametrize("packet_ms", [10, 20, 60])
def test_sample_codecs_are_named_by_their_sound(name: str, sample_rate_hz: int, packet_ms: int) -> None:
    found = guessed(*encoded(name, sample_rate_hz, packet_ms), packet_ms=packet_ms)
    assert (found.name, found.sample_rate_hz, found.known_by) == (name, sample_rate_hz, "guess")


@pytest.mark.parametrize("sample_rate_hz", [8000, 16000, 48000])
def test_opus_is_named_by_the_lengths_of_its_packets(sample_rate_hz: int) -> None:
    found = guessed(*encoded("OPUS", sample_rate_hz))
    assert (found.name, found.clock_hz, found.known_by) == ("OPUS", 48000, "guess")


@pytest.mark.parametrize(("packing", "options"), [("bandwidth-efficient", {}), ("octet-aligned", {"octet-align": "1"})])
def test_amr_wb_is_named_with_its_packing(packing: str, options: dict[str, str]) -> None:
    found = guessed(*encoded("AMR-WB", 16000, packing=packing))
    assert (found.name, found.sample_rate_hz, dict(found.options)) == ("AMR-WB", 16000, options)
    assert found.seen.endswith(packing)


def octets_of(lengths: Callable[[random.Random], int]) -> Callable[[int], list[bytes]]:
    def payloads(seed: int) -> list[bytes]:
        chance = random.Random(seed)
        return [chance.randbytes(lengths(chance)) for _ in range(100)]

    return payloads


@pytest.mark.parametrize("step_ticks", [160, 320, 480, 960, 2880, 3000])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "payloads_of",
    [
        octets_of(lambda _: 160),
        octets_of(lambda _: 320),
        octets_of(lambda one: one.randrange(1, 100)),
        octets_of(lambda _: 33),
    ],
    ids=["160", "320", "any", "33"],
)
def test_encrypted_payloads_and_other_codecs_stay_unknown(
    payloads_of: Callable[[int], list[bytes]], seed: int, step_ticks: int
) -> None:
    found = guessed(payloads_of(seed), step_ticks)
    assert (found.name, found.known_by, found.sample_rate_hz) == ("unknown", "nothing", None)
    assert found.seen.startswith("64 payloads of ")
    assert f"timestamps step by {step_ticks}" in found.seen


@pytest.mark.parametrize("silence", [b"\xff", b"\xd5", b"\0"])
def test_silence_leaves_a_doubt(silence: bytes) -> None:
    assert guessed([silence * 160] * 100, 160).name == "unknown"


def test_linear_samples_in_the_wrong_order_stay_unknown() -> None:
    payloads, step = encoded("L16", 8000)
    swapped = [np.frombuffer(one, np.int16).byteswap().tobytes() for one in payloads]
    assert guessed(swapped, step).name == "unknown"


def test_a_short_stream_stays_unknown() -> None:
    payloads, step = encoded("OPUS", 16000)
    assert guessed(payloads[:4], step).name == "unknown"


def test_a_pause_in_opus_is_not_a_contradiction() -> None:
    payloads, step = encoded("OPUS", 16000)
    packets = stream(60, payload_type=97, step_ticks=step, payload_of=lambda number: payloads[number])
    later = stream(
        40,
        payload_type=97,
        step_ticks=step,
        sequence_number=(65_500 + 60) & 0xFFFF,
        timestamp=(0xFFFF_F000 + 60 * step + 48_000) & 0xFFFF_FFFF,
        start_ms=2200,
        payload_of=lambda number: payloads[number],
    )
    assert find_streams(packets[:30] + later).streams[0].codecs[97].name == "OPUS"


def test_random_lengths_are_never_named() -> None:
    for seed in range(30):
        flow = random_octets(random.Random(seed))
        payloads = [next(flow) for _ in range(40)]
        assert guessed(payloads, random.Random(seed).choice((160, 320, 960))).name == "unknown"

"""Test sounds, decoding of captures, and comparisons of sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rtpcodec.rtp.capture.decoding import decode_capture
from rtpcodec.rtp.capture.discovery import find_streams
from rtpcodec.rtp.capture.report import CapturedCall, StreamCodec
from rtpcodec.rtp.capture.sound import CallSound, Gaps
from tests.rtp.capture.made_calls import Kept


def speech(rate_hz: int, seconds: float, seed: int) -> bytes:
    """Return a voice-like sound without repetition."""
    chance = np.random.default_rng(seed)
    time_s = np.arange(int(rate_hz * seconds)) / rate_hz
    pitch = 2 * np.pi * (180 + 60 * np.sin(time_s * 2.3 + seed)) * time_s
    sound = sum(np.sin(pitch * harmonic) / harmonic for harmonic in (1, 2, 3, 5))
    loudness = 0.2 + 0.8 * np.sin(time_s * 4 + seed) ** 2
    return (sound * loudness * 6000 + chance.normal(0, 100, len(time_s))).astype(np.int16).tobytes()


def decoded_calls(
    capture: Path, *, codecs: dict[int, str | StreamCodec] | None = None, pcm_hz: int | None = None,
    gaps: Gaps = "conceal",
) -> list[tuple[Kept, CallSound]]:  # fmt: skip
    """Find and decode all calls of a capture, as `rtpcodec decode` does."""
    kept: dict[int, Kept] = {}

    def sink_of(call: CapturedCall, rate_hz: int, channels: int) -> Kept:
        sink = kept[id(call)] = Kept()
        sink.rate_hz, sink.channels = rate_hz, channels
        return sink

    sounds = decode_capture(capture, find_streams(capture, codecs=codecs), sink_of, pcm_hz=pcm_hz, gaps=gaps)
    return [(kept[id(sound.call)], sound) for sound in sounds if id(sound.call) in kept]


def decoded_call(capture: Path, **options: object) -> tuple[Kept, CallSound]:
    """Decode the only call of a capture."""
    (one,) = decoded_calls(capture, **options)  # type: ignore[arg-type]
    return one


def lag_samples(one: bytes, other: bytes) -> int:
    """Return by how many samples a sound is later than a similar one, by the highest correlation."""
    first, second = (np.frombuffer(pcm, np.int16).astype(float) for pcm in (one, other))
    size = 1 << (len(first) + len(second)).bit_length()
    found = np.fft.irfft(np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size)), size)
    at = int(np.argmax(found))
    return at if at < size // 2 else at - size


def snr_db(wanted: bytes, found: bytes) -> float:
    """Return the ratio of a sound to its difference from another."""
    signal, other = (np.frombuffer(pcm, np.int16).astype(float) for pcm in (wanted, found))
    return float(10 * np.log10(np.mean(signal**2) / max(float(np.mean((signal - other) ** 2)), 1e-9)))

"""Captured calls to sound: every sample at the place of its timestamp."""

from __future__ import annotations

import numpy as np

from rtpcodec import codec
from tests.rtp.capture.made_calls import Sender, decoded, packets


def speech(samples: int, rate_hz: int = 8000, seed: int = 1) -> bytes:
    """Tones of changing loudness, alike in no two places."""
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

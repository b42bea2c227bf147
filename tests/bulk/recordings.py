"""Seeded recordings as rows of a batch."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np

from rtpcodec import codec, create_audio, pcma_encode, pcmu_encode


def sound(samples: int, seed: int) -> bytes:
    """Return native int16 PCM: noise that rises and fades."""
    noise = np.random.default_rng(seed).normal(0, 1, samples)
    return bytes((noise * (4000 + 3000 * np.sin(np.arange(samples) / 997))).clip(-32768, 32767).astype(np.int16))


def written(pcm: bytes, kind: str, rate_hz: int, channels: int = 1) -> bytes:
    """Return an audio file of PCM, by our writer."""
    out = io.BytesIO()
    with create_audio(out, sample_rate_hz=rate_hz, channels=channels, kind=kind) as audio:
        audio.write(pcm)
    return out.getvalue()


def wav_of_codes(codes: bytes, tag: int, rate_hz: int = 8000) -> bytes:
    """Return a WAV file of G.711: format tag 6 is A-law, 7 mu-law."""
    fmt = struct.pack("<HHLLHHH", tag, 1, rate_hz, rate_hz, 1, 8, 0)
    body = b"WAVE" + b"fmt " + struct.pack("<L", len(fmt)) + fmt + b"data" + struct.pack("<L", len(codes)) + codes
    return b"RIFF" + struct.pack("<L", len(body)) + body


def big_endian_wav(samples: bytes, rate_hz: int = 8000) -> bytes:
    """Return a WAV file of form RIFX; the samples are already big-endian."""
    fmt = struct.pack(">HHLLHH", 1, 1, rate_hz, 2 * rate_hz, 2, 16)
    body = b"WAVEfmt " + struct.pack(">L", len(fmt)) + fmt + b"data" + struct.pack(">L", len(samples)) + samples
    return b"RIFX" + struct.pack(">L", len(body)) + body


def row(path: str, octets: bytes, **members: Any) -> dict[str, Any]:
    return {"path": path, "bytes": octets, **members}


def telephone_rows() -> list[dict[str, Any]]:
    """Return one row of each coding that a batch handles differently."""
    pcm = sound(4801, seed=1)
    every_code = bytes(range(256))
    return [
        row("in/a.ulaw", pcmu_encode(pcm) + every_code),
        row("in/a.alaw", pcma_encode(pcm) + every_code),
        row("in/a.bin", pcmu_encode(pcm), kind="ulaw", sample_rate_hz=16_000),
        row("in/ulaw.wav", wav_of_codes(every_code * 9, 7)),
        row("in/alaw.wav", wav_of_codes(every_code * 9, 6, 11_025)),
        row("in/a.wav", written(pcm, "wav", 8000)),
        row("in/half.wav", written(pcm, "wav", 8000)[:-1]),
        row("in/stereo.wav", written(pcm[:9600], "wav", 16_000, 2)),
        row("in/big.wav", big_endian_wav(pcm[:1600])),
        row("in/a.sln", pcm),
        row("in/empty.ulaw", b""),
        row("in/long.g722", codec("G722").encoder().encode(sound(90_000, seed=2))),
        row("in/a.g722", codec("G722").encoder().encode(sound(16_002, seed=3))),
        row("in/empty.g722", b""),
    ]

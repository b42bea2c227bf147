"""WAV files for tests, written chunk by chunk, including invalid ones."""

from __future__ import annotations

import struct

import numpy as np

KSDATAFORMAT_TAIL = bytes.fromhex("000000001000800000aa00389b71")
PCM, FLOAT, ALAW, MULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE


def chunk(name: bytes, body: bytes, size: int | None = None, order: str = "<") -> bytes:
    """Return a chunk with its padding; `size` is the size in its header, if that is wrong."""
    return name + struct.pack(order + "L", len(body) if size is None else size) + body + bytes(len(body) % 2)


def fmt(
    tag: int = PCM, bits: int = 16, channels: int = 1, rate_hz: int = 8000, *, octets: int = 0, order: str = "<"
) -> bytes:
    """Return the body of a fmt chunk of 16 octets; `octets` is the size of a sample, if the bits do not give it."""
    frame = channels * (octets or -(-bits // 8))
    return struct.pack(order + "HHLLHH", tag, channels, rate_hz, rate_hz * frame & 0xFFFFFFFF, frame & 0xFFFF, bits)


def extensible(tag: int = PCM, bits: int = 16, valid_bits: int = 16, channels: int = 1, rate_hz: int = 8000) -> bytes:
    """Return the body of an extensible fmt chunk of 40 octets."""
    tail = struct.pack("<HHLH", 22, valid_bits, 4, tag) + KSDATAFORMAT_TAIL
    return fmt(EXTENSIBLE, bits, channels, rate_hz) + tail


def wav(*chunks: bytes, form: bytes = b"RIFF", size: int | None = None, order: str = "<") -> bytes:
    """Return a file of chunks."""
    body = b"WAVE" + b"".join(chunks)
    return form + struct.pack(order + "L", len(body) if size is None else size) + body


def simple(
    data: bytes, tag: int = PCM, bits: int = 16, channels: int = 1, rate_hz: int = 8000, *, size: int | None = None
) -> bytes:
    """Return a file of fmt and data."""
    return wav(chunk(b"fmt ", fmt(tag, bits, channels, rate_hz)), chunk(b"data", data, size))


def speechlike(samples: int, seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return noise of varying level, within -1 to 1."""
    noise = np.random.default_rng(seed).normal(0, 0.2, samples)
    return (noise * (0.5 + 0.5 * np.sin(np.arange(samples) / 300))).clip(-1, 0.9999)

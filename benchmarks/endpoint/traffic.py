"""Messages of a carrier as frames, built before anything is timed."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

import rtpcodec
from benchmarks.harness.signals import speech
from rtpcodec.codecs import codec

STREAM_ID: Final = "8f14e45f-ceea-467e-9c3a-1b2c3d4e5f60"
MASK: Final = bytes((0x5A, 0xC3, 0x96, 0x0F))
UPGRADE: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
CLOSE: Final = b"\x88\x82" + MASK + bytes(a ^ b for a, b in zip((1000).to_bytes(2), MASK, strict=False))
CHUNK_MS: Final = 20
FRESH_MS: Final = 2000
"""Audio that differs; then it is repeated."""
UNSURE: Final = 0x7F
"""The octet of PCMU for a negative zero, which decoders make a zero and encoders return as 0xFF."""
RATES_HZ: Final = {"PCMU": 8000, "G722": 16000, "OPUS": 16000}
"""Of the PCM of each codec."""
ECHOED_EXACTLY: Final = ("PCMU",)
"""Codecs whose payload an echo returns to the octet; of the others the echoes are counted only."""


@dataclass(frozen=True)
class Traffic:
    """What each call sends."""

    codec: str
    chunk_ms: int
    opening: list[bytes]
    """Frames before the media."""
    frames: list[bytes]
    payloads: list[bytes]
    """What the echo of each must carry, as base64; empty: any."""
    chunks: list[bytes]
    """The payloads themselves, of the first FRESH_MS."""


def masked_frame(text: bytes) -> bytes:
    """Return a client's text frame."""
    octets = len(text)
    length = bytes((0x80 | octets,)) if octets < 126 else b"\xfe" + octets.to_bytes(2)
    key = np.resize(np.frombuffer(MASK, np.uint8), octets)
    return b"\x81" + length + MASK + (np.frombuffer(text, np.uint8) ^ key).tobytes()


def traffic(codec_name: str, chunk_ms: int, seconds: float) -> Traffic:
    """Build the frames of a call of this many seconds."""
    chunks = _chunks(codec_name, chunk_ms)
    count = int(seconds * 1000 / chunk_ms)
    texts = [b64encode(chunks[index % len(chunks)]) for index in range(count)]
    frames = [_media(index, text, chunk_ms) for index, text in enumerate(texts)]
    expected = texts if codec_name in ECHOED_EXACTLY else [b""] * count
    return Traffic(codec_name, chunk_ms, _opening(codec_name), frames, expected, chunks)


def _chunks(codec_name: str, chunk_ms: int) -> list[bytes]:
    """Return payloads of speech."""
    rate_hz = RATES_HZ[codec_name]
    pcm = speech(rate_hz * FRESH_MS // 1000, rate_hz).tobytes()
    encoder: Any = codec(codec_name).encoder(rate_hz)
    frame_ms = CHUNK_MS if codec_name == "OPUS" else chunk_ms
    octets = rate_hz * frame_ms // 1000 * 2
    parts = [pcm[start : start + octets] for start in range(0, len(pcm) - octets + 1, octets)]
    coded = [bytes(encoder.encode(part)) for part in parts]
    return [one.replace(bytes((UNSURE,)), b"\xff") for one in coded] if codec_name == "PCMU" else coded


def _media(index: int, payload: bytes, chunk_ms: int) -> bytes:
    text = (
        f'{{"event":"media","sequence_number":"{index + 2}","stream_id":"{STREAM_ID}","media":{{"track":"inbound",'
        f'"chunk":"{index + 1}","timestamp":"{index * chunk_ms}","payload":"{payload.decode()}"}}}}'
    )
    return masked_frame(text.encode())


def _opening(codec_name: str) -> list[bytes]:
    plan = rtpcodec.StreamPlan(send_codec=codec_name)
    media_format = {"encoding": codec_name, "sample_rate": plan.send_rate_hz or 8000, "channels": 1}
    started = {
        "event": "start",
        "sequence_number": "1",
        "stream_id": STREAM_ID,
        "start": {"media_format": media_format},
    }
    connected = {"event": "connected", "version": "1.0.0"}
    return [masked_frame(json.dumps(message).encode()) for message in (connected, started)]

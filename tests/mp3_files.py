"""Audio and tags for tests of MP3."""

from __future__ import annotations

import numpy as np

from rtpcodec.audio import mp3_scan

ID3V1 = b"TAG" + b"title".ljust(125, b"\0")
ENHANCED = b"TAG+" + bytes(223)
LYRICS_1 = b"LYRICSBEGIN" + b"\xff\xfb\x90\x00 la la" + b"LYRICSEND"
LYRICS_2 = b"LYRICSBEGIN" + b"LYR00002la" + b"000021LYRICS200"


def noise(rate_hz: int, samples: int, seed: int = 1) -> bytes:
    """Return noise in the telephone band, with pauses: every codec can carry it, and it reveals any shift."""
    octets = max(samples, 64)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=octets))
    frequencies = np.fft.rfftfreq(octets, 1 / rate_hz)
    spectrum[(frequencies < 200) | (frequencies > min(3000, 0.35 * rate_hz))] = 0
    signal = np.fft.irfft(spectrum, octets)
    slow = 0.6 + 0.4 * np.sin(2 * np.pi * 3 * np.arange(octets) / rate_hz)
    return (signal / np.std(signal) * 3000 * slow)[:samples].astype(np.int16).tobytes()


def id3v2(octets: int = 300, version: int = 4, *, footer: bool = False, extended: bool = False) -> bytes:
    """Return a tag whose body looks like MP3 frames."""
    body = (b"\xff\xfb\x90\x00" * (octets // 4 + 1))[:octets]
    if extended:
        body = b"\0\0\0\x06\x01\0" + body
    size = bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0))
    flags = bytes([0x10 * footer | 0x40 * extended])
    head = bytes([version, 0]) + flags + size
    return b"ID3" + head + body + (b"3DI" + head if footer else b"")


def ape(*, header: bool = True, items: int = 40) -> bytes:
    """Return an APEv2 tag with header and footer, or only its footer."""

    def end(flags: int) -> bytes:
        numbers = (2000, items + 32, 1, flags)
        return b"APETAGEX" + b"".join(number.to_bytes(4, "little") for number in numbers) + bytes(8)

    if not header:
        return end(0)
    return end(0xA0000000) + b"\xff\xfb\x90\x00".ljust(items, b"\0") + end(0x80000000)


def vbri_frame(frames: int, octets: int) -> bytes:
    """Return a header frame of another kind: MPEG-2, 16 kHz, mono, 48 kbit/s."""
    body = b"\xff\xf3\x68\xc4" + bytes(32) + b"VBRI" + bytes([0, 1, 0, 0, 0, 75])
    return (body + octets.to_bytes(4, "big") + frames.to_bytes(4, "big")).ljust(216, b"\0")


def frames(data: bytes) -> bytes:
    """Return only the frames of all parts."""
    return b"".join(part.raw(data) for part in mp3_scan.parts_of(data))


TAGS_BEFORE = (id3v2(), id3v2(0), id3v2(2000, 3), id3v2(50, footer=True), id3v2(50, extended=True))
TAGS_BEHIND = (ID3V1, ENHANCED + ID3V1, LYRICS_1 + ID3V1, LYRICS_2 + ID3V1, ape(), ape() + ID3V1, ape(header=False))

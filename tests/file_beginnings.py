"""Beginnings of files that users pass as audio, made by the usual libraries or from their specifications."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import soundfile

from rtpcodec.audio import mp3, mp3_scan
from tests.wav_files import chunk, fmt, simple, wav

TONE = (8000 * np.sin(np.arange(16_000) * 0.2)).astype(np.int16)


def _by_soundfile(form: str, subtype: str | None = None, rate_hz: int = 16_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, TONE, rate_hz, subtype, format=form)
    return file.getvalue()


def _id3(data: bytes) -> bytes:
    return b"ID3\4\0\0\0\0\0\x20" + bytes(32) + data


@cache
def files() -> dict[str, bytes]:
    """Return whole files by their name in errors."""
    frames = mp3.encode(TONE, 16_000)
    (first,) = mp3.split(frames)
    return {
        "a WAV file (RIFF)": simple(TONE.tobytes()),
        "a WAV file (RF64)": wav(chunk(b"ds64", bytes(28)), chunk(b"fmt ", fmt()), form=b"RF64"),
        "a WAV file (BW64)": wav(chunk(b"ds64", bytes(28)), chunk(b"fmt ", fmt()), form=b"BW64"),
        "a WAV file (RIFX)": wav(chunk(b"fmt ", fmt(order=">"), order=">"), form=b"RIFX", order=">"),
        "an AIFF file": _by_soundfile("AIFF"),
        "an Ogg file": _by_soundfile("OGG", "VORBIS"),
        "a FLAC file": _by_soundfile("FLAC"),
        "an AU file": _by_soundfile("AU"),
        "a CAF file": _by_soundfile("CAF"),
        "an MP3 file (ID3)": _id3(frames),
        "an MP3 file (frames)": first,
        "an AMR-WB file": b"#!AMR-WB\n" + bytes(61),
        "an AMR file": b"#!AMR\n" + bytes(32),
        "a WebM file": bytes.fromhex("1a45dfa39f4286810142f78101") + bytes(30),
        "HTML or XML text": b"<!DOCTYPE html>\n<html><head><title>503 Service Unavailable</title></head>",
        "JSON text": b'{"error": {"code": 401, "message": "invalid API key", "type": "auth"}} ',
        "JSON text (numbers)": b"[0.0031, -0.0127, 0.0544, 0.1, 0.2, 0.3, 0.4, 0.5]",
    }


@cache
def more_files() -> list[tuple[str, bytes]]:
    """Return files of the same kinds by other writers."""
    frames = mp3.encode(TONE, 16_000)
    bare = mp3_scan.parts_of(frames)[0].raw(frames)
    return [
        ("an MP3 file (frames)", bare),
        *(("an MP3 file (frames)", mp3.encode(TONE, rate_hz)) for rate_hz in (8000, 22_050, 44_100, 48_000)),
        ("an Ogg file", _by_soundfile("OGG", "OPUS", 48_000)),
        ("an AU file", _by_soundfile("AU", "ULAW")),
        ("an AIFF file", _by_soundfile("AIFF", "FLOAT")),
        ("HTML or XML text", b"\r\n  <html lang='en'><body>Bad Gateway</body></html>"),
        ("HTML or XML text", b"<html><body></body></html>  "),
        ("HTML or XML text", b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>'),
        ("JSON text", b'{\n  "detail": "Not Found"\n}'),
        ("JSON text", b'[{"type": "missing", "loc": ["body"]}]'),
        ("JSON text", b'{"audio":"UklGRiQAAABXQVZF"}'),
    ]

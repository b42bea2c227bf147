"""Odd audio files of every kind with a header, made by code: some are read as ffmpeg reads them, others are refused."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from rtpcodec.audio import mp3
from rtpcodec.kernels.g711 import pcma_encode, pcmu_encode
from tests import ffmpeg
from tests.mp3_files import ID3V1, frames, id3v2, noise
from tests.wav_files import ALAW, FLOAT, MULAW, PCM, chunk, extensible, fmt, simple, speechlike, wav

SAMPLES = (speechlike(4000) * 32768).astype(np.int16)
DATA = SAMPLES.tobytes()
FMT = chunk(b"fmt ", fmt())
DS64 = chunk(b"ds64", struct.pack("<QQQL", 0, len(DATA), len(SAMPLES), 0))
DEEP = (SAMPLES.astype(np.int32) << 16 | np.arange(4000)).tobytes()
DECODER_DELAY_SAMPLES = 529
"""Of MP3: without a header frame ffmpeg leaves them at the beginning, and loses as many at the end."""


class Odd(NamedTuple):
    """A file that is read."""

    make: Callable[[], bytes]
    before: tuple[str, ...] = ()
    """Options of ffmpeg for its input."""
    suffix: str = ".bin"
    shift: int = 0
    """Samples by which ffmpeg is late."""
    tolerance: int = 0
    """ffmpeg's decoder of MP3 and ours round floats of their own."""


def _deep(octets: int, tag: int = PCM) -> bytes:
    wide = np.frombuffer(DEEP, np.int32)
    if octets == 3:
        return simple(b"".join(value.tobytes()[1:] for value in wide), tag, 24)
    return simple(DEEP, tag, 32)


def _float(kind: str) -> bytes:
    values = np.concatenate([SAMPLES / 32768, [1.0, -1.0, 1.5, -2.0, 0.3]])
    return simple(values.astype(kind).tobytes(), FLOAT, 8 * np.dtype(kind).itemsize)


def _made(*options: str, suffix: str, rate_hz: int = 8000, channels: int = 1, seconds: float = 1.0) -> bytes:
    pcm = noise(rate_hz, int(rate_hz * seconds) * channels)
    return ffmpeg.to_file(pcm, ffmpeg.pcm_input(rate_hz, channels), list(options), suffix)


@cache
def _flac(*options: str, channels: int = 1) -> bytes:
    return _made("-compression_level", "5", *options, suffix=".flac", channels=channels)


@cache
def _mp3(*options: str, rate_hz: int = 16_000, channels: int = 1) -> bytes:
    return _made("-c:a", "libmp3lame", *options, suffix=".mp3", rate_hz=rate_hz, channels=channels)


def _flac_total(samples: int) -> bytes:
    data = _flac()
    return data[:21] + bytes((data[21] & 0xF0,)) + struct.pack(">L", samples) + data[26:]


def _with_picture() -> bytes:
    data = _flac()
    return data[:42] + b"\x01\x0f\x42\x40" + bytes(1_000_000) + data[42:]


READ: dict[str, Odd] = {
    "8 bits": Odd(lambda: simple(bytes(range(256)) * 9, bits=8)),
    "24 bits": Odd(lambda: _deep(3)),
    "32 bits": Odd(lambda: _deep(4)),
    "float 32 beyond full scale": Odd(lambda: _float("<f4")),
    "float 64 beyond full scale": Odd(lambda: _float("<f8")),
    "mu-law": Odd(lambda: simple(pcmu_encode(DATA), MULAW, 8)),
    "A-law": Odd(lambda: simple(pcma_encode(DATA), ALAW, 8)),
    "extensible PCM": Odd(lambda: wav(chunk(b"fmt ", extensible()), chunk(b"data", DATA))),
    "extensible mu-law": Odd(lambda: wav(chunk(b"fmt ", extensible(MULAW, 8, 8)), chunk(b"data", pcmu_encode(DATA)))),
    "12 bits in 16": Odd(lambda: wav(chunk(b"fmt ", fmt(bits=12, octets=2)), chunk(b"data", DATA))),
    "RF64": Odd(lambda: wav(DS64, FMT, chunk(b"data", DATA, 2**32 - 1), form=b"RF64", size=2**32 - 1)),
    "BW64": Odd(lambda: wav(DS64, FMT, chunk(b"data", DATA, 2**32 - 1), form=b"BW64", size=2**32 - 1)),
    "RIFX": Odd(
        lambda: wav(
            chunk(b"fmt ", fmt(order=">"), order=">"),
            chunk(b"data", SAMPLES.astype(">i2").tobytes(), order=">"),
            form=b"RIFX",
            order=">",
        ),
        ("-c:a", "pcm_s16be"),  # ffmpeg takes its samples for little-endian
    ),
    "LIST before fmt": Odd(lambda: wav(chunk(b"LIST", b"INFO" + bytes(400)), FMT, chunk(b"data", DATA))),
    "odd chunk with padding": Odd(lambda: wav(FMT, chunk(b"bext", bytes(603)), chunk(b"data", DATA))),
    "size of RIFF 0": Odd(lambda: wav(FMT, chunk(b"data", DATA), size=0)),
    "size of data 0": Odd(lambda: wav(FMT, chunk(b"data", DATA, 0), size=0)),
    "size of data unknown": Odd(lambda: wav(FMT, chunk(b"data", DATA, 2**32 - 1), size=2**32 - 1)),
    "size of data beyond the end": Odd(lambda: wav(FMT, chunk(b"data", DATA, len(DATA) + 5000))),
    "fmt of 18 octets": Odd(lambda: wav(chunk(b"fmt ", fmt() + bytes(2)), chunk(b"data", DATA))),
    "LIST behind data": Odd(lambda: wav(FMT, chunk(b"data", DATA), chunk(b"LIST", b"INFO" + bytes(96)))),
    "a frame cut at the end": Odd(lambda: simple(DATA[:-1], size=len(DATA))),
    "6 channels": Odd(lambda: simple(DATA[: 12 * 300], channels=6)),
    "rate of 96000 Hz": Odd(lambda: simple(DATA, rate_hz=96_000)),
    "MP3 in WAV": Odd(
        lambda: _made("-c:a", "libmp3lame", suffix=".wav", rate_hz=16_000), shift=DECODER_DELAY_SAMPLES, tolerance=1
    ),
    "name of another kind": Odd(lambda: simple(DATA), suffix=".mp3"),
    "FLAC": Odd(_flac),
    "FLAC of 24 bits": Odd(lambda: _flac("-sample_fmt", "s32")),
    "FLAC of 8 channels": Odd(lambda: _flac(channels=8)),
    "FLAC in frames of 96000 Hz": Odd(lambda: _flac("-ar", "96000", "-frame_size", "1000")),
    "FLAC of unknown length": Odd(lambda: _flac_total(0)),
    "FLAC of a length that is too short": Odd(lambda: _flac_total(300)),
    "FLAC of a length that is too long": Odd(lambda: _flac_total(300_000)),
    "FLAC with a megabyte of padding": Odd(_with_picture),
    "FLAC behind ID3": Odd(lambda: id3v2(3000) + _flac()),
    "MP3": Odd(_mp3, tolerance=1),
    "MP3 of MPEG-2.5": Odd(lambda: _mp3(rate_hz=8000), tolerance=1),
    "MP3 with varying bit rate": Odd(lambda: _mp3("-q:a", "4", rate_hz=44_100, channels=2), tolerance=1),
    "MP3 behind a picture": Odd(lambda: id3v2(300_000).replace(b"\xff\xfb", b"\0\0") + _mp3(), tolerance=1),
    "MP3 before a tag": Odd(lambda: _mp3() + ID3V1, tolerance=1),
    "MP3 without header frame": Odd(lambda: frames(_mp3()), shift=DECODER_DELAY_SAMPLES, tolerance=1),
    "PCMU": Odd(lambda: pcmu_encode(DATA), ("-f", "mulaw", "-ar", "8000"), ".ulaw"),
    "PCMA": Odd(lambda: pcma_encode(DATA), ("-f", "alaw", "-ar", "8000"), ".al"),
    "G722": Odd(lambda: DATA[:2000], ("-f", "g722"), ".g722"),
    "L16": Odd(lambda: DATA, ("-f", "s16be", "-ar", "16000"), ".l16"),
    "sln16": Odd(lambda: DATA, ("-f", "s16le", "-ar", "16000"), ".sln16"),
}

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty.wav": (lambda: b"", "has 0 octets, a WAV file is needed"),
    "cut.wav": (lambda: simple(DATA)[:10], "it has 10 octets, a header has at least 12"),
    "headless.wav": (lambda: wav(chunk(b"data", DATA)), "it ends without a fmt chunk"),
    "soundless.wav": (lambda: wav(FMT), "it ends without a data chunk"),
    "nothing.wav": (lambda: simple(DATA, channels=0), "has 0 channels, at least 1 is needed"),
    "still.wav": (lambda: simple(DATA, rate_hz=0), "has a rate of 0 Hz, 1 to 192000 are possible"),
    "fast.wav": (lambda: simple(DATA, rate_hz=10_000_000), "has a rate of 10000000 Hz"),
    "short.wav": (lambda: wav(chunk(b"fmt ", fmt()[:10]), chunk(b"data", DATA)), "its fmt chunk has 10 octets"),
    "extended.wav": (
        lambda: wav(chunk(b"fmt ", extensible()[:30]), chunk(b"data", DATA)),
        "its extensible fmt chunk has 30 octets, 40 are needed",
    ),
    "guid.wav": (
        lambda: wav(chunk(b"fmt ", extensible()[:26] + bytes(14)), chunk(b"data", DATA)),
        "has subformat 0100000000000000",
    ),
    "bits.wav": (lambda: simple(DATA, bits=64), "has pcm samples of 64 bits"),
    "ima.wav": (lambda: simple(DATA, 0x11, 4), r"has format tag 17 \(IMA ADPCM\), PCM of 8 to 32 bits"),
    "adpcm.wav": (lambda: simple(DATA, 2, 4), r"has format tag 2 \(Microsoft ADPCM\)"),
    "gsm.wav": (lambda: simple(DATA, 0x31, 0), r"has format tag 49 \(GSM 6.10\)"),
    "wma.wav": (lambda: simple(DATA, 0x161, 16), r"has format tag 353 \(WMA\)"),
    "ds64.wav": (lambda: wav(chunk(b"ds64", bytes(8)), FMT, form=b"RF64"), "its ds64 chunk has 8 octets, at least 24"),
    "video.avi": (lambda: b"RIFF\0\0\0\0AVI LIST", "is a RIFF file of form b'AVI '"),
    "song.aiff": (lambda: b"FORM\0\0\1\0AIFFCOMM" + bytes(100), "it is an AIFF file"),
    "song.au": (lambda: b".snd\0\0\0\x18" + struct.pack(">LLLL", 2**32 - 1, 1, 8000, 1), "it is an AU file"),
    "song.caf": (lambda: b"caff\0\1\0\0desc", "it is a CAF file"),
    "song.m4a": (lambda: b"\0\0\0\x20ftypM4A " + bytes(24), "it is an MP4 or M4A file"),
    "song.webm": (lambda: bytes.fromhex("1a45dfa39f4286810142f78101") + bytes(30), "it is a WebM file"),
    "song.gz": (lambda: b"\x1f\x8b\x08" + bytes(30), "it is compressed by gzip"),
    "song.zip": (lambda: b"PK\3\4" + bytes(30), "it is a ZIP file"),
    "song.aac": (lambda: _made("-c:a", "aac", suffix=".aac"), "it is AAC in ADTS frames"),
    "song.mp2": (lambda: _made("-c:a", "mp2", suffix=".mp2", rate_hz=16_000), "it is MPEG audio layer II"),
    "error.mp3": (lambda: b"<html><body>503</body></html>" + bytes(100), "it is HTML or XML text"),
    "error.ulaw": (lambda: b'{"error": {"code": 404}}', "it is JSON text"),
    "free.mp3": (lambda: (b"\xff\xfb\x00\x00" + bytes(413)) * 9, "are of free format, which tells no bit rate"),
    "tags.mp3": (lambda: id3v2(2000) + ID3V1, "it is 2138 octets of tags without a frame"),
    "lonely.mp3": (lambda: frames(mp3.encode(noise(16_000, 4000), 16_000))[:100], "it is cut within its only frame"),
    "magic.flac": (lambda: b"fLaC", "it ends within its metadata"),
    "first.flac": (lambda: b"fLaC\x84\0\0\x22" + bytes(34), "its first block is of type 4 with 34 octets"),
    "cut.flac": (lambda: _flac()[:60], "it ends within its metadata"),
    "bits.flac": (lambda: _flac()[:20] + b"\1\x30" + _flac()[22:], "its samples have 20 bits"),
    "unknown.bin": (lambda: bytes(range(1, 200)), "it is of an unknown kind, it begins with octets 01 02 03"),
    "unknown.raw": (lambda: bytes(range(1, 200)), "its name does not say its coding: kind is needed"),
}

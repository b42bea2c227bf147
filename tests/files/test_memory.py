"""Memory does not grow with the file: three times as much sound needs the same memory."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
import soundfile

import rtpcodec
from rtpcodec.audio import mp3, mp3_scan
from rtpcodec.errors import AudioFileError
from rtpcodec.files.formats import mp3 as mp3_file
from rtpcodec.files.formats import mp3_segments
from rtpcodec.files.formats.ogg_pages import BEGINS, page_octets
from rtpcodec.kernels.g711 import pcmu_encode
from tests import traced_memory
from tests.mp3_files import frames, noise
from tests.wav_files import MULAW, chunk, fmt, wav

SECOND = noise(16_000, 16_000)
MP3 = frames(mp3.encode(SECOND, 16_000))
HEADER = wav(chunk(b"fmt ", fmt(rate_hz=16_000))) + b"data\xff\xff\xff\xff"
STEREO = wav(chunk(b"fmt ", fmt(MULAW, 8, channels=2))) + b"data\xff\xff\xff\xff"


class Repeated:
    """A stream that can only be read: a header, then the same octets repeated."""

    def __init__(self, header: bytes, body: bytes, times: int) -> None:
        self._waiting = header
        self._body = body
        self._times = times

    def read(self, octets: int) -> bytes:
        while len(self._waiting) < octets and self._times:
            self._waiting += self._body
            self._times -= 1
        found, self._waiting = self._waiting[:octets], self._waiting[octets:]
        return found


def flac_of(seconds: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.tile(np.frombuffer(SECOND, np.int16), seconds), 16_000, format="FLAC")
    return file.getvalue()


FLACS = {seconds: flac_of(seconds) for seconds in (15, 45)}


@pytest.mark.parametrize(
    ("source", "options", "limit_octets"),
    [
        (lambda s: Repeated(HEADER, SECOND, s), {}, 1_000_000),
        (lambda s: Repeated(HEADER, SECOND, s), {"pcm_hz": 48_000}, 1_500_000),
        (lambda s: Repeated(HEADER, SECOND, s), {"pcm_hz": 7001}, 3_000_000),
        (lambda s: Repeated(STEREO, pcmu_encode(SECOND), s), {}, 2_500_000),
        (lambda s: Repeated(b"", pcmu_encode(SECOND), s), {"kind": "ulaw"}, 1_000_000),
        (lambda s: Repeated(b"", SECOND, s), {"kind": "g722"}, 1_000_000),
        (lambda s: io.BytesIO(FLACS[s]), {}, 1_000_000),
        (lambda s: Repeated(b"", MP3, s), {"kind": "mp3"}, 1_500_000),
    ],
    ids=["wav", "wav up", "wav any rate", "wav stereo", "ulaw", "g722", "flac", "mp3"],
)
def test_memory_is_bounded(
    source: Callable[[int], io.BytesIO],
    options: dict[str, int | str],
    limit_octets: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mp3_scan, "FILL_OCTETS", 20_000)
    monkeypatch.setattr(mp3_file, "FILL_OCTETS", 20_000)
    monkeypatch.setattr(mp3_segments, "SEGMENT_FRAMES", 64)

    def read(seconds: int) -> None:
        with rtpcodec.open_audio(source(seconds), **options) as audio:  # type: ignore[arg-type]
            for _ in audio:
                pass

    read(15)
    with traced_memory.traced():
        short, long = (traced_memory.peak_of_one(read, seconds) for seconds in (15, 45))
    assert long < limit_octets
    assert long < short + 100_000


def test_a_header_with_a_large_length_allocates_nothing() -> None:
    def read() -> None:
        huge = wav(chunk(b"fmt ", fmt(channels=65_535, bits=32)), b"data" + struct.pack("<L", 2**32 - 8) + bytes(100))
        assert rtpcodec.read_audio(io.BytesIO(huge))[0] == b""

    read()
    with traced_memory.traced():
        assert traced_memory.peak_of_one(read) < 500_000


@pytest.mark.parametrize(
    "page",
    [b"\x00" * 65_000, page_octets([b"\x01vorbis" + bytes(64_000)], flags=BEGINS, position=0, serial=1, sequence=0)],
    ids=["no page", "first pages alone"],
)
def test_an_ogg_file_without_a_stream_is_not_kept_in_memory(page: bytes) -> None:
    def read() -> None:
        with pytest.raises(AudioFileError, match="has no "):
            rtpcodec.open_audio(Repeated(b"OggS", page, 100))  # type: ignore[arg-type]

    read()
    with traced_memory.traced():
        assert traced_memory.peak_of_one(read) < 4_000_000

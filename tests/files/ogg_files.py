"""Ogg Opus files for tests, written by our writer or page by page, and the results of other readers."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Callable
from functools import cache
from typing import Any, BinaryIO, cast

import numpy as np

from benchmarks.harness.signals import speech
from rtpcodec.files.facts import AudioFacts
from rtpcodec.files.formats.ogg_opus import open_source
from rtpcodec.files.formats.ogg_opus_target import open_target
from rtpcodec.files.source import SoundSource
from tests import ffmpeg
from tests.oracles.ogg import Page, page_of, pages_of
from tests.traced_memory import traced

FRAME = 960
"""Samples of a packet of 20 ms at 48 kHz."""


class Pipe:
    """A stream with only `read`, which returns few octets at once."""

    def __init__(self, octets: bytes, most: int = 1000) -> None:
        self._file = io.BytesIO(octets)
        self._most = most

    def read(self, octets: int = -1, /) -> bytes:
        return self._file.read(min(octets, self._most) if octets >= 0 else self._most)


def pcm_of(samples: int, rate_hz: int = 48_000, channels: int = 1) -> bytes:
    """Return speech; the second channel is its negative at half the level."""
    left = speech(samples, rate_hz)
    return left.tobytes() if channels == 1 else np.stack([left, -(left // 2)], 1).tobytes()


def written(pcm: bytes, rate_hz: int = 48_000, channels: int = 1, **options: Any) -> bytes:
    """Return a file of our writer."""
    file = io.BytesIO()
    target = open_target(file, rate_hz, channels, **options)
    target.write(pcm)
    target.finish()
    return file.getvalue()


@cache
def opus_file(seconds: float = 1.0, channels: int = 1) -> bytes:
    """Return packets of 60 octets each, for any version of the library."""
    pcm = pcm_of(int(48_000 * seconds), 48_000, channels)
    return written(pcm, 48_000, channels, bitrate=24_000, vbr=False)


@cache
def packets(seconds: float = 1.0, channels: int = 1) -> tuple[bytes, ...]:
    """Return the audio packets of `opus_file`."""
    return tuple(packet for page in pages_of(opus_file(seconds, channels))[2:] for packet in packets_on(page))


def packets_on(page: Page) -> list[bytes]:
    found, at, begin = [], 0, 0
    for length in page.segments:
        at += length
        if length < 255:
            found.append(page.body[begin:at])
            begin = at
    return found


def headers(seconds: float = 1.0, channels: int = 1) -> list[Page]:
    """Return the pages of the two headers of `opus_file`, with serial number 7."""
    found = pages_of(opus_file(seconds, channels))[:2]
    for page in found:
        page.serial = 7
    return found


def paged(seconds: float = 1.0, channels: int = 1, *, per_page: int = 5, serial: int = 7) -> list[Page]:
    """Return the packets of `opus_file` with this number per page; the last position is that of the last packet."""
    found = headers(seconds, channels)
    every = packets(seconds, channels)
    for at in range(0, len(every), per_page):
        group = list(every[at : at + per_page])
        position = (at + len(group)) * FRAME
        found.append(page_of(group, position=position, sequence=len(found)))
    found[-1].flags = 4
    for page in found:
        page.serial = serial
    return found


def peak_of(call: Callable[[int], None], size: int) -> int:
    """Return the peak of octets that Python allocated in a call, measured once: expected effects are far above the
    noise."""
    with traced():
        call(size)
        return tracemalloc.get_traced_memory()[1]


def source_of(octets: bytes, most: int | None = None) -> SoundSource:
    """Return our reader; with `most`, from a pipe that returns so many octets at once."""
    return open_source(cast("BinaryIO", io.BytesIO(octets) if most is None else Pipe(octets, most)), "a.opus")


def read(octets: bytes, most: int | None = None) -> tuple[bytes, AudioFacts]:
    """Return PCM and facts by our reader."""
    source = source_of(octets, most)
    try:
        return b"".join(source.pieces()), source.facts
    finally:
        source.close()


def read_by_ffmpeg(octets: bytes) -> bytes:
    """Decode by libopus in the ffmpeg executable, because ffmpeg's own decoder rounds differently."""
    return ffmpeg.decode(octets, ["-c:a", "libopus"])

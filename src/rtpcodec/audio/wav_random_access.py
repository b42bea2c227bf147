"""WAV files that are written at any position and in any order, and that a player can read at any moment."""

from __future__ import annotations

import os
import struct
import sys
from os import PathLike
from pathlib import Path
from typing import Final

from rtpcodec.audio.mixing import mix
from rtpcodec.audio.wav_format import MAX_SAMPLE_RATE_HZ
from rtpcodec.kernels.pcm import swap_bytes
from rtpcodec.pickling import Live

SAMPLE_OCTETS: Final = 2
HEADER_OCTETS: Final = 80
"""RIFF header, a chunk that is reserved for ds64, `fmt ` and the header of `data`."""
DS64_OCTETS: Final = 28
"""Three sizes of 64 bits and the length of an empty table (EBU Tech 3306)."""
MAX_RIFF_OCTETS: Final = 2**32 - 1 - HEADER_OCTETS
"""Octets of PCM that the 32 bits of RIFF count; beyond, the header becomes that of RF64."""


class RandomAccessWav(Live):
    """A WAV file of int16 PCM with one or two channels, each written at any position; unwritten parts are silent.

    Samples are written at once, and the sizes in the header by `update_header`, so the header never counts missing
    samples. Use from one thread at a time.
    """

    __slots__ = ("_file", "_frame_octets", "channels", "frames", "path", "sample_rate_hz")

    def __init__(self, path: str | PathLike[str], sample_rate_hz: int, channels: int = 1) -> None:
        """Create a file, and write its header.

        Args:
            path: the file, which must not exist.
            sample_rate_hz: rate of the samples.
            channels: 1 or 2.

        Raises:
            FileExistsError: the path exists.
            ValueError: the rate or the number of channels is out of range.
            OSError: the file cannot be written.
        """
        if not 0 < sample_rate_hz <= MAX_SAMPLE_RATE_HZ:
            raise ValueError(f"sample_rate_hz is {sample_rate_hz}, 1 to {MAX_SAMPLE_RATE_HZ} are allowed")
        if channels not in (1, 2):
            raise ValueError(f"channels is {channels}, 1 or 2 are allowed")
        self.path = Path(path)
        self.sample_rate_hz = sample_rate_hz
        self.channels = channels
        self.frames = 0
        """The length: the end of the last sample, or more after `extend`."""
        self._frame_octets = SAMPLE_OCTETS * channels
        self._file = self.path.open("x+b", buffering=0)
        try:
            self.update_header()
        except BaseException:
            self._file.close()
            raise

    def place(self, channel: int, at: int, pcm: bytes, *, adds: bool = False) -> None:
        """Write samples of one channel.

        Args:
            channel: its number, 0 or 1.
            at: the frame of the first sample; samples before frame 0 are dropped.
            pcm: native int16 samples.
            adds: whether to add to the existing samples instead of replacing them.

        Raises:
            OSError: the file cannot be read or written; the same call may be repeated unless it adds.
        """
        if at < 0:
            pcm, at = pcm[-at * SAMPLE_OCTETS :], 0
        frames = len(pcm) // SAMPLE_OCTETS
        if not frames:
            return
        if self.channels == 1 and not adds:
            octets = memoryview(_little(pcm))
        else:
            octets = memoryview(self._read(at, frames))
            samples = octets.cast("h")[channel :: self.channels]
            if adds:
                pcm = mix((pcm, _little(samples.tobytes())))
            samples[:] = memoryview(_little(pcm)).cast("h")
        self._write_all(HEADER_OCTETS + at * self._frame_octets, octets)
        self.frames = max(self.frames, at + frames)

    def extend(self, frames: int) -> None:
        """Extend the file with silence to at least this length, without blocks on most file systems. OSError."""
        if frames > self.frames:
            self._file.truncate(HEADER_OCTETS + frames * self._frame_octets)
            self.frames = frames

    def update_header(self) -> None:
        """Write the file's current sizes. OSError."""
        octets = self.frames * self._frame_octets
        rate_hz, frame_octets = self.sample_rate_hz, self._frame_octets
        is_long = octets > MAX_RIFF_OCTETS
        riff_octets = HEADER_OCTETS - 8 + octets
        sizes = struct.pack("<QQQL", riff_octets, octets, self.frames, 0) if is_long else bytes(DS64_OCTETS)
        unknown = 2**32 - 1
        header = struct.pack(
            "<4sL4s4sL28s4sLHHLLHH4sL",
            b"RF64" if is_long else b"RIFF",
            unknown if is_long else riff_octets,
            b"WAVE",
            b"ds64" if is_long else b"JUNK",
            DS64_OCTETS,
            sizes,
            *(b"fmt ", 16, 1, self.channels, rate_hz, frame_octets * rate_hz, frame_octets, 8 * SAMPLE_OCTETS),
            b"data",
            unknown if is_long else octets,
        )
        self._write_all(0, memoryview(header))

    def close(self) -> None:
        """Write the sizes and close the file. Calling it again does nothing. OSError."""
        if self._file.closed:
            return
        try:
            self.update_header()
        finally:
            self._file.close()

    def read(self, at: int, frames: int) -> bytes:
        """Return frames as native int16 samples, interleaved; fewer at the end of the file. OSError."""
        return bytes(_little(self._read(at, max(0, min(frames, self.frames - at)))))

    def _read(self, at: int, frames: int) -> bytearray:
        """Return the octets of frames; frames after the end are silent."""
        octets = bytearray(frames * self._frame_octets)
        if at < self.frames:
            self._file.seek(HEADER_OCTETS + at * self._frame_octets)
            left = memoryview(octets)
            while left and (count := self._file.readinto(left)):
                left = left[count:]
        return octets

    def _write_all(self, at: int, octets: memoryview) -> None:
        self._file.seek(at, os.SEEK_SET)
        octets = octets.cast("B")
        while octets:
            octets = octets[self._file.write(octets) or 0 :]


def _little(pcm: bytes | bytearray) -> bytes | bytearray:
    """Convert samples between native byte order and that of the file."""
    return pcm if sys.byteorder == "little" else swap_bytes(pcm)

"""Writes MP3 files by libsndfile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from typing_extensions import Buffer

from rtpcodec.audio import mp3
from rtpcodec.audio.mp3_frames import (
    ENCODER_DELAY_SAMPLES,
    HEADER_OCTETS,
    MAX_FRAME_OCTETS,
    FrameHeader,
    Info,
    info_frame,
    read_header,
    read_info,
)
from rtpcodec.files.formats.sndfile import Drain

BLOCK_OCTETS: Final = 1 << 18
"""Octets per step when a file is moved to insert a header frame."""
_NOT_QUITE_1: Final = 0.9999
"""libsndfile has the highest bit rate at 0 and the lowest at 1, but refuses 1 itself."""


class Mp3Target:
    """Writes one MP3 file of a constant bit rate, with a header frame that has the length of the sound.

    A file without samples gets one sample of silence.
    """

    __slots__ = ("_channels", "_drain", "_samples", "_writer")

    def __init__(self, file: BinaryIO, sample_rate_hz: int, channels: int, bit_rate_kbps: int | None) -> None:
        possible = mp3.bit_rates_kbps(sample_rate_hz)
        kbps = _default_kbps(sample_rate_hz, channels) if bit_rate_kbps is None else bit_rate_kbps
        if kbps not in possible:
            raise ValueError(f"bit_rate_kbps is {kbps}, {sample_rate_hz} Hz has {', '.join(map(str, possible))}")
        level = min((possible[-1] - kbps) / (possible[-1] - possible[0]), _NOT_QUITE_1)
        self._channels = channels
        self._samples = 0
        library = mp3.soundfile()
        self._drain = Drain(file)
        self._writer = library.SoundFile(
            self._drain, "w", sample_rate_hz, channels, "MPEG_LAYER_III", format="MP3",
            compression_level=level, bitrate_mode="CONSTANT",
        )  # fmt: skip
        self._drain.require()

    def write(self, pcm: Buffer) -> None:
        """Encode and write whole frames of native int16 PCM. OSError."""
        octets = memoryview(pcm).cast("B")
        self._samples += len(octets) // (2 * self._channels)
        self._writer.buffer_write(octets, "int16")
        self._drain.require()

    def finish(self) -> None:
        """Write the remaining samples, and a header frame if the encoder has not written one. OSError.

        The encoder omits it if its frames are too small.
        """
        if not self._samples:
            self._writer.buffer_write(bytes(2 * self._channels), "int16")  # a file without frames is not an MP3
        self._writer.close()
        self._complete()
        self._drain.require()

    def _complete(self) -> None:
        """Write the header frame."""
        self._drain.seek(0)
        first = self._drain.read(MAX_FRAME_OCTETS)
        header = read_header(first, 0)
        if header is None or read_info(first, 0, header) is not None:
            return
        frames = octets = 0
        for found in _frames(self._drain):
            frames += 1
            octets += found.octets
        padding = frames * header.samples - ENCODER_DELAY_SAMPLES - self._samples
        info = Info(frames, octets, ENCODER_DELAY_SAMPLES, padding)
        _insert(self._drain, info_frame(first[:HEADER_OCTETS], info, is_vbr=False))


def _default_kbps(sample_rate_hz: int, channels: int) -> int:
    """Return the default bit rate of mono, for stereo twice that or the highest one."""
    wanted = channels * mp3.DEFAULT_BIT_RATES_KBPS[sample_rate_hz]
    return max(kbps for kbps in mp3.bit_rates_kbps(sample_rate_hz) if kbps <= wanted)


def _frames(file: Drain) -> Iterator[FrameHeader]:
    """Yield the headers of all frames of a file."""
    file.seek(0)
    block, at = b"", 0
    while True:
        if at + HEADER_OCTETS > len(block):
            more = file.read(BLOCK_OCTETS)
            block, at = block[at:] + more, max(0, at - len(block))
            if not more:
                return
            continue
        header = read_header(block, at)
        if header is None:
            return
        yield header
        at += header.octets


def _insert(file: Drain, octets: bytes) -> None:
    """Insert octets at the start of a file, whose content is moved in blocks, the last one first."""
    at = file.seek(0, 2)
    while at > 0:
        begins = max(0, at - BLOCK_OCTETS)
        file.seek(begins)
        block = file.read(at - begins)
        file.seek(begins + len(octets))
        file.write(block)
        at = begins
    file.seek(0)
    file.write(octets)


def open_target(file: BinaryIO, sample_rate_hz: int, channels: int, *, bit_rate_kbps: int | None = None) -> Mp3Target:
    """Begin an MP3 file at the end of a file object, which must be readable too.

    Args:
        file: seekable file.
        sample_rate_hz: sample rate of the PCM in Hz.
        channels: number of channels, 1 or 2.
        bit_rate_kbps: bit rate of all channels together; None: 3 to 4 bits per sample up to 16 kHz, 2 to 3 above.

    Raises:
        ValueError: a bit rate that the sample rate does not have, or a file that is not seekable.
        MissingExtra: soundfile is missing.
    """
    if not file.seekable():
        raise ValueError("an MP3 file needs a seekable file object: its first frame says the length")
    return Mp3Target(file, sample_rate_hz, channels, bit_rate_kbps)

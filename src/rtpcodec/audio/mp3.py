"""MP3 files in memory: splitting and joining of concatenated files, checks, durations, encoding and decoding.

libsndfile reads only the first of several concatenated files, without an error, and estimates the length of a file
without a header frame. `decode` therefore passes it one part at a time, with a header frame that has the true number of
frames.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Final

import numpy as np
from typing_extensions import Buffer

from rtpcodec.audio.files import ITEM_FORMATS, SAMPLE_OCTETS
from rtpcodec.audio.mp3_frames import (
    BIT_RATES_KBPS,
    ENCODER_DELAY_SAMPLES,
    HEADER_OCTETS,
    RATES_HZ,
    Info,
    info_frame,
    silent_frame,
)
from rtpcodec.audio.mp3_scan import Part, parts_of
from rtpcodec.audio.not_mp3 import describe_frameless, foreign
from rtpcodec.audio.resample import Resampler
from rtpcodec.errors import MissingExtra

__all__ = ["Mp3Encoder", "bit_rates_kbps", "decode", "decode_parts", "duration_ms", "encode", "join", "split"]

MAX_MESSAGE_MP3_OCTETS: Final = 3 * 1024 * 1024 - 1024
"""base64 turns 3 MiB into 4 MiB, the limit of a message, less its other members. 12 minutes of 32 kbit/s."""
DEFAULT_BIT_RATES_KBPS: Final = {
    8000: 32, 11_025: 32, 12_000: 32, 16_000: 48, 22_050: 64, 24_000: 64, 32_000: 64, 44_100: 96, 48_000: 96,
}  # fmt: skip
"""Defaults of `encode` by sample rate: 3 to 4 bits per sample up to 16 kHz, where speech needs them, 2 to 3 above."""
_MAX_MPEG25_KBPS: Final = 64
"""The maximum of libsndfile at 12 kHz and below."""
_VERSIONS: Final = {rate_hz: version for version, rates_hz in RATES_HZ.items() for rate_hz in rates_hz}


def split(data: Buffer) -> list[bytes]:
    """Split concatenated files. Each result has a correct header frame and its frames, without tags.

    A border is a tag, a header frame (Xing, Info, VBRI), the end of the frames that a header frame counts, or a change
    of version, rate or channels. A truncated frame is dropped. ValueError: not an MP3, as for `require_mp3`.
    """
    octets = _octets(data)
    return [part.file(octets) for part in _parts(octets)]


def join(parts: Sequence[Buffer]) -> bytes:
    """Join the frames of all parts to one file: replace tags and header frames by one correct header frame.

    Frames are not recoded, so the padding that encoders added between parts (some 50 ms of silence) remains.
    ValueError: no parts, not an MP3, or a version, rate or number of channels that differs from the first part.
    """
    if not parts:
        raise ValueError("there are no MP3 parts to join")
    found = [(octets, part) for octets in map(_octets, parts) for part in _parts(octets)]
    first, last = found[0][1], found[-1][1]
    for number, (_, part) in enumerate(found, 1):
        if part.header.stream != first.header.stream:
            raise ValueError(f"MP3 part {number} is {part.header.stream}, part 1 is {first.header.stream}")
    frames = b"".join(part.raw(octets) for octets, part in found)
    starts, ends = first.delays, last.delays
    info = Info(
        sum(part.frames for _, part in found),
        len(frames),
        starts[0] if starts and ends else None,
        ends[1] if starts and ends else None,
    )
    is_vbr = any(part.is_vbr or part.header.bit_rate_kbps != first.header.bit_rate_kbps for _, part in found)
    return info_frame(frames[:HEADER_OCTETS], info, is_vbr=is_vbr) + frames


def require_mp3(data: Buffer, max_octets: int = MAX_MESSAGE_MP3_OCTETS) -> None:
    r"""Check that data is an MP3 that a message can carry.

    ValueError: it is something else, which the error names (WAV, OGG, text, truncated, empty), or it is too long.

    >>> require_mp3(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    Traceback (most recent call last):
    ValueError: data is a WAV file (RIFF), an MP3 is needed
    """
    octets = _octets(data)
    if len(octets) > max_octets:
        raise ValueError(f"MP3 has {len(octets)} octets, at most {max_octets} are allowed")
    _parts(octets)


def duration_ms(data: Buffer) -> float:
    """Return the duration of all parts, without the encoder's delay and padding, and without decoding. ValueError."""
    return sum(1000 * part.samples / part.header.stream.sample_rate_hz for part in _parts(_octets(data)))


def encode(pcm: Buffer, sample_rate_hz: int, bit_rate_kbps: int | None = None) -> bytes:
    """Encode native int16 mono PCM as an MP3 file of constant bit rate.

    Its header frame contains the encoder's delay and padding: decoders that evaluate it return exactly the encoded
    samples.

    Args:
        pcm: native int16 samples, at least one.
        sample_rate_hz: a rate of MP3, 8000 to 48000.
        bit_rate_kbps: one of `bit_rates_kbps(sample_rate_hz)`; None: the one in DEFAULT_BIT_RATES_KBPS.

    Raises:
        TypeError: pcm is not a buffer of 16-bit samples or octets.
        ValueError: MP3 does not have the rate or bit rate, or pcm has no samples or an odd number of octets.
        MissingExtra: soundfile is not installed.
    """
    view = memoryview(pcm)
    if view.format not in ITEM_FORMATS:
        raise TypeError(f"pcm has items of format '{view.format}', 16-bit samples ('h') or octets are needed")
    if not view.nbytes or view.nbytes % SAMPLE_OCTETS:
        raise ValueError(f"pcm has {view.nbytes} octets, 16-bit samples need an even number from 2 on")
    encoder = Mp3Encoder(sample_rate_hz, bit_rate_kbps)
    encoder.put(view.tobytes())
    return encoder.finish()


class Mp3Encoder:
    """Encodes PCM to an MP3 file in pieces. Encoding takes some ms per second of audio; a piece blocks for less time.

    The file equals that of `encode`, whatever the pieces. Use from one thread at a time.

    >>> encoder = Mp3Encoder(16000)
    >>> for _ in range(10): encoder.put(bytes(3200))
    >>> encoder.finish() == encode(bytes(32000), 16000)
    True
    """

    __slots__ = ("_file", "_samples", "_writer")

    def __init__(self, sample_rate_hz: int, bit_rate_kbps: int | None = None) -> None:
        """Begin a file. Arguments and errors as for `encode`."""
        possible = bit_rates_kbps(sample_rate_hz)
        kbps = DEFAULT_BIT_RATES_KBPS[sample_rate_hz] if bit_rate_kbps is None else bit_rate_kbps
        if kbps not in possible:
            raise ValueError(f"bit_rate_kbps is {kbps}, {sample_rate_hz} Hz has {', '.join(map(str, possible))}")
        # libsndfile goes from the highest bit rate at 0 to the lowest at 1, but refuses 1 itself.
        level = min((possible[-1] - kbps) / (possible[-1] - possible[0]), 0.9999)
        self._samples = 0
        self._file = io.BytesIO()
        self._writer = soundfile().SoundFile(
            self._file, "w", sample_rate_hz, 1, "MPEG_LAYER_III", format="MP3",
            compression_level=level, bitrate_mode="CONSTANT",
        )  # fmt: skip

    def put(self, pcm: bytes) -> None:
        """Encode whole samples of native int16 mono PCM."""
        self._samples += len(pcm) // SAMPLE_OCTETS
        self._writer.buffer_write(pcm, "int16")

    def finish(self) -> bytes:
        """Return the file. At least one sample must have been encoded."""
        self._writer.close()
        return _with_delays(self._file.getvalue(), self._samples)


def bit_rates_kbps(sample_rate_hz: int) -> tuple[int, ...]:
    """Return the bit rates that `encode` supports at a sample rate. ValueError: MP3 does not have the rate."""
    if sample_rate_hz not in _VERSIONS:
        rates = ", ".join(map(str, DEFAULT_BIT_RATES_KBPS))
        raise ValueError(f"sample_rate_hz is {sample_rate_hz}, MP3 has {rates}")
    version = _VERSIONS[sample_rate_hz]
    most = _MAX_MPEG25_KBPS if version == "2.5" else BIT_RATES_KBPS[version][-1]
    return tuple(kbps for kbps in BIT_RATES_KBPS[version] if kbps <= most)


def _with_delays(data: bytes, samples: int) -> bytes:
    """Add a header frame if LAME has not written one, because a frame of this bit rate is too small for it."""
    (part,) = parts_of(data)
    if part.info is None:
        padding = part.frames * part.header.samples - ENCODER_DELAY_SAMPLES - samples
        part.info = Info(part.frames, part.octets, ENCODER_DELAY_SAMPLES, padding)
        return part.file(data)
    return data


def decode(data: Buffer) -> tuple[bytes, int]:
    """Decode all parts to native int16 mono PCM; return it with the rate of the first part in Hz.

    Stereo becomes (left + right) / 2, rounded down. A part of another rate is resampled to that of the first.
    ValueError: not an MP3, as for `require_mp3`. MissingExtra: soundfile is not installed.
    """
    parts = decode_parts(data)
    rate_hz = parts[0][1]
    joined = []
    for pcm, part_hz in parts:
        joined.append(pcm if part_hz == rate_hz else Resampler(part_hz, rate_hz).resample(pcm))
    return b"".join(joined), rate_hz


def decode_parts(data: Buffer) -> list[tuple[bytes, int]]:
    """Decode each part; return its native int16 mono PCM and its rate in Hz. Errors as for `decode`."""
    octets = _octets(data)
    return [(_decode(octets, part), part.header.stream.sample_rate_hz) for part in _parts(octets)]


def _decode(data: bytes, part: Part) -> bytes:
    """Decode all samples of a part. An extra silent frame, declared as padding, flushes the last 529 samples."""
    sndfile = soundfile()
    frames = part.raw(data)
    frames += silent_frame(frames[:HEADER_OCTETS])
    delay = part.delays[0] if part.delays else 0
    info = Info(part.frames + 1, len(frames), delay, part.header.samples)
    file = info_frame(frames[:HEADER_OCTETS], info, is_vbr=part.is_vbr) + frames
    try:
        with sndfile.SoundFile(io.BytesIO(file)) as reader:
            pcm = reader.read(part.samples, dtype="int16", always_2d=True)
    except sndfile.LibsndfileError as error:
        raise ValueError(
            f"libsndfile cannot decode the MP3, {part.frames} frames of {part.header.stream}: {error}"
        ) from None
    if pcm.shape[1] == 1:
        return bytes(pcm.tobytes())
    mixed = (pcm[:, 0].astype(np.int32) + pcm[:, 1]) >> 1
    return bytes(mixed.astype(np.int16).tobytes())


def _parts(octets: bytes) -> list[Part]:
    """Return all parts. ValueError: the data is not an MP3, and the error names its kind; or a limit of the scan."""
    other = foreign(octets)
    parts = [] if other else parts_of(octets)
    if not parts:
        raise ValueError(f"data is {other or describe_frameless(octets)}, an MP3 is needed")
    return parts


def _octets(data: Buffer) -> bytes:
    return data if isinstance(data, bytes) else memoryview(data).tobytes()


def soundfile() -> ModuleType:
    """Import and return the module that encodes and decodes MP3. MissingExtra: it is not installed."""
    try:
        return import_module("soundfile")  # an extra with a library of 2 MB, imported only when needed
    except (ImportError, OSError) as error:  # OSError: a build without libsndfile, on a system without it
        raise MissingExtra("MP3", "soundfile", "mp3") from error

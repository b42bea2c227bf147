"""Conversion of a WAV file's samples to native int16: every coding, and several channels to one.

Integers keep their upper 16 bits, as in ffmpeg; floats are scaled by 32768, rounded half to even and limited.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rtpcodec.audio.wav_format import WavFormat
from rtpcodec.kernels.g711 import pcma_decode, pcmu_decode
from rtpcodec.kernels.pcm import swap_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Converter = Callable[[bytes], bytes]
"""Whole frames of a file in, native int16 mono PCM out."""

_SIGN: Final = bytes(octet ^ 0x80 for octet in range(256))


def converter(found: WavFormat, channel: int | None, name: str) -> Converter:
    """Return the conversion of a file's frames.

    Args:
        found: the file's format.
        channel: the channel to read, from 0; None: the mean of all, rounded down.
        name: the file's name in errors.

    Raises:
        ValueError: the file does not have the channel.
    """
    if channel is not None and not 0 <= channel < found.channels:
        raise ValueError(f"channel is {channel}, {name} has channels 0 to {found.channels - 1}")
    to_int16 = interleaved(found)
    if found.channels == 1:
        return to_int16

    def one_channel(frames: bytes) -> bytes:
        import numpy as np  # noqa: PLC0415 -- most files are mono, and need no arrays

        every = np.frombuffer(to_int16(frames), np.int16).reshape(-1, found.channels)
        return _mean(every) if channel is None else every[:, channel].tobytes()

    return one_channel


def _mean(every: NDArray[np.int16]) -> bytes:
    return bytes((every.sum(axis=1, dtype="int64") // every.shape[1]).astype("int16").tobytes())


def interleaved(found: WavFormat) -> Converter:
    """Return the conversion of a file's frames to int16 with all channels, frame by frame."""
    if found.coding == "mulaw":
        return pcmu_decode
    if found.coding == "alaw":
        return pcma_decode
    if found.coding == "float":
        return _floats(f"{'>' if found.big_endian else '<'}f{found.sample_octets}")
    if found.sample_octets == 1:
        return _unsigned
    if found.sample_octets == 2:
        return bytes if found.big_endian == (sys.byteorder == "big") else swap_bytes
    return _upper(found.sample_octets, big_endian=found.big_endian)


def _unsigned(samples: bytes) -> bytes:
    """Convert unsigned 8-bit samples, where 128 is silence."""
    wide = bytearray(2 * len(samples))
    wide[1 if sys.byteorder == "little" else 0 :: 2] = samples.translate(_SIGN)
    return bytes(wide)


def _upper(octets: int, *, big_endian: bool) -> Converter:
    """Return the conversion of 24- and 32-bit samples: their upper two octets."""
    high, low = (0, 1) if big_endian else (octets - 1, octets - 2)

    def convert(samples: bytes) -> bytes:
        narrow = bytearray(len(samples) // octets * 2)
        native_high = 1 if sys.byteorder == "little" else 0
        narrow[native_high::2] = samples[high::octets]
        narrow[1 - native_high :: 2] = samples[low::octets]
        return bytes(narrow)

    return convert


def _floats(kind: str) -> Converter:
    """Return the conversion of floats: 1.0 is full scale, NaN is silence."""

    def convert(samples: bytes) -> bytes:
        import numpy as np  # noqa: PLC0415 -- most files hold integers

        with np.errstate(invalid="ignore"):  # a signalling NaN is silence like any other
            values = np.nan_to_num(np.frombuffer(samples, kind).astype(np.float64), posinf=1.0, neginf=-1.0)
        return bytes(np.rint(values.clip(-2, 2) * 32768).clip(-32768, 32767).astype(np.int16).tobytes())

    return convert

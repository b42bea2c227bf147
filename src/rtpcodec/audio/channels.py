"""Channels of PCM: interleaving, splitting, and downmixing to mono."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio.pcm_input import PcmInput
from rtpcodec.kernels import channels as _channels

__all__ = ["downmix", "interleave", "split"]

FRAMES_BY_CHANNELS: Final = 2
"""Dimensions of an array of several channels."""
_NATIVE: Final = ("", "@", "=", "<" if sys.byteorder == "little" else ">")
"""Prefixes of buffer formats in native byte order."""


def interleave(channels: Iterable[Buffer]) -> bytes:
    """Interleave channels: left, right, left, right.

    Args:
        channels: 1 to 64 buffers of native int16 samples, of equal length.

    Raises:
        TypeError: a channel is not a buffer of 16-bit samples or octets.
        ValueError: there are not 1 to 64 channels, or their lengths differ.

    >>> interleave((b"1122", b"3344"))
    b'11332244'
    """
    return _channels.interleave(channels)


def split(pcm: Buffer, channels: int = 2) -> tuple[bytes, ...]:
    """Split interleaved native int16 PCM into its channels.

    Raises:
        TypeError: pcm is not a buffer of 16-bit samples or octets.
        ValueError: pcm ends inside a frame, or channels is not 1 to 64.

    >>> split(b"11332244")
    (b'1122', b'3344')
    """
    return _channels.split(pcm, channels)


def downmix(pcm: Buffer, channels: int | None = None) -> bytes:
    """Mix interleaved PCM down to mono int16: the mean of each frame, rounded half to even.

    Args:
        pcm: int16 or float32 samples, or the octets of int16. A two-dimensional array has the shape (frames, channels).
        channels: 1 to 64; None: the second dimension of an array, otherwise 2.

    Raises:
        TypeError: pcm is not a buffer of such samples.
        ValueError: pcm ends inside a frame, has other dimensions or channels, or contains a NaN.

    >>> from array import array
    >>> array("h", downmix(array("h", [100, 300, -50, 50]))).tolist()
    [200, 0]
    """
    view = memoryview(pcm)
    if view.ndim == FRAMES_BY_CHANNELS and view.shape and view.format[:-1] in _NATIVE:
        columns = view.shape[1]
        if channels not in (None, columns):
            raise ValueError(f"pcm has {columns} columns, one per channel, but channels is {channels}")
        channels = columns
        # Contiguous frames.
        pcm = memoryview(view.tobytes()).cast(view.format[-1])  # type: ignore[call-overload]
    samples = PcmInput()
    octets = samples.accept(pcm)
    if samples.carried:
        raise ValueError(f"pcm has {view.nbytes} octets, 16-bit samples need an even number")
    return _channels.downmix(octets, 2 if channels is None else channels)

"""Gain, mixing and fades of int16 PCM, with gains in decibels.

Products are rounded half to even, and results saturate at int16 instead of wrapping. The kernels
(`rtpcodec.kernels.mixing`, `fading`) can also write into the caller's buffer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from typing_extensions import Buffer

from rtpcodec.audio.levels import rms_dbov
from rtpcodec.kernels import mixing as _mixing
from rtpcodec.kernels.fading import fade as _fade
from rtpcodec.kernels.pcm import copy_samples as _copy_samples
from rtpcodec.pickling import Live

MAX_GAIN_DB: Final = 36.0
"""A factor of 63; a signal that needs more is only noise."""


def factor_of_db(gain_db: float) -> float:
    """Return the factor of a gain: 1 for 0 dB, 0 for -inf.

    Raises:
        ValueError: the gain is above MAX_GAIN_DB, or a NaN.

    >>> round(factor_of_db(-6), 4), factor_of_db(float("-inf"))
    (0.5012, 0.0)
    """
    if not gain_db <= MAX_GAIN_DB:
        raise ValueError(f"gain_db is {gain_db!r}, at most {MAX_GAIN_DB:g} is allowed")
    return float(10 ** (gain_db / 20))


def amplify(pcm: Buffer, gain_db: float) -> bytes:
    """Amplify PCM or, below 0 dB, attenuate it.

    Args:
        pcm: native int16 samples.
        gain_db: gain in dB, up to 36.

    Raises:
        TypeError: pcm is not a buffer of 16-bit samples or octets.
        ValueError: the gain is too high, or the number of octets is odd.

    >>> from array import array
    >>> array("h", amplify(array("h", [1000, -30000]), 20)).tolist()
    [10000, -32768]
    """
    return _mixing.gain(pcm, factor_of_db(gain_db))


def set_level(pcm: Buffer, level_dbov: float) -> bytes:
    """Scale a whole recording to a level; silence stays silent.

    Args:
        pcm: native int16 samples, at least one. The gain is at most 36 dB.
        level_dbov: the resulting mean power, up to 0 dBov; above about -20 the peaks of speech saturate.

    Raises:
        TypeError: pcm is not a buffer of 16-bit samples or octets.
        ValueError: pcm is empty, the number of octets is odd, or the level is above 0.

    >>> from array import array
    >>> array("h", set_level(array("h", [1000, -1000]), -40)).tolist()
    [328, -328]
    """
    if not level_dbov <= 0:
        raise ValueError(f"level_dbov is {level_dbov!r}, at most 0 is allowed")
    return amplify(pcm, min(level_dbov - rms_dbov(pcm), MAX_GAIN_DB))


def mix(sources: Iterable[Buffer], gains_db: Iterable[float] | None = None) -> bytes:
    """Mix PCM: add all sources, and saturate the final sum.

    Args:
        sources: 1 to 64 buffers of native int16 samples, of equal length and rate.
        gains_db: the gain of each source in dB, up to 36; None: 0 for all.

    Raises:
        TypeError: a source is not a buffer of 16-bit samples or octets.
        ValueError: the number of sources or gains is wrong, the lengths differ, or a gain is too high.

    >>> from array import array
    >>> speech, music = array("h", [1000, -1000]), array("h", [500, 500])
    >>> array("h", mix((speech, music), (0, -20))).tolist()
    [1050, -950]
    """
    return _mixing.mix(sources, None if gains_db is None else [factor_of_db(gain_db) for gain_db in gains_db])


class Fade(Live):
    """Fades one stream of PCM in or out, in pieces of any size. Use from one thread at a time.

    >>> from array import array
    >>> fade = Fade(4)
    >>> array("h", fade.apply(array("h", [100, 100])) + fade.apply(array("h", [100, 100, 100]))).tolist()
    [0, 25, 50, 75, 100]
    """

    __slots__ = ("_position", "rising", "samples")

    def __init__(self, samples: int, *, rising: bool = True) -> None:
        """Create a fade.

        Args:
            samples: length of the fade, at least 1; 5 ms avoid a click.
            rising: True: fade in, False: fade out.

        Raises:
            ValueError: samples is below 1.
        """
        if samples < 1:
            raise ValueError(f"samples is {samples!r}, at least 1 is needed")
        self.samples = samples
        self.rising = rising
        self._position = 0

    @property
    def ended(self) -> bool:
        """Whether the fade is over: the next piece is unchanged if the fade is rising, otherwise silent."""
        return self._position >= self.samples

    def apply(self, pcm: Buffer) -> bytes:
        """Return the next piece, faded.

        Args:
            pcm: native int16 samples.

        Raises:
            TypeError: pcm is not a buffer of 16-bit samples or octets.
            ValueError: the number of octets is odd.
        """
        faded = _fade(pcm, self._position, self.samples, self.rising)
        self._position = min(self._position + len(faded) // 2, self.samples)
        return faded


def fade_in(pcm: Buffer, samples: int) -> bytes:
    """Fade in the first samples of PCM from silence. Arguments and errors as for `Fade`.

    >>> from array import array
    >>> array("h", fade_in(array("h", [100] * 4), 2)).tolist()
    [0, 50, 100, 100]
    """
    return Fade(samples).apply(pcm)


def fade_out(pcm: Buffer, samples: int) -> bytes:
    """Fade out the last samples of PCM, or all if there are fewer. Arguments and errors as for `Fade`.

    >>> from array import array
    >>> array("h", fade_out(array("h", [100] * 4), 2)).tolist()
    [100, 100, 50, 0]
    """
    octets = _copy_samples(pcm)
    ramp = min(samples, max(len(octets) // 2, 1))
    before = max(len(octets) - 2 * ramp, 0)
    return octets[:before] + Fade(ramp, rising=False).apply(octets[before:])

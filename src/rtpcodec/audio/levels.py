"""Levels of int16 PCM in decibels.

dBov is relative to overload (ITU-T G.100.1): 0 dBov is the power of samples that are all at full scale, 32768 here, so
a sine at full scale has -3.01 dBov. dBm0 is the level at the reference point of a telephone network. ITU-T G.711
section 5 puts a sine at full scale at +3.14 dBm0 in A-law, which makes 0 dBm0 -6.15 dBov; mu-law, with +3.17, is 0.03
dB off.
"""

from __future__ import annotations

import math
from typing import Final

from typing_extensions import Buffer

from rtpcodec.kernels.levels import energy as _energy
from rtpcodec.kernels.levels import peak as _peak

FULL_SCALE: Final = 32768
SILENCE_DBOV: Final = -127.0
"""The level of samples that are all 0, and the lowest that is reported, as in RTP headers (RFC 6464 section 3)."""
DBOV_OF_0_DBM0: Final = -6.15
"""-3.01 of a sine at full scale, less its 3.14 dBm0."""


def rms_dbov(pcm: Buffer) -> float:
    """Return the mean power of PCM in dBov: 0 to SILENCE_DBOV.

    Args:
        pcm: native int16 samples, at least one.

    Raises:
        TypeError: it is not a buffer of 16-bit samples or octets.
        ValueError: it is empty, or has an odd number of octets.

    >>> from array import array
    >>> rms_dbov(array("h", [-32768] * 80)), round(rms_dbov(array("h", [3277, -3277] * 80)), 2), rms_dbov(bytes(320))
    (0.0, -20.0, -127.0)
    """
    power = _energy(pcm) / (_samples_of(pcm) * FULL_SCALE**2)
    return max(10 * math.log10(power), SILENCE_DBOV) if power else SILENCE_DBOV


def peak_dbov(pcm: Buffer) -> float:
    """Return the largest magnitude of PCM in dBov: 0 to SILENCE_DBOV.

    Args:
        pcm: native int16 samples, at least one.

    Raises:
        TypeError, ValueError: as for `rms_dbov`.

    >>> from array import array
    >>> round(peak_dbov(array("h", [1, -16384, 5])), 2)
    -6.02
    """
    highest = _peak(pcm)
    _samples_of(pcm)
    return 20 * math.log10(highest / FULL_SCALE) if highest else SILENCE_DBOV


def rms_of_dbov(level_dbov: float) -> float:
    """Return the RMS value of samples of a level; 32768 of 0 dBov.

    >>> round(rms_of_dbov(-20), 1)
    3276.8
    """
    return float(FULL_SCALE * 10 ** (level_dbov / 20))


def dbov_of_dbm0(level_dbm0: float) -> float:
    """Return a level of a telephone network in dBov.

    >>> dbov_of_dbm0(-10)
    -16.15
    """
    return level_dbm0 + DBOV_OF_0_DBM0


def dbm0_of_dbov(level_dbov: float) -> float:
    """Return a level in dBov as that of a telephone network.

    >>> round(dbm0_of_dbov(-26), 2)
    -19.85
    """
    return level_dbov - DBOV_OF_0_DBM0


def _samples_of(pcm: Buffer) -> int:
    samples = memoryview(pcm).nbytes // 2
    if not samples:
        raise ValueError("pcm has 0 samples, at least 1 is needed")
    return samples

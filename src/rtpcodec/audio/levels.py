"""Levels of int16 PCM in decibels.

dBov is relative to overload (ITU-T G.100.1): 0 dBov is the power of samples that are all at full scale, 32768 here, so
a full-scale sine has -3.01 dBov. dBm0 is the level at the reference point of a telephone network. By ITU-T G.711
section 5 a full-scale sine has +3.14 dBm0 in A-law, so 0 dBm0 is -6.15 dBov; in mu-law it has +3.17, a difference of
0.03 dB.
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
"""A full-scale sine has -3.01 dBov and +3.14 dBm0."""


def rms_dbov(pcm: Buffer) -> float:
    """Return the mean power of PCM in dBov: 0 to SILENCE_DBOV.

    Args:
        pcm: native int16 samples, at least one.

    Raises:
        TypeError: pcm is not a buffer of 16-bit samples or octets.
        ValueError: pcm is empty, or has an odd number of octets.

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
    """Return the RMS sample value of a level; 0 dBov gives 32768.

    >>> round(rms_of_dbov(-20), 1)
    3276.8
    """
    return float(FULL_SCALE * 10 ** (level_dbov / 20))


def dbov_of_dbm0(level_dbm0: float) -> float:
    """Convert a level from dBm0 to dBov.

    >>> dbov_of_dbm0(-10)
    -16.15
    """
    return level_dbm0 + DBOV_OF_0_DBM0


def dbm0_of_dbov(level_dbov: float) -> float:
    """Convert a level from dBov to dBm0.

    >>> round(dbm0_of_dbov(-26), 2)
    -19.85
    """
    return level_dbov - DBOV_OF_0_DBM0


def _samples_of(pcm: Buffer) -> int:
    samples = memoryview(pcm).nbytes // 2
    if not samples:
        raise ValueError("pcm has 0 samples, at least 1 is needed")
    return samples

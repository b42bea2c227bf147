"""White noise at a given level, for lines that should not sound dead."""

from __future__ import annotations

from typing import Final

from rtpcodec.audio.levels import dbov_of_dbm0, rms_of_dbov
from rtpcodec.kernels.noise import white_noise
from rtpcodec.pickling import Live

__all__ = ["ComfortNoise"]

DEFAULT_LEVEL_DBM0: Final = -62.0
"""A quiet line: an RMS value of 13."""
MIN_LEVEL_DBM0: Final = -80.0
"""At lower levels most samples are 0."""
MAX_LEVEL_DBM0: Final = -10.0
"""Above -5 dBm0 the peaks of the noise would clip."""


class ComfortNoise(Live):
    """One stream of white noise; the same seed gives the same noise. Use from one thread at a time.

    It is computed in integers and without NumPy. For noise with the spectrum of a CN payload, use
    `rtpcodec.rtp.payloads.comfort_noise`.

    >>> noise = ComfortNoise(8000)
    >>> len(noise.samples(160))
    320
    """

    __slots__ = ("_position", "_rms", "level_dbm0", "rate_hz", "seed")

    def __init__(self, rate_hz: int, level_dbm0: float = DEFAULT_LEVEL_DBM0, seed: int = 0) -> None:
        """Create a stream.

        Args:
            rate_hz: sample rate. The noise fills the whole band up to half of it.
            level_dbm0: level of the whole band, -80 to -10.
            seed: any whole number.

        Raises:
            ValueError: the rate is not positive, or the level is out of range.
        """
        if not rate_hz > 0:
            raise ValueError(f"rate_hz is {rate_hz!r}, it must be above 0")
        if not MIN_LEVEL_DBM0 <= level_dbm0 <= MAX_LEVEL_DBM0:
            raise ValueError(f"level_dbm0 is {level_dbm0!r}, {MIN_LEVEL_DBM0:g} to {MAX_LEVEL_DBM0:g} are allowed")
        self.rate_hz = rate_hz
        self.level_dbm0 = level_dbm0
        self.seed = seed
        self._rms = rms_of_dbov(dbov_of_dbm0(level_dbm0))
        self._position = 0

    def samples(self, n: int) -> bytes:
        """Return the next n samples as native int16 PCM. ValueError: n is negative."""
        pcm = white_noise(self.seed, self._position, n, self._rms)
        self._position += n
        return pcm

    def reset(self) -> None:
        """Restart the stream."""
        self._position = 0

    def __repr__(self) -> str:
        """Return the arguments."""
        return f"ComfortNoise(rate_hz={self.rate_hz}, level_dbm0={self.level_dbm0:g}, seed={self.seed})"

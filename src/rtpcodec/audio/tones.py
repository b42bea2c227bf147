"""DTMF signals of telephone keys: two sines each (ITU-T Q.23)."""

from __future__ import annotations

import math
from typing import Final

from rtpcodec.audio.levels import FULL_SCALE, dbm0_of_dbov, dbov_of_dbm0
from rtpcodec.kernels.tones import sines
from rtpcodec.pickling import Live

LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
KEYS: Final = ("123A", "456B", "789C", "*0#D")
"""The keypad: a row per low frequency, a column per high one."""
KEY_FREQUENCIES_HZ: Final = {
    key: (low_hz, high_hz)
    for low_hz, row in zip(LOW_HZ, KEYS, strict=True)
    for high_hz, key in zip(HIGH_HZ, row, strict=True)
}
DEFAULT_LEVEL_DBM0: Final = -10.0


class DualTone(Live):
    """Generates the DTMF signal of one key, for any time. Use from one thread at a time.

    The phase is exact for any cuts, so the frequencies do not drift.

    >>> tone = DualTone("5", 8000)
    >>> tone.frequencies_hz, len(tone.samples(400))
    ((770, 1336), 800)
    """

    __slots__ = ("_position", "_sines", "frequencies_hz", "key", "level_dbm0", "rate_hz")

    def __init__(
        self, key: str, rate_hz: int, level_dbm0: float = DEFAULT_LEVEL_DBM0, *, twist_db: float = 0.0
    ) -> None:
        """Create the signal of a key.

        Args:
            key: one of 0 to 9, A to D, * and #.
            rate_hz: sample rate, 8000 to 192000.
            level_dbm0: power of both sines together in dBm0.
            twist_db: level of the high sine relative to the low one in dB.

        Raises:
            ValueError: key is not a DTMF key, the rate is out of range, or the level would clip.
        """
        if key not in KEY_FREQUENCIES_HZ:
            raise ValueError(f"key is {key!r}, 0 to 9, A to D, * and # are allowed")
        self.key = key
        self.rate_hz = rate_hz
        self.level_dbm0 = level_dbm0
        self.frequencies_hz = KEY_FREQUENCIES_HZ[key]
        low, high = _amplitudes(level_dbm0, twist_db)
        self._sines = ((self.frequencies_hz[0], low), (self.frequencies_hz[1], high))
        self._position = 0
        self.samples(0)

    def samples(self, n: int) -> bytes:
        """Return the next n samples as native int16 PCM. ValueError: n is negative."""
        pcm = sines(self._sines, self.rate_hz, self._position, n)
        self._position += n
        return pcm

    def reset(self) -> None:
        """Restart at phase 0."""
        self._position = 0

    def __repr__(self) -> str:
        """Return a text without the key, because digits must not reach a log."""
        return f"DualTone(rate_hz={self.rate_hz}, level_dbm0={self.level_dbm0:g})"


def _amplitudes(level_dbm0: float, twist_db: float) -> tuple[float, float]:
    """Return the amplitudes of the low and the high sine. ValueError: their sum exceeds full scale."""
    ratio = 10 ** (twist_db / 20)
    # The power of a sine is half the square of its amplitude.
    low_at_full_power = FULL_SCALE * math.sqrt(2 / (1 + ratio * ratio))
    low = low_at_full_power * 10 ** (dbov_of_dbm0(level_dbm0) / 20)
    if not low * (1 + ratio) <= FULL_SCALE - 1:
        most = dbm0_of_dbov(20 * math.log10((FULL_SCALE - 1) / (low_at_full_power * (1 + ratio))))
        raise ValueError(f"level_dbm0 is {level_dbm0!r}, above {most:.2f} the signal of two sines clips")
    return low, low * ratio

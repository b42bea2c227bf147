"""Level, loss and delay of one direction of a call, second by second."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rtpcodec.audio.levels import FULL_SCALE, SILENCE_DBOV
from rtpcodec.kernels.levels import energy
from rtpcodec.pickling import Value

MIN_DRIFT_SECONDS: Final = 30
"""In a shorter stream the jitter is greater than the drift."""
SHARE_OF_ENDS: Final = 10
"""Drift is measured from the first tenth of the seconds to the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondSeries(Value):
    """One direction of a call, one entry per second of its sound; the last second may be incomplete."""

    level_dbov: tuple[float, ...]
    """The mean power; -127 is silence."""
    received: tuple[int, ...]
    """Packets received, including telephone events and comfort noise."""
    lost: tuple[int, ...]
    """Packets lost before a packet of this second, by the sequence numbers."""
    delay_ms: tuple[float | None, ...]
    """The mean delay beyond that of the quickest packet; None: no packet arrived."""


class SeriesCounter:
    """Measures one direction while its sound is written. Use from one thread at a time."""

    __slots__ = ("_delay_sums", "_delays", "_energies", "_filled", "_lost", "_quickest", "_rate_hz", "_received")

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._filled = 0
        self._energies = array("d")
        self._received = array("L")
        self._lost = array("L")
        self._delays = array("L")
        self._delay_sums = array("d")
        self._quickest = array("d")

    def sound(self, pcm: bytes) -> float:
        """Measure the next samples. Return their energy; a sample at full scale has 1."""
        rate_hz, total = self._rate_hz, 0.0
        second, at = divmod(self._filled, rate_hz)
        samples = len(pcm) // 2
        if 0 < samples <= rate_hz - at:
            self._grow(second)
            total = energy(pcm) / FULL_SCALE**2
            self._energies[second] += total
            self._filled += samples
            return total
        left = memoryview(pcm).cast("B")
        while left:
            second, at = divmod(self._filled, rate_hz)
            piece = left if len(left) <= 2 * (rate_hz - at) else left[: 2 * (rate_hz - at)]
            self._grow(second)
            found = energy(piece) / FULL_SCALE**2
            self._energies[second] += found
            total += found
            self._filled += len(piece) // 2
            left = left[len(piece) :]
        return total

    def silence(self, samples: int) -> None:
        """Add samples of silence."""
        self._filled += samples
        if self._filled:
            self._grow((self._filled - 1) // self._rate_hz)

    def packet(self, position: int, lost: int, delay_ms: float | None) -> None:
        """Count a packet.

        Args:
            position: its position in samples.
            lost: how many packets before it were lost.
            delay_ms: its arrival minus its place in ms; None: its timestamp does not have a place.
        """
        second = max(position, 0) // self._rate_hz
        self._grow(second)
        self._received[second] += 1
        self._lost[second] += lost
        if delay_ms is not None:
            self._delays[second] += 1
            self._delay_sums[second] += delay_ms
            self._quickest[second] = min(self._quickest[second], delay_ms)

    def packets(self, positions: Sequence[int], delays_ms: Sequence[float]) -> None:
        """Count consecutive packets, by their ascending positions and their delays."""
        second = max(positions[0], 0) // self._rate_hz
        if positions[-1] // self._rate_hz > second:
            for position, delay_ms in zip(positions, delays_ms, strict=True):
                self.packet(position, 0, delay_ms)
            return
        self._grow(second)
        self._received[second] += len(positions)
        self._delays[second] += len(positions)
        total_ms = self._delay_sums[second]
        for delay_ms in delays_ms:
            total_ms += delay_ms
        self._delay_sums[second] = total_ms
        self._quickest[second] = min(self._quickest[second], *delays_ms)

    def series(self) -> SecondSeries:
        """Return the series."""
        least = min(self._quickest, default=0.0)
        seconds = range(len(self._energies))
        return SecondSeries(
            level_dbov=tuple([level_dbov(self._energies[at], self._samples_of(at)) for at in seconds]),
            received=tuple(self._received),
            lost=tuple(self._lost),
            delay_ms=tuple([self._delay_sums[at] / n - least if (n := self._delays[at]) else None for at in seconds]),
        )

    def drift_ppm(self) -> float | None:
        """Return how much faster the capture's clock ran than the RTP clock; None: the stream is too short."""
        quickest = [(at, delay_ms) for at, delay_ms in enumerate(self._quickest) if delay_ms != math.inf]
        if len(quickest) < MIN_DRIFT_SECONDS:
            return None
        size = len(quickest) // SHARE_OF_ENDS
        (first, before), (last, after) = (
            min(part, key=lambda one: one[1]) for part in (quickest[:size], quickest[-size:])
        )
        return (after - before) / (last - first) * 1000

    def _samples_of(self, second: int) -> int:
        return max(1, min(self._rate_hz, self._filled - second * self._rate_hz))

    def _grow(self, second: int) -> None:
        missing = second + 1 - len(self._energies)
        if missing > 0:
            for counts in (self._received, self._lost, self._delays):
                counts.extend([0] * missing)
            for sums in (self._energies, self._delay_sums):
                sums.extend([0.0] * missing)
            self._quickest.extend([math.inf] * missing)


def level_dbov(energy_sum: float, samples: int) -> float:
    """Return the mean power of samples, from the sum of their squares; a sample at full scale has 1."""
    return max(10 * math.log10(energy_sum / samples), SILENCE_DBOV) if energy_sum > 0 and samples else SILENCE_DBOV

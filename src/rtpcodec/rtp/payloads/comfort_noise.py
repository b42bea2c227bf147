"""Comfort noise: payloads with a level and the shape of a spectrum, measured and generated (RFC 3389).

A payload has a level and M reflection coefficients (section 3.3):

     0 1 2 3 4 5 6 7   0 1 2 3 4 5 6 7         0 1 2 3 4 5 6 7
    |0|   level     | |      N1       |  ...  |      NM       |

Levels are relative to overload: 0 dBov is a square wave at full scale. The spectrum is that of an all-pole filter
1 / A(z) with these reflection coefficients; with a single one, A(z) = 1 + k1 / z, and noise of low frequencies has a
negative k1. NumPy computes the noise in floating point; results need not be equal to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from rtpcodec.errors import PayloadError

__all__ = ["ComfortNoise", "NoiseGenerator"]

PAYLOAD_TYPE = 13
"""Static, for a clock of 8000 Hz (RFC 3551 section 6)."""
QUIETEST_DBOV = -127
DEFAULT_ORDER = 10
"""Resolves the spectrum of a room at 8 kHz; more is not heard."""
MAX_ORDER = 32
"""Coefficients used; a receiver may ignore any (section 4). The limit bounds the work for a long payload."""
FULL_SCALE = 32768
RESPONSE_SAMPLES = 256
"""Length of the filter's impulse response, 32 ms at 8 kHz: a longer response is a tone, not the noise of a room."""
GLIDE_SAMPLES = 160
"""The length of the transition between two levels, which avoids a click."""
_STEP = 258 / 32768  # between two quantised coefficients (section 3.2)
_CENTRE, _LARGEST = 127, 254


@dataclass(frozen=True, slots=True)
class ComfortNoise:
    """The content of one payload.

    >>> ComfortNoise(-40).build().hex()
    '28'
    >>> [round(k, 5) for k in ComfortNoise.parse(bytes([40, 127, 64, 190, 254])).reflection]
    [0.0, -0.49603, 0.49603, 0.99994]
    """

    level_dbov: int
    """0 to -127."""
    reflection: tuple[float, ...] = ()
    """Reflection coefficients between -1 and 1, by order; empty: white noise."""

    @classmethod
    def parse(cls, payload: Buffer) -> ComfortNoise:
        """Parse a payload; the unused bit is ignored. PayloadError: no octet, or the reserved coefficient 255."""
        octets = bytes(memoryview(payload))
        if not octets:
            raise PayloadError("CN payload has 0 octets, at least 1 is needed")
        if 255 in octets[1:]:
            raise PayloadError(f"CN payload: octet {octets.index(255, 1)} is 255, coefficients are 0 to 254")
        return cls(-(octets[0] & 0x7F), tuple([_STEP * (octet - _CENTRE) for octet in octets[1:]]))

    @classmethod
    def measure(cls, pcm: Buffer, order: int = DEFAULT_ORDER) -> ComfortNoise:
        """Measure level and spectrum of noise: int16 PCM of 20 ms or more, with `order` coefficients.

        Raises:
            ValueError: pcm is empty or has an odd number of octets, or order is below 0.

        >>> ComfortNoise.measure(np.tile(np.int16([328, -328]), 80).tobytes(), order=0)
        ComfortNoise(level_dbov=-40, reflection=())
        """
        if order < 0:
            raise ValueError(f"order is {order}, it cannot be below 0")
        octets = memoryview(pcm).cast("B")
        if not octets or len(octets) % 2:
            raise ValueError(f"pcm has {len(octets)} octets, 16-bit samples need an even number above 0")
        samples = np.frombuffer(octets, np.int16) / FULL_SCALE
        power = float(np.mean(samples**2))
        level = round(10 * np.log10(power)) if power > 0 else QUIETEST_DBOV
        return cls(max(level, QUIETEST_DBOV), _reflection_of(samples, order))

    def build(self) -> bytes:
        """Return the payload, with coefficients rounded to the quantised ones. ValueError: a field does not fit."""
        if not QUIETEST_DBOV <= self.level_dbov <= 0:
            raise ValueError(f"level_dbov is {self.level_dbov}, {QUIETEST_DBOV} to 0 are allowed")
        if not all(-1 <= k <= 1 for k in self.reflection):
            raise ValueError(f"reflection is {self.reflection}, -1 to 1 are allowed")
        steps = [min(max(round(k / _STEP) + _CENTRE, 0), _LARGEST) for k in self.reflection]
        return bytes([-self.level_dbov, *steps])


class NoiseGenerator:
    """Generates the noise that payloads describe, for the silence between talk spurts.

    The same seed results in the same noise. Level and spectrum may change at any time; the level changes gradually over
    160 samples. Use from one thread at a time.

    >>> generator = NoiseGenerator(seed=1)
    >>> generator.update(ComfortNoise(-40))
    >>> ComfortNoise.measure(generator.generate(8000), order=0).level_dbov
    -40
    """

    __slots__ = ("_excitation", "_from", "_gliding", "_random", "_response", "_target")

    def __init__(self, seed: int | None = None) -> None:
        self._random = np.random.default_rng(seed)
        self._excitation = self._random.standard_normal(RESPONSE_SAMPLES - 1)
        self._response = _response_of(())
        self._from = self._target = 0.0
        self._gliding = GLIDE_SAMPLES

    def update(self, noise: ComfortNoise) -> None:
        """Set level and spectrum of the following noise. ValueError: a coefficient is not between -1 and 1."""
        if not all(-1 < k < 1 for k in noise.reflection):
            raise ValueError(f"reflection is {noise.reflection}, between -1 and 1 is needed")
        self._response = _response_of(noise.reflection[:MAX_ORDER])
        self._from, self._gliding = float(self._gains(1)[0]), 0
        self._target = FULL_SCALE * 10 ** (noise.level_dbov / 20)

    def generate(self, samples: int) -> bytes:
        """Return the next samples as int16 PCM; silence before the first `update`. ValueError: samples is negative."""
        if samples < 0:
            raise ValueError(f"samples is {samples}, it cannot be below 0")
        if not samples:
            return b""
        excitation = np.concatenate([self._excitation, self._random.standard_normal(samples)])
        self._excitation = excitation[samples:]
        shaped = np.convolve(excitation, self._response, "valid") * self._gains(samples)
        self._gliding = min(self._gliding + samples, GLIDE_SAMPLES)
        return np.clip(np.rint(shaped), -32768, 32767).astype(np.int16).tobytes()

    def _gains(self, samples: int) -> NDArray[np.float64]:
        """Return the gains of the next samples."""
        part = np.minimum((self._gliding + np.arange(samples)) / GLIDE_SAMPLES, 1.0)
        return self._from + (self._target - self._from) * part


def _reflection_of(samples: NDArray[np.float64], order: int) -> tuple[float, ...]:
    """Compute them by the Levinson-Durbin recursion on the autocorrelation of the windowed samples."""
    windowed = samples * np.hanning(len(samples) + 2)[1:-1]
    wanted = min(order, len(samples) - 1)
    correlation = [float(windowed[lag:] @ windowed[: len(windowed) - lag]) for lag in range(wanted + 1)]
    error = correlation[0]
    predictor = np.array([1.0])
    found: list[float] = []
    for lag in range(1, wanted + 1):
        if error <= 0:
            break
        k = -float(predictor @ np.array(correlation[lag:0:-1])) / error
        k = min(max(k, -1.0), 1.0)  # rounding may pass 1 for a pure tone
        found.append(k)
        predictor = _stepped_up(predictor, k)
        error *= 1 - k * k
    return tuple(found) + (0.0,) * (order - len(found))


def _stepped_up(predictor: NDArray[np.float64], k: float) -> NDArray[np.float64]:
    """Return the next A(z) of the lattice."""
    longer = np.append(predictor, 0.0)
    return longer + k * longer[::-1]


def _response_of(reflection: Sequence[float]) -> NDArray[np.float64]:
    """Return the impulse response of 1 / A(z), at unit power."""
    predictor = np.array([1.0])
    for k in reflection:
        predictor = _stepped_up(predictor, k)
    response = np.zeros(RESPONSE_SAMPLES)
    response[0] = 1.0
    for at in range(1, RESPONSE_SAMPLES):
        past = response[max(0, at - len(predictor) + 1) : at][::-1]
        response[at] = -float(predictor[1 : len(past) + 1] @ past)
    return np.asarray(response / np.sqrt(response @ response))
